"""Labelled configurations: read and checked before anything is fitted."""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.stress import voigt_6_to_full_3x3_stress

from esgap.errors import EsgapError
from esgap.lammps.static import Labels
from esgap.studies.fit.checks import check_labels
from esgap.studies.fit.study import Study
from esgap.studies.fit.terms import STANDARD_KEYS, Keys


LARGEST = {"forces": 1000.0, "stress": 10.0, "virial": 1e5}  # eV/Angstrom, eV/Angstrom^3, eV: beyond, the unit is another


def read_labels(study: Study) -> tuple[list[Atoms], list[Labels]]:
    """The configurations of the study's data and their reference labels.

    Raises EsgapError, naming the configuration: as `read_files`, and when nothing is left to test.
    """
    configurations, labels = read_files(study)
    if not held_out(study, configurations).any():
        raise EsgapError(
            f"{names(study)} has {len(configurations)} configurations, of which holdout_every = {study.holdout_every} leaves none to test: give more data, lower it, or mark some with split=test"
        )
    return configurations, labels


def read_files(study: Study) -> tuple[list[Atoms], list[Labels]]:
    """The configurations of the study's data and their reference labels, however few.

    Raises EsgapError, naming the configuration: unreadable data, labels that are missing, not finite, of a wrong shape or
    beyond what the units allow, an element that the study lacks, a `split` that is neither train nor test;
    and what `check_labels` refuses.
    """
    configurations = [atoms for path in study.files for atoms in _read(path)]
    data = names(study)
    held_out(study, configurations)  # refuses an unknown split
    labels = [_label(i, atoms, study) for i, atoms in enumerate(configurations)]
    for kind, key in (study.keys or Keys.model_construct()).model_dump(exclude_none=True).items():
        if all(getattr(label, "virial" if kind == "stress" else kind) is None for label in labels):
            raise EsgapError(f"no configuration of {data} has '{key}': correct [keys] of the study or the data")
    check_labels(configurations, labels, data, study.settings)
    return configurations, labels


def counts(labels: list[Labels]) -> str:
    """How many labels of each kind there are, in words."""
    found = {kind: sum(getattr(label, kind) is not None for label in labels) for kind in ("energy", "forces", "virial")}
    return f"{found['energy']} energies, forces of {found['forces']} configurations, {found['virial']} virials"


def names(study: Study) -> str:
    """The files of the data in words."""
    return ", ".join(path.name for path in study.files)


def held_out(study: Study, configurations: list[Atoms]) -> np.ndarray:
    """Mask, shape (len(configurations),): which are not fitted but tested. Their `split` decides; of those without, every holdout_every-th."""
    split = np.array([str(atoms.info.get("split", "")) for atoms in configurations])
    if unknown := sorted(set(split) - {"", "train", "test"}):
        raise EsgapError(f"{names(study)} has configurations with split={unknown[0]}: give train or test, or remove it")
    unmarked = split == ""
    return (split == "test") | (unmarked & (np.cumsum(unmarked) % study.holdout_every == 0))


def groups(study: Study, configurations: list[Atoms]) -> dict[str, np.ndarray]:
    """Name -> mask of the configurations whose config_type matches the pattern of that group."""
    types = [str(atoms.info.get("config_type", "")) for atoms in configurations]
    return {name: np.array([fnmatch(found, pattern) for found in types]) for name, pattern in study.error_groups.items()}


def _read(path: Path) -> list[Atoms]:
    if not path.is_file():
        raise EsgapError(f"no training data {path}: `data` is relative to the study file")
    try:
        return read(path, ":", format="extxyz")
    except Exception as error:  # ASE's reader has many errors
        raise EsgapError(f"{path} cannot be read as extended xyz ({type(error).__name__}: {error})") from error


def _label(i: int, atoms: Atoms, study: Study) -> Labels:
    keys, where = study.keys or STANDARD_KEYS, f"configuration {i} of {names(study)}"
    if unknown := set(atoms.symbols) - set(study.elements):
        raise EsgapError(f"{where} contains {', '.join(sorted(unknown))}, which `elements` of the study lacks: add it")
    energy = _found(atoms, "energy", keys.energy, (1,), where)
    forces = _found(atoms, "forces", keys.forces, (len(atoms), 3), where)
    virial = _found(atoms, "virial", keys.virial, (3, 3), where)
    if keys.stress and (stress := _stress(atoms, keys.stress, where)) is not None:
        virial = -stress * atoms.get_volume()
    if energy is None and forces is None and virial is None:
        wanted = ", ".join(f"'{key}'" for key in keys.model_dump(exclude_none=True).values())
        raise EsgapError(f"{where} has none of {wanted}: correct [keys] of the study or the data")
    return Labels(None if energy is None else float(energy[0]), forces, virial)


def _stored(atoms: Atoms, key: str | None):
    """What the file holds under `key`; ASE puts the standard names into a calculator."""
    for place in (atoms.info, atoms.arrays, atoms.calc.results if atoms.calc else {}):
        if key in place:
            return place[key]
    return None


def _found(atoms: Atoms, kind: str, key: str | None, shape: tuple[int, ...], where: str) -> np.ndarray | None:
    value = _stored(atoms, key)
    return None if value is None else _numbers(value, shape, kind, key, where)


def _stress(atoms: Atoms, key: str, where: str) -> np.ndarray | None:
    value = _stored(atoms, key)
    if value is None:
        return None
    if atoms.cell.rank < 3:
        raise EsgapError(f"{where} has a '{key}' and no cell: remove it, or give the lattice")
    return voigt_6_to_full_3x3_stress(_numbers(value, (6,), "stress", key, where)) if np.size(value) == 6 else _numbers(value, (3, 3), "stress", key, where)


def _numbers(value, shape: tuple[int, ...], kind: str, key: str, where: str) -> np.ndarray:
    """`value` as finite numbers of a shape, no larger than the units allow."""
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise EsgapError(f"{where}: '{key}' holds no numbers ({error}): correct the data") from error
    if numbers.size != np.prod(shape):
        raise EsgapError(f"{where}: '{key}' has {numbers.size} numbers, expected {' x '.join(map(str, shape))}: correct the data")
    if not np.isfinite(numbers).all():
        raise EsgapError(f"{where}: '{key}' is not finite (nan or inf): remove the configuration or correct it")
    if (largest := np.abs(numbers).max()) > LARGEST.get(kind, np.inf):
        unit = {"forces": "eV/Angstrom", "stress": "eV/Angstrom^3", "virial": "eV"}[kind]
        raise EsgapError(f"{where}: '{key}' reaches {largest:.4g}, which is no {kind} in {unit}: convert it, or remove the configuration")
    return numbers.reshape(shape)
