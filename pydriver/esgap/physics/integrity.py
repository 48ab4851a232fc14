"""Whether the atoms of a trajectory stay apart: a potential that is used outside its data may let two of them fall into each other."""

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

OVERLAP = 1.0  # Angstrom; no two nuclei of a battery material come this close
LOOKS = 200  # frames that are looked at


def overlap(positions: np.ndarray, cells: np.ndarray) -> tuple[int, tuple[int, int]] | None:
    """The first frame in which two atoms are found nearer than OVERLAP, and their indices; None when all stay apart.

    `positions`: (F, N, 3) Angstrom; `cells`: (F, 3, 3). At most LOOKS frames are looked at, evenly spaced, the last among them:
    atoms that have fallen into each other stay so.
    """
    for frame in np.unique(np.linspace(0, len(positions) - 1, LOOKS).astype(int)):
        atoms = Atoms(numbers=np.ones(positions.shape[1], int), positions=positions[frame], cell=cells[frame], pbc=True)
        one, other, distance = neighbor_list("ijd", atoms, OVERLAP)
        if len(one):
            nearest = int(np.argmin(distance))
            return int(frame), (int(min(one[nearest], other[nearest])), int(max(one[nearest], other[nearest])))
    return None
