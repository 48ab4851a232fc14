"""Decks for the formation energy of Frenkel pairs in an electric field.

Rounds: the candidates' energies, unless pairs are given; cells without field, the larger ones from the smallest; fields outwards, each point from its neighbour nearer
to zero, two of them before the first is judged; where a state was left, the way back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from ase import Atoms
from ase.io import write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import Placed, copy_deck, lammps_job, place
from esgap.lammps.frame import to_lammps_vector
from esgap.physics.field import field_vector
from esgap.physics.interstitial import check_cell
from esgap.physics.supercell import carry, periodic_part
from esgap.potential import Potential
from esgap.record import write_json, write_text
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.frenkel.pairs import PAIRS, Pair, candidates, given, lowest
from esgap.studies.frenkel.reference import reference_jobs
from esgap.studies.frenkel.study import Study, Supercell
from esgap.studies.frenkel.sweep import PERFECT, ZERO, Relaxed, Repeated, first, outward, read_relaxed

DECK, SCREEN = "in.defect", "in.screen"
CELL, CHOSEN = "cell.extxyz", "pairs.json"
SAME_AXIS = 1e-4  # sine of the angle between two directions
AHEAD = 2  # points of a sweep that are relaxed before the first of them is judged


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write the decks, the cells and, unless pairs are given by their places, pairs.csv; yield all jobs that are known by now.

    Raises EsgapError: unreadable structure, overlapping atoms, an element that a potential lacks, a net charge, a cell too
    small, no such pair, directions that are one axis.
    """
    crystal = read_structure(study.structure)
    smallest = crystal.repeat(study.cells[0])
    potentials = [Potential.load(name) for name in (study.potential, *study.compare)]
    placed = place(potentials, smallest, work.stage)
    if placed[0].potential.electrostatics is None:
        raise EsgapError(f"the potential {study.potential} has no charges and cannot feel a field: name it under `compare`")
    check_directions(study, crystal)
    found = pd.DataFrame() if study.defect.places else search(study, crystal, smallest, work)
    write(work.stage / CELL, crystal, format="extxyz")
    for name in (DECK, SCREEN):
        copy_deck(name, work.stage)
    sizes = [[Supercells(study, work, one, crystal, size, placed[0].potential.electrostatics.charges) for size in study.cells] for one in placed]
    for each in sizes[0]:
        each.write(each.perfect, each.atoms)
    pairs = given(study, crystal, found)
    if pairs is None:
        screening = screen(study, work, sizes[0][0], found)
        yield screening
        pairs = lowest(found, screened(work.folder / screening.outputs[0], found), study.defect.pairs) if work.finished(screening) else []
    for pair in pairs:
        sizes[0][0].write(sizes[0][0].file(pair.name), pair.place(smallest))
    write_json(work.stage / CHOSEN, chosen(study, pairs, placed))
    for row in sizes:
        for each in row:
            yield from each.jobs(pairs, row[0], in_fields=row is sizes[0])


def check_directions(study: Study, crystal: Atoms) -> None:
    """Raise EsgapError when two directions are one axis, whatever their lengths and signs: their fields would count twice."""
    vectors = {label: field_vector(label, 1.0, crystal.cell.array) for label in study.field.labels}
    for one, other in combinations(vectors, 2):
        if np.linalg.norm(np.cross(vectors[one], vectors[other])) < SAME_AXIS:
            raise EsgapError(f"field.directions has {one} and {other}, which are one axis in {study.structure}: fields along it go both ways, give it once")


def search(study: Study, crystal: Atoms, smallest: Atoms, work: Workspace) -> pd.DataFrame:
    """Write sites.csv and pairs.csv; the candidates. Raises EsgapError: a cell too small, no such pair."""
    check_cell(smallest, study.defect.separation)
    sites, found = candidates(study, crystal, smallest)
    sites.to_csv(work.stage / "sites.csv", float_format="%.4f")
    found.round(6).to_csv(work.stage / PAIRS)
    return found


def chosen(study: Study, pairs: list[Pair], placed: list[Placed]) -> dict:
    """What the analysis needs beside the relaxed cells: the pairs, and the charge of the ion and the scale of the field for each potential with charges."""
    charged = {one.label: one.potential.electrostatics for one in placed if one.potential.electrostatics}
    return {
        "pairs": [{"name": pair.name, "atom": pair.atom, "displacement": pair.displacement.tolist()} for pair in pairs],
        "eps_inf": study.field.eps_inf,
        "charges": {label: {"charge": es.charges[study.defect.element], "field_scale": es.field_scale} for label, es in charged.items()},
    }


