"""No job: the charges are in the labels. Both they and the fitted ones are copied, so that the run folder tells what it compared."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.potential import Potential
from esgap.record import write_json
from esgap.studies.contract import Workspace
from esgap.studies.charges.study import Study

CELLS, FITTED = "cells.extxyz", "fitted.json"
CHARGE = "reference_charge"  # array of the copy; ASE has its own ideas of "charge"
TABLE = "charges.csv"  # of a run folder of kind locality


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


def fitted_charges(place: str) -> dict[str, dict]:
    """Element -> value, low, high (e) of a locality result or a potential."""
    file = Path(place) / TABLE
    if file.is_file():
        table = pd.read_csv(file)
        if lost := {"element", "charge", "charge_low", "charge_high"} - set(table):
            raise EsgapError(f"{file} has no column {', '.join(sorted(lost))}: name the run folder of a study of kind locality, or a potential")
        return {row.element: {"value": row.charge, "low": _known(row.charge_low), "high": _known(row.charge_high)} for row in table.itertuples()}
    potential = Potential.load(place)
    if potential.electrostatics is None:
        raise EsgapError(f"the potential {place} has no charges: name one with electrostatics")
    return {symbol: {"value": charge, "low": None, "high": None} for symbol, charge in potential.electrostatics.charges.items()}


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _copy(atoms: Atoms, key: str) -> Atoms:
    out = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    out.arrays[CHARGE] = atoms.arrays[key].astype(float)
    return out
