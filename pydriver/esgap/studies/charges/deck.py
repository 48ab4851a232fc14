"""No job: the charges are in the labels. Both they and the fitted ones are copied, so that the run folder tells what it compared."""

from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.record import write_json
from esgap.studies.charges.study import Study
from esgap.studies.common.charges import fitted_charges
from esgap.studies.contract import Workspace

CELLS, FITTED = "cells.extxyz", "fitted.json"
CHARGE = "reference_charge"  # array of the copy; ASE has its own ideas of "charge"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write cells.extxyz and fitted.json. Raises EsgapError: unreadable data, no charges in them, no fitted ones where they should be."""
    write(work.stage / CELLS, [_copy(atoms, study.charges) for atoms in read_cells(study)], format="extxyz")
    write_json(work.stage / FITTED, {name: fitted_charges(place) for name, place in study.fitted.items()})
    yield from ()


def read_cells(study: Study) -> list[Atoms]:
    """The configurations that have charges."""
    found: list[Atoms] = []
    for path in study.data:
        if not path.is_file():
            raise EsgapError(f"no file {path}: `data` is relative to the study file")
        try:
            found += read(path, ":", format="extxyz")
        except Exception as error:  # ASE's reader has many errors
            raise EsgapError(f"{path} cannot be read as extended xyz ({type(error).__name__}: {error})") from error
    known = [atoms for atoms in found if study.charges in atoms.arrays]
    if not known:
        raise EsgapError(f"none of {len(found)} configurations has charges '{study.charges}': correct `charges` of the study, or label with a method that gives them")
    for i, atoms in enumerate(known):
        if atoms.arrays[study.charges].shape != (len(atoms),) or not np.isfinite(atoms.arrays[study.charges]).all():
            raise EsgapError(f"'{study.charges}' of configuration {i} with charges is not one finite number an atom: correct the data")
    return known


def _copy(atoms: Atoms, key: str) -> Atoms:
    out = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    out.arrays[CHARGE] = atoms.arrays[key].astype(float)
    return out
