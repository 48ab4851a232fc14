"""The neighbours of the atoms of a configuration, as the C++ core takes them. Units: Angstrom."""

import ctypes

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree

from esgap.errors import EsgapError

ONE_PLACE = 1e-3  # Angstrom; nearer atoms are one atom twice


class Environments(ctypes.Structure):
    """`esgap_environments` of capi.h."""

    _fields_ = [("count", ctypes.c_int)] + [(name, ctypes.c_void_p) for name in ("z", "first", "neighbour_z", "neighbour_r")]


class Environment:
    """Neighbour k of atom i has first[i] <= k < first[i + 1]: an image of the atom `j`[k], at `vectors`[k] (Angstrom) from `i`[k] = i.

    Raises EsgapError: two atoms on one place, or places that are no numbers.
    """

    def __init__(self, atoms: Atoms, cutoff: float):
        self.atoms, self.cutoff = atoms, cutoff
        self.i, self.j, self.vectors = neighbours(atoms, cutoff)
        self.z = atoms.numbers.astype(np.intc)
        self.first = np.searchsorted(self.i, np.arange(len(atoms) + 1)).astype(np.intc)

    def __len__(self) -> int:
        return len(self.z)

    def structure(self, centres: np.ndarray | None = None) -> Environments:
        """The C structure of all atoms, or of some."""
        z, first, j, vectors = self.z, self.first, self.j, self.vectors
        if centres is not None:
            counts = np.diff(first)
            mine = np.repeat(np.isin(np.arange(len(z)), centres), counts)
            z, j, vectors = z[centres], j[mine], vectors[mine]
            first = np.concatenate([[0], np.cumsum(counts[centres])]).astype(np.intc)
        arrays = [z, first, self.z[j], np.ascontiguousarray(vectors)]
        out = Environments(len(z), *(a.ctypes.data for a in arrays))
        out.arrays = arrays  # keeps the memory alive
        return out


def neighbours(atoms: Atoms, cutoff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre i, neighbour j and the vector from i to that image of j, of all pairs nearer than `cutoff`; i ascends.

    As ASE's neighbor_list("ijD"), which takes ten times as long for the cells of a fit.
    """
    if not np.isfinite(atoms.positions).all():
        raise EsgapError(f"atom {np.argwhere(~np.isfinite(atoms.positions))[0, 0]} of {atoms.symbols} has no finite position: correct or remove the configuration")
    cell = atoms.cell.complete()
    heights = 1 / np.linalg.norm(cell.reciprocal(), axis=1)
    reach = [int(np.ceil(cutoff / h)) if periodic else 0 for h, periodic in zip(heights, atoms.pbc, strict=True)]
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    places = atoms.get_positions(wrap=bool(atoms.pbc.any()))
    images = (places[None] + (steps @ cell.array)[:, None]).reshape(-1, 3)
    near = np.all((images > places.min(0) - cutoff) & (images < places.max(0) + cutoff), axis=1)
    image = np.flatnonzero(near)
    found = cKDTree(images[near]).query_ball_point(places, cutoff, return_sorted=True)
    i = np.repeat(np.arange(len(atoms)), [len(f) for f in found])
    image = image[np.concatenate(found).astype(int)]
    other = image != len(atoms) * (len(steps) // 2) + i  # the middle step is none: the atom itself
    i, image = i[other], image[other]
    vectors = images[image] - places[i]
    squares = np.einsum("ij,ij->i", vectors, vectors)
    if len(vectors) and squares.min() < ONE_PLACE**2:
        k = squares.argmin()
        raise EsgapError(f"two atoms of {atoms.symbols} lie on one place ({i[k]} and {image[k] % len(atoms)}): correct or remove the configuration")
    return i, (image % len(atoms)).astype(np.intc), vectors
