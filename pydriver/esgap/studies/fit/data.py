"""Labelled configurations: read and checked before anything is fitted."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.errors import EsgapError
from esgap.lammps.static import Labels
from esgap.studies.fit.study import Study


def read_labels(study: Study) -> tuple[list[Atoms], list[Labels]]:
    """The configurations of the study's data and their reference labels.

    Raises EsgapError, naming the configuration: unreadable data, a label that is missing, not finite or of a wrong shape, an
    element that the study lacks, fewer configurations than `holdout_every`.
    """
    if not study.data.is_file():
        raise EsgapError(f"no training data {study.data}: `data` is relative to the study file")
    try:
        configurations = read(study.data, ":", format="extxyz")
    except Exception as error:  # ASE's reader has many errors
        raise EsgapError(f"{study.data} cannot be read as extended xyz ({type(error).__name__}: {error})") from error
    if len(configurations) < study.holdout_every:
        raise EsgapError(
            f"{study.data} has {len(configurations)} configurations, fewer than holdout_every = {study.holdout_every}: none would be left to test; give more data or lower it"
        )
    return configurations, [_label(i, atoms, study) for i, atoms in enumerate(configurations)]


def held_out(study: Study, count: int) -> np.ndarray:
    """Mask, shape (count,): which configurations are not fitted but tested."""
    return np.arange(count) % study.holdout_every == study.holdout_every - 1


def _label(i: int, atoms: Atoms, study: Study) -> Labels:
    keys, where = study.keys, f"configuration {i} of {study.data}"
    for key, there in ((keys.energy, atoms.info), (keys.virial, atoms.info), (keys.forces, atoms.arrays)):
        if key not in there:
            raise EsgapError(f"{where} has no '{key}': correct [keys] of the study or the data")
    if unknown := set(atoms.symbols) - set(study.elements):
        raise EsgapError(f"{where} contains {', '.join(sorted(unknown))}, which `elements` of the study lacks: add it")
    label = Labels(
        float(_numbers(atoms.info[keys.energy], (1,), keys.energy, where)[0]),
        _numbers(atoms.arrays[keys.forces], (len(atoms), 3), keys.forces, where),
        _numbers(atoms.info[keys.virial], (3, 3), keys.virial, where),
    )
    return label


def _numbers(value, shape: tuple[int, ...], key: str, where: str) -> np.ndarray:
    """`value` as finite numbers of a shape."""
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise EsgapError(f"{where}: '{key}' holds no numbers ({error}): correct the data") from error
    if numbers.size != np.prod(shape):
        raise EsgapError(f"{where}: '{key}' has {numbers.size} numbers, expected {' x '.join(map(str, shape))}: correct the data")
    if not np.isfinite(numbers).all():
        raise EsgapError(f"{where}: '{key}' is not finite (nan or inf): remove the configuration or correct it")
    return numbers.reshape(shape)
