"""Directions of a uniform field in a cell."""

import numpy as np
from scipy.spatial import ConvexHull


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


def reach(fields: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """How far (V/Angstrom, (m,)) each of `directions` (m, 3; unit vectors) stays in the convex hull of `fields` (n, 3; V/Angstrom), the largest for which a fit to them interpolates.

    Zero where a direction leaves the hull at once. The fields hold the one without field and span three directions.
    """
    planes = ConvexHull(np.asarray(fields, float)).equations  # normal.E + offset <= 0 inside
    out = np.asarray(directions, float) @ planes[:, :3].T
    with np.errstate(divide="ignore"):
        return np.where(out > 1e-9, np.maximum(-planes[:, 3], 0.0) / np.where(out > 1e-9, out, 1.0), np.inf).min(axis=1)
