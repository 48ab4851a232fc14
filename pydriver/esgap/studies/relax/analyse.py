"""Relaxed cells: energy, shape, what the ions did."""

from typing import Annotated

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.jobs.job import Job
from esgap.lammps.frame import from_lammps_vector
from esgap.lammps.relaxation import Relaxation, read_relaxation, relaxed_atoms
from esgap.physics.estimate import Estimate
from esgap.physics.symmetry import displacements, space_group
from esgap.studies import committee
from esgap.studies.committee import Committee
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.relax.deck import CELL
from esgap.studies.relax.study import Study
from esgap.units import EV_PER_A3_IN_GPA, GPA_IN_BAR

METHOD = (
    "Conjugate gradients until the largest force on an atom is below the limit; energies include -E.p, dipoles p against the start; displacements "
    "at equal fractional coordinates, less their mean; space group within 0.1 Angstrom. " + committee.METHOD
)
LOOSE = 0.1  # Angstrom, for the space group of a relaxed cell


class Relaxed(Row):
    """One relaxed cell."""

    potential: Annotated[str, Column("potential")]
    pressure: Annotated[float, Column("P", "{:g}", "GPa", "asked for; without meaning at fixed cell")]
    field_x: Annotated[float, Column("E_x", "{:g}", "V/Angstrom", "field in the frame of the structure file", shown=False)]
    field_y: Annotated[float, Column("E_y", "{:g}", "V/Angstrom", shown=False)]
    field_z: Annotated[float, Column("E_z", "{:g}", "V/Angstrom", shown=False)]
    field: Annotated[str, Column("field", unit="V/Angstrom", meaning="in the frame of the structure file")]
    energy: Annotated[Quantity, Column("energy", "{:.4f}", "eV", "of the cell, -E.p included")]
    gain: Annotated[Quantity, Column("gain", "{:.4f}", "eV", "of energy against the start", shown=False)]
    enthalpy: Annotated[Quantity, Column("E + PV", "{:.4f}", "eV", "with the pressure asked for")]
    volume: Annotated[Quantity, Column("volume", "{:.2f}", "Angstrom^3")]
    a: Annotated[Quantity, Column("a", "{:.4f}", "Angstrom", shown=False)]
    b: Annotated[Quantity, Column("b", "{:.4f}", "Angstrom", shown=False)]
    c: Annotated[Quantity, Column("c", "{:.4f}", "Angstrom", shown=False)]
    alpha: Annotated[Quantity, Column("alpha", "{:.3f}", "degree", shown=False)]
    beta: Annotated[Quantity, Column("beta", "{:.3f}", "degree", shown=False)]
    gamma: Annotated[Quantity, Column("gamma", "{:.3f}", "degree", shown=False)]
    stress: Annotated[Quantity, Column("pressure", "{:.3f}", "GPa", "of the relaxed cell")]
    dipole_x: Annotated[Quantity, Column("p_x", "{:.4f}", "e Angstrom", "against the start", shown=False)]
    dipole_y: Annotated[Quantity, Column("p_y", "{:.4f}", "e Angstrom", shown=False)]
    dipole_z: Annotated[Quantity, Column("p_z", "{:.4f}", "e Angstrom", shown=False)]
    moved: Annotated[Quantity, Column("moved", "{:.2f}", "Angstrom", "the ion that went farthest")]
    max_force: Annotated[Quantity, Column("force", "{:.4f}", "eV/Angstrom", "the largest on an atom", shown=False)]
    space_group: Annotated[str, Column("space group", shown=False)]


TABLES = {"relaxed": Relaxed}


def analyse(study: Study, runs: Runs) -> Result:
    """The finished relaxations."""
    start = read(runs.folder / CELL)
    rows = []
    for label in dict.fromkeys(job.tags["potential"] for job in runs.select()):
        members = Committee.of(runs.folder, label)
        for job in runs.select(potential=label):
            folder = runs.folder / job.name
            rows.append(row(study, job, read_relaxation(folder), relaxed_atoms(folder, start), start, members))
    return Result(kind=study.kind, title=study.title, method=METHOD, tables={"relaxed": rows})


def row(study: Study, job: Job, relaxation: Relaxation, relaxed: Atoms, start: Atoms, members: Committee = Committee()) -> Relaxed:
    """The row of one relaxation."""
    before, after = members.deviations([start, relaxed])
    work = job.tags["pressure"] / EV_PER_A3_IN_GPA * relaxed.get_volume()
    last = relaxation.history.iloc[-1]
    field = [job.tags[f"field_{axis}"] for axis in "xyz"]
    return Relaxed(
        **job.tags,
        field=" ".join(f"{value:g}" for value in field) if any(field) else "-",
        energy=Estimate(relaxation.energy).with_committee(after),
        gain=Estimate(relaxation.first_energy - relaxation.energy).with_committee(before - after),
        enthalpy=Estimate(relaxation.energy + work).with_committee(after),
        volume=relaxed.get_volume(),
        **dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), relaxed.cell.cellpar())),
        stress=last["Press"] / GPA_IN_BAR,
        **dict(zip(("dipole_x", "dipole_y", "dipole_z"), from_lammps_vector(relaxation.dipole, start.cell.array))),
        moved=np.linalg.norm(displacements(start, relaxed), axis=1).max(),
        max_force=relaxation.max_force,
        space_group=space_group(relaxed, LOOSE),
        verdict="; ".join(filter(None, (*problems(study, job, relaxation), members.problem(after, len(start))))) or OK,
    )


def problems(study: Study, job: Job, relaxation: Relaxation):
    """Yield what a relaxation did not reach."""
    if relaxation.max_force > study.relax.force:
        yield f"not converged: {relaxation.max_force:.3g} eV/Angstrom left"
    far = _deviation(study.cell.relax, relaxation.history.iloc[-1], job.tags["pressure"] * GPA_IN_BAR) / GPA_IN_BAR
    if far > study.cell.stress:
        yield f"not converged: {far:.3g} GPa from the pressure"


def _deviation(parts: str, last, pressure: float) -> float:
    """As the deck counts it, bar."""
    if parts == "none":
        return 0.0
    if parts == "volume":
        return abs(last["Press"] - pressure)
    off = last[["Pxx", "Pyy", "Pzz"]].to_numpy(float) - pressure
    return float(np.sqrt((off @ off + np.square(last[["Pxy", "Pxz", "Pyz"]].to_numpy(float)).sum()) / 6))
