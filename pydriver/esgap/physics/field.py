"""Directions of a uniform field in a cell."""

import numpy as np


def field_vector(direction: str, value: float, cell: np.ndarray) -> np.ndarray:
    """The field (V/Angstrom, shape (3,)) of a size along a direction; "-" means none.

    `direction`: x, y, z; a, b, c, the cell vectors (rows of `cell`); or a Cartesian vector of any length as "1,-1,0".
    """
    if "," in direction:
        along = np.array(direction.split(","), dtype=float)
    elif direction in "abc":
        along = np.asarray(cell)["abc".index(direction)]
    else:
        return value * np.array([direction == axis for axis in "xyz"], dtype=float)
    return value * along / np.linalg.norm(along)
