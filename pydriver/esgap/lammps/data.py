"""Structures: read and checked, and written as LAMMPS data files."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.io.lammpsdata import write_lammps_data
from ase.neighborlist import neighbor_list

from esgap.errors import EsgapError
from esgap.physics.integrity import OVERLAP


def write_data(path: Path, atoms: Atoms, elements: tuple[str, ...], charges: dict[str, float] | None = None) -> None:
    """Write a LAMMPS data file (atom_style charge): types by `elements`, charges by element (none: 0), all digits, positions unwrapped."""
    atoms = atoms.copy()
    atoms.set_initial_charges([charges[symbol] if charges else 0.0 for symbol in atoms.symbols])
    with open(path, "w") as file:
        write_lammps_data(file, atoms, specorder=list(elements), atom_style="charge", masses=True, units="metal")


def read_structure(path: Path, supercell: tuple[int, int, int] = (1, 1, 1)) -> Atoms:
    """A periodic structure, repeated: atoms in the order of the file, image after image.

    Raises EsgapError: no such file, unreadable, no cell or not periodic, overlapping atoms.
    """
    if not path.is_file():
        raise EsgapError(f"no structure file {path}: files are relative to the study file")
    try:
        atoms = read(path)
    except Exception as error:  # each of ASE's readers has its own errors
        raise EsgapError(f"{path} cannot be read as a structure ({type(error).__name__}: {error}): give a file that ASE reads, such as CIF or extxyz") from error
    if atoms.cell.rank < 3 or not atoms.pbc.all():
        raise EsgapError(f"{path} is not periodic in three directions (cell {atoms.cell.lengths().round(3).tolist()}, pbc {atoms.pbc.tolist()}): give a crystal")
    atoms = atoms.repeat(supercell)
    check_distances(atoms, path)
    return atoms


def check_distances(atoms: Atoms, path: Path) -> None:
    """Raise EsgapError when two atoms overlap."""
    i, j, distances = neighbor_list("ijd", atoms, OVERLAP)
    if len(i):
        k = int(np.argmin(distances))
        first, second = sorted((i[k], j[k]))
        raise EsgapError(
            f"atoms {first + 1} ({atoms.symbols[first]}) and {second + 1} ({atoms.symbols[second]}) of {path} overlap: "
            f"{distances[k]:.2f} Angstrom apart, at least {OVERLAP:g} expected; correct the structure"
        )
