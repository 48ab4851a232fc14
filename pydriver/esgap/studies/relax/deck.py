"""Decks for relaxations: in.relax, one job a potential and field or pressure."""

from collections.abc import Iterator

import numpy as np
from ase.io import write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import Placed, copy_deck, lammps_job, place
from esgap.lammps.frame import to_lammps_vector
from esgap.potential import Potential
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.relax.study import ZERO, Study
from esgap.units import GPA_IN_BAR

DECK, DATA, CELL = "in.relax", "data.start", "start.extxyz"
OF_LAMMPS = {"none": "none", "volume": "iso", "all": "tri"}


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write in.relax, data.start and start.extxyz; yield the relaxations.

    Raises EsgapError: unreadable structure, overlapping atoms, an element that a potential lacks, a net charge, a field
    on a potential without charges.
    """
    atoms = read_structure(study.structure, study.supercell)
    placed = place([Potential.load(name) for name in (study.potential, *study.compare)], atoms, work.stage)
    if placed[0].potential.electrostatics is None and any(field != ZERO for field in study.fields):
        raise EsgapError(f"the potential {study.potential} has no charges and cannot feel a field: name it under `compare`, or leave `fields` out")
    write(work.stage / CELL, atoms, format="extxyz")
    write_data(work.stage / DATA, atoms, placed[0].elements, _charges(placed))
    copy_deck(DECK, work.stage)
    for one in placed:
        split = long_range(one, atoms, study.electrostatics, work)
        for field in study.fields if one.potential.electrostatics else (ZERO,):
            for pressure in study.cell.pressures:
                yield relaxation(study, one, field, pressure, atoms.cell.array, split)


def relaxation(study: Study, placed: Placed, field: tuple[float, float, float], pressure: float, cell: np.ndarray, split: dict[str, str]) -> Job:
    """One relaxation; its folder is for example relaxations/li7p3s11/es-gap/all+1.0GPa."""
    state = "ions" if study.cell.relax == "none" else f"{study.cell.relax}{pressure:+}GPa"
    if field != ZERO:
        state = "field_" + "_".join(map(str, field))
    name = f"relaxations/{placed.label}/{state}"
    variables = {"engine": study.engine, "data": DATA} | dict(zip(("ex", "ey", "ez"), map(float, to_lammps_vector(np.array(field), cell))))
    variables |= {"cell": OF_LAMMPS[study.cell.relax], "pressure": pressure * GPA_IN_BAR, "stress": study.cell.stress * GPA_IN_BAR}
    variables |= {"force": study.relax.force, "max_steps": study.relax.max_steps, "out": f"{name}/relaxed"} | split
    tags = {"potential": placed.label, "pressure": pressure} | dict(zip(("field_x", "field_y", "field_z"), field))
    return lammps_job(name, DECK, variables, {"start": DATA}, ("relaxed.dump", "relaxed.data"), tags, placed, study.run.ranks)


def _charges(placed: list[Placed]) -> dict[str, float] | None:
    es = placed[0].potential.electrostatics
    return es.charges if es else None
