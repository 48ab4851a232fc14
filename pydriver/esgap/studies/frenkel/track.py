"""The relaxed cells of a run as states: which branch each point of the sweeps is on, and where sweeps ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from ase import Atoms

from esgap.physics.branch import branches
from esgap.physics.estimate import Estimate
from esgap.physics.frenkel import INTACT, CellState, left_sites, pair_of
from esgap.physics.polarisability import response
from esgap.physics.threshold import PairResponse
from esgap.record import read_json
from esgap.studies.committee import Committee
from esgap.studies.contract import Runs
from esgap.studies.frenkel.deck import CHOSEN
from esgap.studies.frenkel.pairs import Pair
from esgap.studies.frenkel.study import Study, Supercell
from esgap.studies.frenkel.sweep import PERFECT, Relaxed, Repeated, first, outward, read_relaxed

SAME_SITES = "same sites"  # another minimum with the same places filled
LOWER = 0.005  # eV: a state this much below the one that was made is told
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Limit:
    """Where a sweep left its branch: the last field on it, the first one off it (V/Angstrom), and how it was told."""

    direction: str
    held: float
    lost: float
    words: str
    away: bool  # no other state was found there


@dataclass(frozen=True)
class Track:
    """All sound points of one cell, the one without field first."""

    points: list[Relaxed]
    occupation: list[str]
    continued: list[tuple[int, int]] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    @cached_property
    def branch(self) -> np.ndarray:
        """Of each point; 0 is that of the cell without field as it was made."""
        return branches([point.state for point in self.points], [point.key for point in self.points], self.continued)

    def held(self, direction: str, sign: int) -> float:
        """The largest field (V/Angstrom) along one side of a direction in which the first branch is known; 0 where there is none."""
        fields = [abs(point.job.tags["field"]) for point in self.on_branch().values() if point.job.tags["direction"] == direction and point.job.tags["field"] * sign > 0]
        return max(fields, default=0.0)

    def name(self, number: int) -> str:
        """Of a branch: "" for the first, A, B ... for the others as they were met."""
        return "" if number == 0 else LETTERS[(number - 1) % len(LETTERS)] + str((number - 1) // len(LETTERS) or "")

    def words(self, k: int, prepared: str) -> str:
        """The state of a point: that of the first branch, `prepared`, or for example "A: ion 1 left its site", as it was when it was met."""
        number = self.branch[k]
        if number == 0:
            return prepared
        met = self.occupation[int(np.argmax(self.branch == number))]
        return f"{self.name(number)}: {SAME_SITES if met in ('', INTACT) else met}"

    def on_branch(self) -> dict[tuple, Relaxed]:
        """The points of the first branch by their field, those of the way out where there are two."""
        found = {}
        for point, number in zip(self.points, self.branch):
            if number == 0:
                found.setdefault(point.key, point)
        return found


@dataclass(frozen=True)
class Size(Repeated):
    """What is finished of one potential in one supercell."""

    study: Study
    runs: Runs
    crystal: Atoms
    potential: str
    size: Supercell

    def point(self, which: str, direction: str = "-", value: float = 0.0, back: int = 0) -> Relaxed | None:
        """None when it is not finished."""
        job = self.runs.find(what="point", potential=self.potential, supercell=self.label, cell=which, direction=direction, field=value, back=back)
        return read_relaxed(self.runs.folder, job, self.atoms.cell.array) if job else None

    def sides(self, which: str) -> Iterator[tuple[str, list[Relaxed], list[Relaxed]]]:
        """Direction, finished points outwards and back, for each side of each direction; the cell without field is not among them."""
        for direction in self.study.field.labels:
            for sign in (1, -1):
                values = outward(self.study.field.values, sign)
                out = [self.point(which, direction, value) for value in values]
                back = [self.point(which, direction, value, sign) for value in [*values[::-1], 0.0]]
                yield direction, [point for point in out if point], [point for point in back if point]

    @cached_property
    def perfect(self) -> Track | None:
        """The perfect cell; None when it is not finished without field."""
        zero = self.point(PERFECT)
        if zero is None:
            return None

        def lost(point):
            return left_sites(zero.state, point.state, self.judge.mobile, self.judge.cell)

        track = Track([zero], [""])
        for direction, out, back in self.sides(PERFECT):
            self._add(track, direction, [zero, *out], back, lambda points: self.judge.crystal(points, zero.state), lost, stop=True)
        return track

    @cached_property
    def crystal_states(self) -> dict[tuple, CellState]:
        """The perfect cell on its branch, by field."""
        return {key: point.state for key, point in self.perfect.on_branch().items()} if self.perfect else {}

    def pair(self, pair: Pair) -> Track | None:
        """A pair, in the fields in which the perfect cell holds; None when it is not finished without field."""
        zero, crystal = self.point(pair.name), self.crystal_states
        if zero is None or not crystal:
            return None
        site = self.atoms.positions[pair.atom] + pair.displacement

        def words(points):
            return self.judge.pair(points, [crystal[point.key] for point in points], pair.atom, site, zero.state)

        def occupation(point):
            return self.judge.occupation(point, crystal[point.key], pair.atom, site, zero.state)

        track = Track([zero], [occupation(zero)])
        for direction, out, back in self.sides(pair.name):
            held = [[point for point in way if point.key in crystal] for way in (out, back)]
            self._add(track, direction, [zero, *held[0]], held[1], words, occupation, stop=False)
        return track

    def _add(self, track: Track, direction: str, out: list[Relaxed], back: list[Relaxed], judge, occupation, stop: bool) -> None:
        """Add the points of one side to a track; `stop`: at the first break, whatever comes after."""
        words = judge(out)
        broken = first(words)
        end = len(out)
        if broken:
            away = next((k for k, point in enumerate(out) if self.judge.runs_away(point, words[k])), None)
            end = away or (broken + 1 if stop else end)
            track.limits.append(Limit(direction, out[broken - 1].job.tags["field"], out[broken].job.tags["field"], words[broken], away == broken))
        last = 0
        for k in range(1, end):
            last = self._append(track, out[k], last, words[k], occupation)
        words = judge([out[end - 1], *back])
        for point, word in zip(back, words[1:]):
            if self.judge.runs_away(point, word):
                break
            last = self._append(track, point, last, word, occupation)

    @staticmethod
    def _append(track: Track, point: Relaxed, last: int, word: str, occupation) -> int:
        track.points.append(point)
        track.occupation.append(occupation(point))
        here = len(track.points) - 1
        if not word:
            track.continued.append((last, here))
        return here

    @cached_property
    def pairs(self) -> list[tuple[Pair, Track]]:
        """The chosen pairs that are finished without field."""
        chosen = [Pair(one["name"], one["atom"], np.array(one["displacement"])) for one in self.chosen["pairs"]]
        return [(pair, track) for pair in chosen if (track := self.pair(pair))]

    @cached_property
    def chosen(self) -> dict:
        return read_json(self.runs.folder / CHOSEN, "write the deck again")

    @property
    def charge(self) -> dict[str, float] | None:
        """Charge of the mobile ions (e) and scale of the field; None for a potential without charges."""
        return self.chosen["charges"].get(self.potential)

    def pair_state(self, point: Relaxed) -> CellState:
        """A point of a pair less the perfect cell in the same field."""
        return pair_of(self.crystal_states[point.key], point.state)

    def response(self, track: Track) -> PairResponse:
        """The response of a pair to second order, from the points of its branch."""
        branch = list(track.on_branch().values())
        alone = [self.pair_state(point) for point in branch]
        return response(np.array([point.field for point in branch]), [one.energy for one in alone], [one.dipole for one in alone])

    @cached_property
    def committee(self) -> Committee:
        return Committee.of(self.runs.folder, self.potential)

    @cached_property
    def _deviations(self) -> dict[str, np.ndarray]:
        return {}

    def deviations(self, point: Relaxed) -> np.ndarray:
        """Energies of a relaxed cell by the members of the committee less that of the potential (members,), eV."""
        if point.job.name not in self._deviations:
            self._deviations[point.job.name] = self.committee.deviations([Atoms(self.atoms, positions=point.state.positions)])[0]
        return self._deviations[point.job.name]

    def energy(self, point: Relaxed) -> Estimate:
        """The energy of a point of a pair above the perfect cell in the same field, eV, with the committee's interval."""
        return Estimate(self.pair_state(point).energy).with_committee(self.deviations(point) - self.deviations(self.perfect.on_branch()[point.key]))

    def outside(self, *points: Relaxed) -> list[str]:
        """What the committee says of these cells, the first that is outside the data."""
        found = (self.committee.problem(self.deviations(point), len(self.atoms), self.deviations(self.perfect.on_branch()[point.key])) for point in points)
        return [words for words in found if words][:1]

    def max_force(self, point: Relaxed) -> float:
        """The largest force (eV/Angstrom) that is left in a point of a pair and in the perfect cell in the same field."""
        return max(point.max_force, self.perfect.on_branch()[point.key].max_force)

    def problems(self, track: Track, k: int) -> list[str]:
        """What is wrong with a point of a pair, in words; empty where nothing is."""
        point, state = track.points[k], track.words(k, track.occupation[0])
        force = self.max_force(point)
        found = [f"not converged: {force:.3g} eV/Angstrom left"] if force > self.study.relax.force else []
        found += [state] if state != INTACT else []
        found += self.outside(point, self.perfect.on_branch()[point.key])
        if k == 0:
            found += ["below zero: the perfect cell is not the ground state; look for it with kind sites"] if self.pair_state(point).energy < 0 else []
            found += self.lower(track)
        return found

    def lower(self, track: Track) -> list[str]:
        """A lower state of a cell than that which was made, both without field; a pair that recombined is none."""
        zeros = [k for k, point in enumerate(track.points) if point.key == track.points[0].key and (k == 0 or track.occupation[k] != "recombined")]
        lowest = min(zeros, key=lambda k: track.points[k].state.energy)
        below = track.points[0].state.energy - track.points[lowest].state.energy
        return [f"state {track.words(lowest, INTACT)} lies {below:.3f} eV lower"] if below > LOWER and track.branch[lowest] else []

    def tracks(self) -> list[tuple[str, Track]]:
        """The perfect cell and the pairs, by name."""
        return [(PERFECT, self.perfect), *((pair.name, track) for pair, track in self.pairs)] if self.perfect else []
