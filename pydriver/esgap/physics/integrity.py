"""Whether the atoms of a trajectory stay apart: a potential that is used outside its data may let two of them fall into each other."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from ase.neighborlist import neighbor_list

OVERLAP = 1.0  # Angstrom; no two nuclei of a battery material come this close, hydrogen's apart:
BONDED = 0.6  # of the sum of two covalent radii, where that is less
LOOKS = 200  # frames that are looked at


def overlap(positions: np.ndarray, cells: np.ndarray, elements: np.ndarray) -> tuple[int, tuple[int, int], float] | None:
    """The first frame in which two atoms are found in each other, their indices and their distance (Angstrom); None when all stay apart.

    `positions`: (F, N, 3) Angstrom; `cells`: (F, 3, 3); `elements`: (N,) symbols. At most LOOKS frames are looked at, evenly spaced, the last among them:
    atoms that have fallen into each other stay so.
    """
    radii = np.array([covalent_radii[atomic_numbers.get(symbol, 0)] for symbol in elements])
    for frame in np.unique(np.linspace(0, len(positions) - 1, LOOKS).astype(int)):
        atoms = Atoms(numbers=np.ones(positions.shape[1], int), positions=positions[frame], cell=cells[frame], pbc=True)
        one, other, distance = neighbor_list("ijd", atoms, OVERLAP)
        share = distance / np.minimum(OVERLAP, BONDED * (radii[one] + radii[other]))
        if len(one) and share.min() < 1.0:
            nearest = int(np.argmin(share))
            return int(frame), (int(min(one[nearest], other[nearest])), int(max(one[nearest], other[nearest]))), float(distance[nearest])
    return None
