"""Bonds that should last: which of them open in a run, and when."""

from dataclasses import dataclass

import numpy as np
from ase.geometry import find_mic
from numpy.lib.stride_tricks import sliding_window_view


@dataclass(frozen=True)
class Opening:
    """A bond that was beyond its limit for longer than is allowed."""

    centre: int  # index of the atom
    ligand: int
    frame: int  # the first of them


@dataclass(frozen=True)
class Bonds:
    """The bonds of a run."""

    count: int
    longest: float  # Angstrom, in any frame
    openings: list[Opening]  # by frame


def bonds(positions: np.ndarray, cells: np.ndarray, centres: np.ndarray, ligands: np.ndarray, longest: float, frames: int) -> Bonds:
    """The bonds between two kinds of atoms, and those beyond `longest` (Angstrom) in more than `frames` frames on end.

    A bond is a pair whose mean distance over the first `frames` + 1 frames is below `longest`. `positions`: (F, N, 3) Angstrom; `cells`: (F, 3, 3);
    `centres` and `ligands`: indices of atoms.
    """
    window = min(frames + 1, len(positions))
    start = np.mean([_distances(positions[k], cells[k], centres, ligands) for k in range(window)], axis=0)
    pairs = np.argwhere(start < longest)
    if not len(pairs):
        return Bonds(0, float("nan"), [])
    one, other = centres[pairs[:, 0]], ligands[pairs[:, 1]]
    lengths = np.array([find_mic(positions[k, other] - positions[k, one], cells[k])[1] for k in range(len(positions))])
    long = sliding_window_view(lengths > longest, window, axis=0).all(axis=-1) if frames < len(positions) else np.zeros((1, len(pairs)), bool)
    openings = [Opening(int(one[k]), int(other[k]), int(np.argmax(long[:, k]))) for k in np.flatnonzero(long.any(axis=0))]
    return Bonds(len(pairs), float(lengths.max()), sorted(openings, key=lambda opening: opening.frame))


def _distances(positions: np.ndarray, cell: np.ndarray, centres: np.ndarray, ligands: np.ndarray) -> np.ndarray:
    """(C, L) Angstrom, to the nearest image."""
    vectors = positions[ligands][None] - positions[centres][:, None]
    return find_mic(vectors.reshape(-1, 3), cell)[1].reshape(len(centres), len(ligands))
