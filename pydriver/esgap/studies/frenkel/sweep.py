"""Sweeps of the field: which relaxed cells continue the state before them, and where a sweep ends.

Out: from no field outwards along one side of a direction, each point from its neighbour's relaxed cell. Back: from the outermost sound point to no
field, where a jump was met on the way out; without one the way back is the way out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ase import Atoms

from esgap.jobs.job import Job
from esgap.lammps.frame import from_lammps_vector
from esgap.lammps.relaxation import read_relaxation
from esgap.physics.branch import leaves
from esgap.physics.field import field_vector
from esgap.physics.frenkel import INTACT, CellState, left_sites, pair_of, pair_state
from esgap.studies.frenkel.study import Study, Supercell

ZERO = "zero"
PERFECT = "perfect"


@dataclass(frozen=True)
class Relaxed:
    """A finished job: its cell in the frame of the structure file, the field, and what is left of the forces."""

    job: Job
    state: CellState
    field: np.ndarray  # (3,) V/Angstrom
    max_force: float  # eV/Angstrom

    @property
    def key(self) -> tuple:
        """The name of the field; without field all directions are one."""
        return (self.job.tags["direction"], self.job.tags["field"]) if self.job.tags["field"] else ("-", 0.0)


def read_relaxed(folder, job: Job, cell: np.ndarray) -> Relaxed:
    """The cell that a finished job has left; `cell`: rows a, b, c of the structure."""
    relaxed = read_relaxation(folder / job.name)
    dipole, positions = (from_lammps_vector(vectors, cell) for vectors in (relaxed.dipole, relaxed.positions))
    state = CellState(relaxed.energy, dipole, positions, relaxed.squared_force)
    return Relaxed(job, state, field_vector(job.tags["direction"], job.tags["field"], cell), relaxed.max_force)


@dataclass(frozen=True)
class Judge:
    """Tells the states of one supercell."""

    cell: np.ndarray  # rows a, b, c
    mobile: np.ndarray  # indices of the mobile ions
    force: float  # eV/Angstrom, at the end of a relaxation

    def crystal(self, points: Sequence[Relaxed], zero: CellState) -> list[str]:
        """For each point of a sweep of the perfect cell what broke before it, empty where nothing did."""
        occupation = [left_sites(zero, point.state, self.mobile, self.cell) for point in points]
        return _breaks(points, [point.state for point in points], occupation)

    def pair(self, points: Sequence[Relaxed], perfect: Sequence[CellState], moved: int, site: np.ndarray, zero: CellState) -> list[str]:
        """The same for a pair; `perfect`: the perfect cell in the same fields, `zero`: the defect cell without field."""
        occupation = [self.occupation(point, crystal, moved, site, zero) for point, crystal in zip(points, perfect)]
        return _breaks(points, [pair_of(crystal, point.state) for point, crystal in zip(points, perfect)], occupation)

    def occupation(self, point: Relaxed, perfect: CellState, moved: int, site: np.ndarray, zero: CellState) -> str:
        """In words, see `pair_state`; the ion is expected where it is without field, and there on its `site`."""
        origin = zero.positions[moved] if point.job.tags["field"] else site
        return pair_state(perfect, point.state, origin, self.mobile, moved, self.cell)

    def runs_away(self, point: Relaxed, broken: str) -> bool:
        """True for a relaxation that left its state and found no other."""
        return bool(broken) and point.max_force > self.force


def _breaks(points: Sequence[Relaxed], states: Sequence[CellState], occupation: Sequence[str]) -> list[str]:
    found, start = [""], 0
    for k in range(1, len(points)):
        words = (occupation[k] or INTACT) if occupation[k] != occupation[k - 1] else leaves(states[start : k + 1], np.array([point.field for point in points[start : k + 1]]))
        found.append(words)
        start = k if words else start
    return found


def first(words: Iterable[str]) -> int | None:
    """The index of the first break."""
    return next((k for k, word in enumerate(words) if word), None)


def outward(values: Iterable[float], sign: int) -> list[float]:
    """The fields of one side, from the smallest outwards."""
    return sorted((value for value in values if value * sign > 0), key=abs)


class Repeated:
    """What decks and analyses alike know of the crystal in one supercell; a class of it has `study`, `crystal` and `size`."""

    study: Study
    crystal: Atoms
    size: Supercell

    @property
    def label(self) -> str:
        """For example 1x2x1."""
        return "x".join(map(str, self.size))

    @cached_property
    def atoms(self) -> Atoms:
        """The perfect cell as the structure file has it: what dipoles are counted from."""
        return self.crystal.repeat(self.size)

    @cached_property
    def judge(self) -> Judge:
        mobile = np.flatnonzero(np.array(self.atoms.symbols) == self.study.defect.element)
        return Judge(self.atoms.cell.array, mobile, self.study.relax.force)
