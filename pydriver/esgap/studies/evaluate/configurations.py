"""The configurations of the study and what they are labelled with, as they lie in the run folder."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.lammps.data import check_distances
from esgap.studies.evaluate.study import Study

FILE = "configurations.extxyz"
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
        found = read(file, study.select)
    except Exception as error:  # each of ASE's readers has its own errors
        raise EsgapError(f"{file} cannot be read as configurations ({type(error).__name__}: {error}): give a file that ASE reads, such as extxyz") from error
    found = found if isinstance(found, list) else [found]
    if not found:
        raise EsgapError(f'select = "{study.select}" takes none of the configurations of {file}')
    return [_standard(atoms, study, f"configuration {i} of {file}", file) for i, atoms in enumerate(found)]


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
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
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


def _numbers(value, shape: tuple[int, ...], key: str, where: str) -> np.ndarray:
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise EsgapError(f"{where}: '{key}' holds no numbers ({error}): correct the data") from error
    if numbers.size != np.prod(shape) or not np.isfinite(numbers).all():
        raise EsgapError(f"{where}: '{key}' should be {' x '.join(map(str, shape))} finite numbers, found {numbers.size}, {np.isfinite(numbers).sum()} of them finite")
    return numbers.reshape(shape)
