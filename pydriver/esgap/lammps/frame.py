"""Between ASE's frame and LAMMPS's: the one place where vectors are rotated.

LAMMPS wants the cell vector a along x and b in the xy plane. The rotation that brings a cell there turns
positions, forces, fields and dipoles alike.
"""

import numpy as np
from ase.calculators.lammps import Prism


def to_lammps_vector(vectors: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Rotate vectors, shape (..., 3), from the frame of `cell` (rows a, b, c) to LAMMPS's."""
    return np.asarray(vectors) @ _rotation(cell)


def from_lammps_vector(vectors: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Rotate vectors, shape (..., 3), from LAMMPS's frame to that of `cell` (rows a, b, c)."""
    return np.asarray(vectors) @ _rotation(cell).T


def from_lammps_tensor(tensor: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Rotate a second-rank tensor such as a virial, shape (3, 3), from LAMMPS's frame to that of `cell`."""
    rotation = _rotation(cell)
    return rotation @ np.asarray(tensor) @ rotation.T


def _rotation(cell: np.ndarray) -> np.ndarray:
    """The matrix R with v_lammps = v @ R; reduce_cell stays off so that lattice vectors keep their identity."""
    return Prism(np.asarray(cell)).rot_mat
