"""The configurations of the study and what they are labelled with, as they lie in the run folder."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.lammps.data import check_distances
from esgap.studies.evaluate.study import Study

FILE = "configurations.extxyz"
SERIES, ALONG = "series", "along"
ENERGY, FORCES, VIRIAL = "reference_energy", "reference_forces", "reference_virial"


def read_configurations(study: Study) -> list[Atoms]:
    """The chosen configurations, labels under the names of this module.

    Raises EsgapError: unreadable, none chosen, not periodic, overlapping atoms, a label that [keys] names missing, not
    finite or of a wrong shape.
    """
    file = study.configurations
    if not file.is_file():
        raise EsgapError(f"no configurations {file}: `configurations` is relative to the study file")
    try:
        found = read(file, ":")
    except Exception as error:  # each of ASE's readers has its own errors
        raise EsgapError(f"{file} cannot be read as configurations ({type(error).__name__}: {error}): give a file that ASE reads, such as extxyz") from error
    found = [atoms for atoms in found if study.split in (None, atoms.info.get("split"))]
    found = found[_slice(study.select)]
    if not found:
        where = f"with split={study.split} " if study.split else ""
        raise EsgapError(f'select = "{study.select}" takes none of the configurations {where}of {file}: correct `select` or `split`')
    if study.series and not any(study.series.key in atoms.info for atoms in found):
        raise EsgapError(f"no configuration of {file} has '{study.series.key}': correct `key` in [series] or the data")
    return [_standard(atoms, study, f"configuration {i} of {file}", file) for i, atoms in enumerate(found)]


def _slice(words: str) -> slice:
    """A Python slice in words; a number alone is that configuration."""
    parts = [int(word) if word else None for word in words.split(":")]
    if len(parts) > 1:
        return slice(*parts)
    return slice(parts[0], parts[0] + 1 or None)


def write_configurations(configurations: list[Atoms], folder: Path) -> None:
    """Write them for the analysis."""
    write(folder / FILE, configurations, format="extxyz")


def labels(atoms: Atoms) -> tuple[float | None, np.ndarray | None, np.ndarray | None]:
    """Energy (eV), forces (N, 3) in eV/Angstrom and virial (3, 3) in eV, each None where there is none."""
    return atoms.info.get(ENERGY), atoms.arrays.get(FORCES), atoms.info.get(VIRIAL)


def _standard(atoms: Atoms, study: Study, where: str, file: Path) -> Atoms:
    """A bare copy with the labels under our names."""
    if atoms.cell.rank < 3 or not atoms.pbc.all():
        raise EsgapError(f"{where} is not periodic in three directions: the potentials are evaluated in a periodic cell")
    check_distances(atoms, file)
    results = atoms.calc.results if atoms.calc else {}
    virial = -atoms.get_stress(voigt=False) * atoms.get_volume() if "stress" in results else None
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True, info=_series(atoms, study, where))
    for name, key, default, own, standard, shape in (
        (ENERGY, study.keys.energy, "dft_energy", atoms.info, results.get("energy"), (1,)),
        (FORCES, study.keys.forces, "dft_force", atoms.arrays, results.get("forces"), (len(atoms), 3)),
        (VIRIAL, study.keys.virial, "dft_virial", atoms.info, virial, (3, 3)),
    ):
        if key is not None and key not in own and not (key in ("energy", "forces", "stress") and standard is not None):
            raise EsgapError(f"{where} has no '{key}': correct [keys] of the study or the data")
        value = own.get(key or default, standard)
        if value is not None:
            numbers = _numbers(value, shape, key or name, where)
            (bare.arrays if name == FORCES else bare.info)[name] = float(numbers[0]) if name == ENERGY else numbers
    return bare


def _series(atoms: Atoms, study: Study, where: str) -> dict[str, str | float]:
    """The series of a configuration and its place there, under our names."""
    if not study.series or study.series.key not in atoms.info:
        return {}
    found = {SERIES: str(atoms.info[study.series.key])}
    if study.series.along:
        value = atoms.info.get(study.series.along)
        if not isinstance(value, (int, float, np.number)):
            raise EsgapError(f"{where} has no number '{study.series.along}': correct `along` in [series] or the data")
        found[ALONG] = float(value)
    return found


def _numbers(value, shape: tuple[int, ...], key: str, where: str) -> np.ndarray:
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise EsgapError(f"{where}: '{key}' holds no numbers ({error}): correct the data") from error
    if numbers.size != np.prod(shape) or not np.isfinite(numbers).all():
        raise EsgapError(f"{where}: '{key}' should be {' x '.join(map(str, shape))} finite numbers, found {numbers.size}, {np.isfinite(numbers).sum()} of them finite")
    return numbers.reshape(shape)
