"""The equation of state of each potential from the relaxed volumes."""

from typing import Annotated, ClassVar

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.relaxation import Relaxation, read_relaxation, relaxed_atoms
from esgap.physics import eos
from esgap.physics.estimate import Estimate
from esgap.physics.symmetry import displacements
from esgap.studies import committee
from esgap.studies.committee import Committee
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.eos.deck import CELL, scaled
from esgap.studies.eos.study import Study
from esgap.units import EV_PER_A3_IN_GPA, GPA_IN_BAR

METHOD = (
    "Third-order Birch-Murnaghan curve through the energies of one minimum: from the volume nearest to the lowest energy outwards, as long as no "
    "ion lies elsewhere than at the neighbouring volume. Shape of the cell fixed, so the bulk modulus is an upper bound of that of a cell free to deform. "
    + committee.METHOD
    + " Each member has its own curve; what the points leave open is added."
)
JUMP = 0.25  # Angstrom between neighbouring volumes, at equal fractional coordinates
ROUGH = 1.0  # meV/atom of scatter about the curve


class Curve(Row):
    """The equation of state of one potential."""

    potential: Annotated[str, Column("potential")]
    energy: Annotated[Quantity | None, Column("E_0", "{:.4f}", "eV", "of the cell at its best volume")] = None
    volume: Annotated[Quantity | None, Column("V_0", "{:.2f}", "Angstrom^3", "of the cell")] = None
    bulk_modulus: Annotated[Quantity | None, Column("B", "{:.2f}", "GPa")] = None
    derivative: Annotated[Quantity | None, Column("dB/dP", "{:.1f}", "1")] = None
    scatter: Annotated[Quantity | None, Column("scatter", "{:.3f}", "meV/atom", "root mean square about the curve")] = None
    points: Annotated[int, Column("points", meaning="volumes that the curve was fitted to")]


class Point(Row):
    """One volume."""

    printed: ClassVar[bool] = False

    potential: Annotated[str, Column("potential")]
    ratio: Annotated[float, Column("V/V_start", "{:g}", "1")]
    volume: Annotated[Quantity, Column("V", "{:.2f}", "Angstrom^3")]
    energy: Annotated[Quantity, Column("energy", "{:.4f}", "eV")]
    difference: Annotated[Quantity, Column("E - E_low", "{:.4f}", "eV", "above the volume of the lowest energy")]
    pressure: Annotated[Quantity, Column("pressure", "{:.3f}", "GPa", "from the stress, not from the curve")]
    jump: Annotated[Quantity, Column("jump", "{:.2f}", "Angstrom", "the farthest ion against the neighbouring volume")]
    max_force: Annotated[Quantity, Column("force", "{:.4f}", "eV/Angstrom", "the largest on an atom")]


TABLES = {"equation_of_state": Curve, "volumes": Point}


def analyse(study: Study, runs: Runs) -> Result:
    """The curves of the potentials whose volumes are finished, and all finished points."""
    start = read(runs.folder / CELL)
    curves, points = [], []
    for label in dict.fromkeys(job.tags["potential"] for job in runs.jobs):
        jobs = sorted(runs.select(potential=label), key=lambda job: job.tags["ratio"])
        if jobs:
            rows, cells = potential_points(study, runs, jobs, start)
            members = Committee.of(runs.folder, label)
            deviations = members.deviations(cells)
            on_branch = [row.verdict == OK for row in rows]
            rows = with_intervals(rows, members, deviations, len(start))
            points += rows
            curves.append(curve(label, [row for row, same in zip(rows, on_branch) if same], len(start), deviations[on_branch]))
    return Result(kind=study.kind, title=study.title, method=METHOD, tables={"equation_of_state": curves, "volumes": points})


