"""Two jobs: the forces of the electrostatic model with unit charges on single elements and pairs of them; the fit with induced dipoles."""

import shutil
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.record import write_text
from esgap.studies.contract import Workspace
from esgap.studies.locality.cells import BASE, gather, label_jobs
from esgap.studies.locality.study import Study

DATA, SETTINGS, FORCES, DIPOLES = "cells.extxyz", "study.json", "pairs/forces.npz", "dipoles/fit.npz"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Check and copy the data, or yield the calculations that make them; then the evaluation. Raises EsgapError: see `read_cells`, `made`."""
    if study.displace:
        labels = label_jobs(study, work)
        yield from labels
        if not all(work.finished(job) for job in labels):
            return
        gather(labels, work.folder, work.stage / DATA)
        read_cells(study, work.stage / DATA)
    else:
        read_cells(study)
        shutil.copyfile(study.data, work.stage / DATA)
    write_text(work.stage / SETTINGS, study.model_dump_json(indent=1, exclude={"run", "data", "title", "displace", "cp2k", "ase"}) + "\n")
    yield Job(
        name="pairs",
        command=("python", "-m", "esgap.studies.locality.work", SETTINGS, DATA, FORCES),
        inputs={"settings": SETTINGS, "data": DATA},
        outputs=(FORCES,),
        tags={"what": "pairs"},
    )
    if study.polarisable:
        yield Job(
            name="dipoles",
            command=("python", "-m", "esgap.studies.locality.dipoles", SETTINGS, DATA, FORCES, DIPOLES),
            inputs={"settings": SETTINGS, "data": DATA, "forces": FORCES},
            outputs=(DIPOLES,),
            tags={"what": "dipoles"},
            tools=("numpy", "scipy"),
        )


def read_cells(study: Study, path=None) -> tuple[Atoms, list[Atoms]]:
    """The undisplaced cell and the others.

    Raises EsgapError: unreadable data, not one base, other atoms or another cell than those of the base, no forces.
    """
    path = path or study.data
    if not path.is_file():
        raise EsgapError(f"no file {path}: `data` is relative to the study file")
    try:
        cells = read(path, ":", format="extxyz")
    except Exception as error:  # ASE's reader has many errors
        raise EsgapError(f"{path} cannot be read as extended xyz ({type(error).__name__}: {error})") from error
    bases = [atoms for atoms in cells if atoms.info.get("config_type") == BASE]
    if len(bases) != 1:
        raise EsgapError(f"{path} has {len(bases)} cells with config_type = {BASE}, expected one: the undisplaced cell")
    for i, atoms in enumerate(cells):
        where = f"cell {i} of {path}"
        if study.forces not in atoms.arrays or not np.isfinite(atoms.arrays[study.forces]).all():
            raise EsgapError(f"{where} has no finite forces '{study.forces}': correct `forces` of the study or the data")
        if list(atoms.symbols) != list(bases[0].symbols) or not np.allclose(atoms.cell, bases[0].cell, atol=1e-6):
            raise EsgapError(f"{where} has other atoms or another cell than the base: displaced cells keep both")
    if lost := set(bases[0].symbols) ^ set(study.elements):
        raise EsgapError(f"{path} and `elements` of the study differ by {', '.join(sorted(lost))}: correct one of the two")
    return bases[0], [atoms for atoms in cells if atoms is not bases[0]]
