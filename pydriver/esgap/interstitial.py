"""Candidate interstitial sites: Voronoi vertices of the anion framework, ranked."""

import numpy as np
import pandas as pd
from ase import Atoms
from ase.geometry import get_distances
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial import Voronoi
from scipy.spatial.distance import squareform

from esgap.errors import EsgapError

MIN_ANION, MIN_OTHER_CATION, MIN_SAME = 1.9, 2.2, 1.5  # Angstrom: nearer than this is no room for an ion
MERGE = 0.7  # Angstrom: vertices closer than this are one void
COORDINATION = 3.0  # Angstrom: anions nearer than this coordinate the site


def interstitial_sites(atoms: Atoms, element: str, anions: tuple[str, ...]) -> pd.DataFrame:
    """Rank the voids between `anions` where an extra `element` ion has room.

    A vertex of the Voronoi tessellation of the anions is equally far from four or more of them: a void centre.
    Vertices in the same void are merged to their mean; voids taken by an ion or too narrow are dropped. The
    best void is the one farthest from the ions of the same element, where their repulsion is weakest.

    Returns one row a site, best first: columns x, y, z (Angstrom, Cartesian, inside the cell), distance to the
    nearest anion, same element and other cation (Angstrom), coordination (anions within 3 Angstrom).
    Raises EsgapError when an element is missing or no void is left.
    """
    for symbol in (element, *anions):
        if symbol not in atoms.symbols:
            raise EsgapError(f"no {symbol} in the structure {atoms.symbols}: the interstitial search needs it")
    vertices = _merge(_vertices_in_cell(atoms[np.isin(atoms.symbols, anions)]), atoms)
    is_anion, is_same = np.isin(atoms.symbols, anions), np.array(atoms.symbols) == element
    distances = get_distances(vertices, atoms.positions, cell=atoms.cell, pbc=True)[1]
    sites = pd.DataFrame(vertices, columns=["x", "y", "z"])
    sites["anion_distance"] = distances[:, is_anion].min(axis=1)
    sites["same_distance"] = distances[:, is_same].min(axis=1)
    sites["cation_distance"] = distances[:, ~is_anion & ~is_same].min(axis=1, initial=np.inf)
    sites["coordination"] = (distances[:, is_anion] < COORDINATION).sum(axis=1)
    room = sites.query("anion_distance > @MIN_ANION and same_distance > @MIN_SAME and cation_distance > @MIN_OTHER_CATION")
    if room.empty:
        raise EsgapError(f"none of {len(sites)} voids of the {'/'.join(anions)} framework has room for a {element} ion")
    # Rounded, and ties broken by position, so that symmetric twins have the same rank on every machine.
    order = room.assign(same_distance=-room.same_distance).round(3).sort_values(["same_distance", "z", "y", "x"]).index
    return room.loc[order].set_index(pd.RangeIndex(1, len(room) + 1, name="site"))


def _vertices_in_cell(anions: Atoms) -> np.ndarray:
    """Voronoi vertices inside the cell; one layer of images is enough, since no void spans a cell."""
    images = anions.repeat(3)
    fractional = anions.cell.scaled_positions(Voronoi(images.positions).vertices) - 1.0
    inside = np.all((fractional >= 0) & (fractional < 1), axis=1)
    return fractional[inside] @ anions.cell.array


def _merge(points: np.ndarray, atoms: Atoms) -> np.ndarray:
    """Mean of each cluster of points (complete linkage under the minimum image, diameter below MERGE)."""
    vectors, distances = get_distances(points, cell=atoms.cell, pbc=True)
    labels = fcluster(linkage(squareform(distances, checks=False), "complete"), MERGE, "distance")
    centres = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        centres.append(points[members[0]] + vectors[members[0], members].mean(axis=0))
    fractional = atoms.cell.scaled_positions(np.array(centres)).round(9) % 1.0
    return atoms.cell.cartesian_positions(fractional)


def check_cell(atoms: Atoms, separation: float) -> None:
    """Raise EsgapError when a vacancy and an interstitial this far apart would be nearer to each other's images."""
    widths = atoms.cell.volume / np.linalg.norm(np.cross(atoms.cell[[1, 2, 0]], atoms.cell[[2, 0, 1]]), axis=1)
    narrow = int(np.argmin(widths))
    if widths[narrow] < 2 * separation:
        raise EsgapError(
            f"the cell is too small for the interstitial search: {widths[narrow]:.2f} Angstrom across along {'abc'[narrow]}, "
            f"but a pair {separation:g} Angstrom apart needs {2 * separation:g}; enlarge `supercell` or lower `separation`"
        )


def atom_to_move(atoms: Atoms, site: np.ndarray, element: str, separation: float) -> tuple[int, np.ndarray]:
    """Index of the nearest `element` atom at least `separation` from `site`, and its displacement there (minimum image)."""
    indices = np.flatnonzero(np.array(atoms.symbols) == element)
    vectors, distances = get_distances(atoms.positions[indices], site[None], cell=atoms.cell, pbc=True)
    far = np.flatnonzero(distances[:, 0] >= separation)
    if not len(far):
        raise EsgapError(
            f"no {element} atom is {separation:g} Angstrom or more from the site (farthest {distances.max():.2f}): "
            "lower `separation` or enlarge `supercell`"
        )
    chosen = far[np.argmin(distances[far, 0])]
    return int(indices[chosen]), vectors[chosen, 0]