def potential_points(study: Study, runs: Runs, jobs: list[Job], start: Atoms) -> tuple[list[Point], list[Atoms]]:
    """The rows of one potential and its cells, by volume; those off the branch of the lowest energy say so."""
    found = [read_relaxation(runs.folder / job.name) for job in jobs]
    cells = [relaxed_atoms(runs.folder / job.name, scaled(start, job.tags["ratio"])) for job in jobs]
    steps = [np.linalg.norm(displacements(a, b), axis=1).max() for a, b in zip(cells, cells[1:])]
    lowest = int(np.argmin([relaxation.energy for relaxation in found]))
    low = found[lowest].energy
    rows = [point(study, job, relaxation, low, atoms, *_branch(steps, lowest, i)) for i, (job, relaxation, atoms) in enumerate(zip(jobs, found, cells))]
    return rows, cells


def with_intervals(rows: list[Point], members: Committee, deviations: np.ndarray, atoms: int) -> list[Point]:
    """The rows of one potential with the intervals that `deviations` (rows, members) of a committee give, and its verdicts."""
    of_lowest = deviations[int(np.argmin([row.energy.value for row in rows]))]
    out = []
    for row, own in zip(rows, deviations):
        energy, difference = (Estimate(quantity.value).with_committee(off) for quantity, off in ((row.energy, own), (row.difference, own - of_lowest)))
        verdict = "; ".join(filter(None, (row.verdict.removeprefix(OK), members.problem(own, atoms)))) or OK
        out.append(Point(**dict(row) | {"energy": energy, "difference": difference, "verdict": verdict}))
    return out


def _branch(steps: list[float], lowest: int, i: int) -> tuple[float, bool]:
    """Step from the neighbour nearer to the volume `lowest`, and whether every step from there is small."""
    between = steps[lowest:i] if i > lowest else steps[i:lowest][::-1]
    return (between[-1] if between else 0.0), all(step < JUMP for step in between)


def point(study: Study, job: Job, relaxation: Relaxation, lowest: float, atoms: Atoms, jump: float, same: bool) -> Point:
    """The row of one volume; `lowest`: the lowest energy of all."""
    verdicts = []
    if study.ions and relaxation.max_force > study.relax.force:
        verdicts.append(f"not converged: {relaxation.max_force:.3g} eV/Angstrom left")
    if not same:
        verdicts.append("another minimum than at the volume of the lowest energy")
    return Point(
        **job.tags,
        volume=atoms.get_volume(),
        energy=relaxation.energy,
        difference=relaxation.energy - lowest,
        pressure=relaxation.history.iloc[-1]["Press"] / GPA_IN_BAR,
        jump=jump,
        max_force=relaxation.max_force,
        verdict="; ".join(verdicts) or OK,
    )


def curve(label: str, points: list[Point], atoms: int, deviations: np.ndarray | None = None) -> Curve:
    """The equation of state through the points, or what is in the way. `deviations`: of a committee, eV, (points, members)."""
    volumes, energies = (np.array([getattr(point, name).value for point in points]) for name in ("volume", "energy"))
    try:
        found = eos.fit(volumes, energies)
        others = [eos.fit(volumes, energies + off) for off in ([] if deviations is None else deviations.T)]
    except EsgapError as error:
        return Curve(potential=label, points=len(points), verdict=str(error))
    scatter = 1e3 * float(np.sqrt(np.mean(found.residuals**2))) / atoms
    verdicts = []
    if not volumes.min() < found.volume.value < volumes.max():
        verdicts.append("extrapolated: the best volume lies outside `volumes`")
    if scatter > ROUGH:
        verdicts.append(f"energies scatter by {scatter:.2g} meV/atom about the curve")

    def parameter(name: str) -> Estimate:
        best = getattr(found, name)
        return best.with_committee(np.array([getattr(other, name).value - best.value for other in others]))

    return Curve(
        potential=label,
        energy=parameter("energy"),
        volume=parameter("volume"),
        bulk_modulus=parameter("bulk_modulus").times(EV_PER_A3_IN_GPA),
        derivative=parameter("derivative"),
        scatter=scatter,
        points=len(points),
        verdict="; ".join(verdicts) or OK,
    )
