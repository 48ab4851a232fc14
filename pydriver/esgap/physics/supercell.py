"""Displacements of atoms carried from one supercell of a crystal to another; atoms are ordered image after image, as ASE repeats a cell."""

import numpy as np
from ase import Atoms
from ase.geometry import find_mic


def periodic_part(displacements: np.ndarray, unit: int) -> np.ndarray:
    """Mean over the images, (unit, 3), of displacements (images * unit, 3): what of a relaxed supercell repeats from cell to cell."""
    return displacements.reshape(-1, unit, 3).mean(axis=0)


def carry(displacements: np.ndarray, unit: Atoms, small: tuple[int, int, int], large: tuple[int, int, int], centre: np.ndarray) -> np.ndarray:
    """Displacements around a defect in the supercell `small` as they are around the same defect in `large`, (N_large, 3) in Angstrom.

    Each atom of `small` counts in its image nearest to `centre` (3,), the middle of the defect; all other atoms of `large` stay.
    """
    count = len(unit)
    atoms = unit.repeat(small)
    number = np.arange(len(atoms))
    image = np.stack(np.unravel_index(number // count, small), axis=1)
    near, distance = find_mic(atoms.positions - centre, atoms.cell)
    lattice = np.rint(atoms.cell.scaled_positions(near - atoms.positions + centre)).astype(int)
    inside = (image + lattice * np.array(small)) % np.array(large)
    to = np.ravel_multi_index(inside.T, large) * count + number % count
    carried = np.zeros((count * int(np.prod(large)), 3))
    far_first = np.argsort(-distance)  # where two meet, the nearer one counts
    carried[to[far_first]] = displacements[far_first]
    return carried
