"""Directions of a uniform field in a cell."""

import numpy as np


def field_vector(direction: str, value: float, cell: np.ndarray) -> np.ndarray:
    """The field (V/Angstrom, shape (3,)) of a size along x, y, z or along the cell vectors a, b, c (rows of `cell`); "-" means none."""
    if direction in "abc":
        edge = np.asarray(cell)["abc".index(direction)]
        return value * edge / np.linalg.norm(edge)
    return value * np.array([direction == axis for axis in "xyz"], dtype=float)