def screen(study: Study, work: Workspace, cell: "Supercells", found: pd.DataFrame) -> Job:
    """The energies of the perfect cell and of all candidates, nothing relaxed; the ions go to their sites one after the other."""
    moves = to_lammps_vector(found[["dx", "dy", "dz"]].to_numpy(), cell.atoms.cell.array)
    lines = ["[1,0,0,0]", *(f"[{atom + 1},{x:.8f},{y:.8f},{z:.8f}]" for atom, (x, y, z) in zip(found.atom, moves))]
    write_text(work.stage / "displacements.txt", "\n".join(lines) + "\n")
    name = f"screen/{cell.placed.label}"
    variables = {"engine": study.engine, "data": cell.perfect, "list": "displacements.txt", "out": f"{name}/screened"} | cell.split
    inputs = {"cell": cell.perfect, "displacements": "displacements.txt"}
    return lammps_job(name, SCREEN, variables, inputs, ("screened.csv",), {"what": "screen", "potential": cell.placed.label}, cell.placed, study.run.ranks)


def screened(file, found: pd.DataFrame) -> pd.Series:
    """Unrelaxed formation energies (eV) of the candidates, by name. Raises EsgapError when the file does not fit them."""
    energies = pd.read_csv(file)["energy"].to_numpy(float)
    if len(energies) != len(found) + 1 or not np.isfinite(energies[0]):
        raise EsgapError(f"{file} holds {len(energies)} energies, expected {len(found) + 1}: delete {file.parent} to compute it again")
    return pd.Series(energies[1:] - energies[0], index=found.index)


