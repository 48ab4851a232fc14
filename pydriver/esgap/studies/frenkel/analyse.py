"""Formation energies of a Frenkel pair from the relaxed cells."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.jobs.job import Job
from esgap.lammps.frame import from_lammps_vector
from esgap.lammps.relaxation import read_relaxation
from esgap.physics.frenkel import BRANCH, INTACT, CellState, energy_jump, field_vector, formation_energy, jump_limit, pair_state
from esgap.record import read_json
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.frenkel.deck import CELL, CELLS, PAIR
from esgap.studies.frenkel.study import Study

METHOD = (
    "E_f(E) = U[defect relaxed at E] - U[perfect relaxed at E] at fixed cell, U with -E.p, dipoles p against the unrelaxed "
    "perfect cell; frozen = E_f(0) - dp(0).E; state from the occupation of the mobile ions' places in the relaxed perfect cell, and from the energy: "
    f"between neighbouring fields it changes by -p.dE, and by more than {BRANCH} eV besides (and what the forces left may still give) only where "
    "a cell falls into another state"
)


class FormationEnergy(Row):
    """One pair of relaxed cells."""

    potential: Annotated[str, Column("potential")]
    direction: Annotated[str, Column("along", meaning="direction of the field in the frame of the structure file; - without field")]
    field: Annotated[float, Column("field", "{:+.2f}", "V/Angstrom")]
    formation_energy: Annotated[Quantity, Column("E_f", "{:.3f}", "eV", "energy of the pair, -E.p included")]
    frozen: Annotated[Quantity, Column("frozen", "{:.3f}", "eV", "with the dipole of the pair at zero field")]
    relaxation: Annotated[Quantity, Column("relaxed", "{:+.3f}", "eV", "what the response of the ions to the field adds")]
    dipole_x: Annotated[Quantity, Column("dp_x", "{:.3f}", "e Angstrom", "dipole of the pair", shown=False)]
    dipole_y: Annotated[Quantity, Column("dp_y", "{:.3f}", "e Angstrom", "dipole of the pair", shown=False)]
    dipole_z: Annotated[Quantity, Column("dp_z", "{:.3f}", "e Angstrom", "dipole of the pair", shown=False)]
    max_force: Annotated[Quantity, Column("force", "{:.4f}", "eV/Angstrom", "the largest on an atom")]
    state: Annotated[str, Column("state", meaning="of the pair, from the occupation of sites", shown=False)]


TABLES = {"formation_energy": FormationEnergy}


def analyse(study: Study, runs: Runs) -> Result:
    """The formation energies whose relaxations are finished."""
    atoms, pair = read(runs.folder / CELL), read_json(runs.folder / PAIR, "write the deck again")
    return Result(kind=study.kind, title=study.title, method=METHOD, tables={"formation_energy": list(rows(study, runs, atoms, pair))})


def rows(study: Study, runs: Runs, atoms: Atoms, pair: dict) -> Iterator[FormationEnergy]:
    """One row a defect cell whose perfect cell, and the two without field, are finished too."""
    mobile = np.flatnonzero(np.array(atoms.symbols) == study.defect.element)
    states = cache(lambda name: _state(runs, name, atoms))
    for job in runs.select(cell="defect"):
        jobs = [runs.find(**job.tags | changes) for changes in ({"cell": "perfect"}, {}, *({"cell": c, "direction": "-", "field": 0.0} for c in CELLS))]
        if None not in jobs:
            fell = next(filter(None, (left_branch(runs, one, states) for one in jobs[:2])), "")
            yield row(study, job, [states(one.name) for one in jobs], pair, mobile, atoms, fell)


def left_branch(runs: Runs, job: Job, states) -> str:
    """Where on the way from zero field a cell fell into another state; empty when it did not, or the way is not finished.

    `states`: job name -> state, force.
    """
    if not job.tags["field"]:
        return ""
    before = next(one for one in runs.jobs if f"{one.name}/relaxed.data" == job.inputs["start"])
    if before.name not in runs.done:
        return ""
    if earlier := left_branch(runs, before, states):
        return earlier
    here, there = (field_vector(one.tags["direction"], one.tags["field"]) for one in (before, job))
    cells = [states(one.name)[0] for one in (before, job)]
    jump = energy_jump(*cells, there - here)
    where = f"{job.tags['direction']} {job.tags['field']:+g} V/Angstrom"
    return f"{job.tags['cell']} cell in another state from {where}: {jump:+.3f} eV besides the work of the field" if abs(jump) > jump_limit(*cells) else ""


def row(study: Study, job: Job, cells: list[tuple[CellState, float]], pair: dict, mobile: np.ndarray, atoms: Atoms, fell: str) -> FormationEnergy:
    """`cells`: states and largest forces of perfect and defect at this field, then of both without field; `fell`: see left_branch."""
    perfect, defect, perfect_zero, defect_zero = (state for state, _ in cells)
    direction, field, moved = job.tags["direction"], job.tags["field"], pair["id"] - 1
    energy = formation_energy(perfect, defect, perfect_zero, defect_zero, field_vector(direction, field))
    origin = defect_zero.positions[moved] if field else np.array(pair["site"])
    state = pair_state(perfect, defect, perfect_zero, origin, mobile, moved, atoms.cell.array)
    if state == INTACT and fell:
        state = fell
    below = "below zero: the perfect cell is not the ground state; look for it with kind sites" if energy.total < 0 and not field else ""
    max_force = max(force for _, force in cells[:2])
    unconverged = f"not converged: {max_force:.3g} eV/Angstrom left" if max_force > study.relax.force else ""
    return FormationEnergy(
        potential=job.tags["potential"],
        direction=direction,
        field=field,
        formation_energy=energy.total,
        frozen=energy.frozen,
        relaxation=energy.relaxation,
        **dict(zip(("dipole_x", "dipole_y", "dipole_z"), energy.dipole)),
        max_force=max_force,
        state=state,
        verdict="; ".join(filter(None, (unconverged, state if state != INTACT else "", below))) or OK,
    )


def _state(runs: Runs, name: str, atoms: Atoms) -> tuple[CellState, float]:
    """From LAMMPS's frame to that of the structure file; and the largest force."""
    relaxed = read_relaxation(runs.folder / name)
    cell = atoms.cell.array
    dipole, positions = (from_lammps_vector(vectors, cell) for vectors in (relaxed.dipole, relaxed.positions))
    return CellState(relaxed.energy, dipole, positions, relaxed.squared_force), relaxed.max_force