@dataclass(frozen=True)
class Supercells(Repeated):
    """The jobs of one potential in one supercell."""

    study: Study
    work: Workspace
    placed: Placed
    crystal: Atoms
    size: Supercell
    charges: dict[str, float]  # e, of the potential that feels the field: dipoles are counted with them, also where a potential has none

    @cached_property
    def split(self) -> dict[str, str]:
        """The variables that set the long-range sum."""
        return long_range(self.placed, self.atoms, self.study.electrostatics, self.work, "" if len(self.study.cells) == 1 else self.label)

    def file(self, which: str) -> str:
        """A cell that is made of the structure file, for all potentials."""
        return f"cells/{self.label}/data.{which}"

    @property
    def perfect(self) -> str:
        return self.file(PERFECT)

    def write(self, file: str, atoms: Atoms) -> str:
        (self.work.stage / file).parent.mkdir(parents=True, exist_ok=True)
        write_data(self.work.stage / file, atoms, self.placed.elements, self.charges)
        return file

    def jobs(self, pairs: list[Pair], smallest: "Supercells", in_fields: bool) -> Iterator[Job]:
        """All jobs that are known by now."""
        start = self.start_perfect(smallest)
        if start is None:
            return
        perfect = self.job(PERFECT, start)
        yield perfect
        zeros = {}
        for pair in pairs:
            start = self.start_pair(pair, smallest, perfect)
            if start is not None:
                zeros[pair.name] = self.job(pair.name, start)
                yield zeros[pair.name]
        if smallest is self and (self.study.cp2k or self.study.ase):
            yield from reference_jobs(self, {PERFECT: perfect, **zeros})
        for direction in self.study.field.labels if in_fields else ():
            for sign in (1, -1):
                yield from self.sweeps(perfect, [(pair, zeros[pair.name]) for pair in pairs if pair.name in zeros], direction, sign)

    def start_perfect(self, smallest: "Supercells") -> str | None:
        """Where the perfect cell starts: in the smallest supercell as the structure file has it, in others as the smallest relaxed; None when that is not finished."""
        if smallest is self:
            return self.perfect
        relaxed = smallest.displacements(PERFECT, smallest.atoms)
        if relaxed is None:
            return None
        atoms = self.atoms.copy()
        atoms.positions += np.tile(periodic_part(relaxed, len(self.crystal)), (int(np.prod(self.size)), 1))
        return self.write(f"cells/{self.label}/{self.placed.label}/data.{PERFECT}", _rounded(atoms))

    def start_pair(self, pair: Pair, smallest: "Supercells", perfect: Job) -> str | None:
        """The same for a pair: displaced in the relaxed perfect cell as in the smallest supercell."""
        if smallest is self:
            return self.file(pair.name)
        relaxed = [smallest.displacements(name, smallest.atoms) for name in (PERFECT, pair.name)]
        if any(one is None for one in relaxed) or not self.work.finished(perfect):
            return None
        atoms = self.atoms.copy()
        centre = self.crystal.positions[pair.atom] + pair.displacement / 2
        atoms.positions += self.displacements(PERFECT, self.atoms) + carry(relaxed[1] - relaxed[0], self.crystal, smallest.size, self.size, centre)
        return self.write(f"cells/{self.label}/{self.placed.label}/data.{pair.name}", _rounded(atoms))

    def displacements(self, which: str, reference: Atoms) -> np.ndarray | None:
        """(N, 3) Angstrom, of a cell relaxed without field from the structure file's; None when it is not finished."""
        job = self.job(which, "")
        return self.read(job).state.positions - reference.positions if self.work.finished(job) else None

    def sweeps(self, perfect: Job, pairs: list[tuple[Pair, Job]], direction: str, sign: int) -> Iterator[Job]:
        """Both ways along one side of a direction, of the perfect cell and of the pairs as far as the perfect cell holds."""
        values = outward(self.study.field.values, sign)
        way = self.outward(PERFECT, perfect, direction, values)
        crystal = self.finished(way)
        words = self.judge.crystal(crystal, crystal[0].state) if crystal else []
        end = first(words)
        yield from way[1 : end + 1 if end else len(crystal) + AHEAD]
        if end and not self.judge.runs_away(crystal[end], words[end]):
            yield from self.back(PERFECT, way[: end + 1])
        for pair, zero in pairs:
            way = self.outward(pair.name, zero, direction, values)
            points = self.finished(way)[: end or len(crystal)]
            words = self.judge.pair(points, [point.state for point in crystal], pair.atom, self.site(pair), points[0].state) if points else []
            away = next((k for k, point in enumerate(points) if self.judge.runs_away(point, words[k])), None)
            limit = min(away + 1 if away else len(way), end or len(way))
            yield from way[1 : min(limit, len(points) + AHEAD)]
            if len(points) == limit and first(words[: away or limit]):
                yield from self.back(pair.name, way[: away or limit])

    def site(self, pair: Pair) -> np.ndarray:
        return self.atoms.positions[pair.atom] + pair.displacement

    def outward(self, which: str, zero: Job, direction: str, values: list[float]) -> list[Job]:
        """The way out, the cell without field first."""
        way = [zero]
        for value in values:
            way.append(self.job(which, f"{way[-1].name}/relaxed.data", direction, value))
        return way

    def back(self, which: str, way: list[Job]) -> Iterator[Job]:
        """The way back from the last of `way` to no field."""
        start, side = way[-1], 1 if way[-1].tags["field"] > 0 else -1
        for job in way[-2::-1]:
            start = self.job(which, f"{start.name}/relaxed.data", way[-1].tags["direction"], job.tags["field"], side)
            yield start

    def finished(self, way: list[Job]) -> list[Relaxed]:
        """The finished ones, up to the first that is not."""
        count = first("" if self.work.finished(job) else "not finished" for job in way)
        return [self.read(job) for job in way[:count]]

    def read(self, job: Job) -> Relaxed:
        return read_relaxed(self.work.folder, job, self.atoms.cell.array)

    def job(self, which: str, data: str, direction: str = "-", value: float = 0.0, back: int = 0) -> Job:
        """One relaxation; its folder is for example points/li7p3s11/es-gap/1x2x1/perfect/x+0.1.

        `back`: 1 or -1 on the way back on the positive or negative side of a direction.
        """
        field = f"{direction}{'+-'[(back or value) < 0]}{abs(value)!r}{'.back' if back else ''}" if back or value else ZERO
        name = f"points/{self.placed.label}/{self.label}/{which}/{field}"
        vector = to_lammps_vector(field_vector(direction, value, self.atoms.cell.array), self.atoms.cell.array)
        variables = {"engine": self.study.engine, "perfect": self.perfect, "data": data} | dict(zip(("ex", "ey", "ez"), map(float, vector)))
        variables |= {"force": self.study.relax.force, "max_steps": self.study.relax.max_steps, "out": f"{name}/relaxed"} | self.split
        tags = {"what": "point", "potential": self.placed.label, "supercell": self.label, "cell": which, "direction": direction, "field": value, "back": back}
        return lammps_job(
            name, DECK, variables, {"reference": self.perfect, "start": data}, ("relaxed.dump", "relaxed.data"), tags, self.placed, self.study.run.ranks
        )


def _rounded(atoms: Atoms) -> Atoms:
    """The same bytes on another machine."""
    atoms.positions = atoms.positions.round(8)
    return atoms
