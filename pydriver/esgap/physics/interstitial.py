"""Candidate interstitial sites: Voronoi vertices of the anion framework, ranked.

The sites depend on the crystal alone: not on the image in which an atom is given, the cell vectors chosen for the
lattice, the frame, or the order of the atoms.
"""

import numpy as np
import pandas as pd
from ase import Atoms
from ase.geometry import find_mic, minkowski_reduce
from ase.neighborlist import primitive_neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree, Voronoi

from esgap.errors import EsgapError

MIN_ANION, MIN_OTHER_CATION, MIN_SAME = 1.9, 2.2, 1.5  # Angstrom: nearer than this is no room for an ion
MERGE = 0.7  # Angstrom: vertices closer than this are one void
TWIN = 1e-3  # Angstrom: vertices closer than this are one vertex, split by rounding where more than four anions are equally far
COORDINATION = 3.0  # Angstrom: anions nearer than this coordinate the site
RANKED_BY = ["same_distance", "anion_distance", "cation_distance", "coordination"]  # then by position: symmetric twins


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
    crystal = _reduced(atoms)
    positions, symbols = _images(crystal, max(_reach(crystal), COORDINATION))
    is_anion, is_same = np.isin(symbols, anions), symbols == element
    centres = _void_centres(positions[is_anion], crystal)
    fractional = atoms.cell.scaled_positions(centres).round(9) % 1.0
    sites = pd.DataFrame(atoms.cell.cartesian_positions(fractional), columns=["x", "y", "z"])
    sites["anion_distance"] = _nearest(positions[is_anion], centres)
    sites["same_distance"] = _nearest(positions[is_same], centres)
    sites["cation_distance"] = _nearest(positions[~is_anion & ~is_same], centres)
    sites["coordination"] = KDTree(positions[is_anion]).query_ball_point(centres, COORDINATION, return_length=True)
    room = sites.query("anion_distance > @MIN_ANION and same_distance > @MIN_SAME and cation_distance > @MIN_OTHER_CATION")
    if room.empty:
        raise EsgapError(f"none of {len(sites)} voids of the {'/'.join(anions)} framework has room for a {element} ion")
    # Rounded, so that symmetric twins have the same rank on every machine.
    order = room.assign(same_distance=-room.same_distance).round(3).sort_values([*RANKED_BY, "z", "y", "x"]).index
    return room.loc[order].set_index(pd.RangeIndex(1, len(room) + 1, name="site"))


def _reduced(atoms: Atoms) -> Atoms:
    """The same crystal in its Minkowski-reduced cell, every atom inside."""
    crystal = atoms.copy()
    crystal.set_cell(minkowski_reduce(atoms.cell.array, pbc=True)[0])
    crystal.pbc = True
    crystal.wrap()
    return crystal


def _reach(crystal: Atoms) -> float:
    """No point is farther than this (Angstrom) from an image of any one atom: half the diagonal of a box with the cell's edges.

    Babai, Combinatorica 6, 1 (1986), doi:10.1007/BF02579403, bounds it by the Gram-Schmidt lengths of the cell vectors.
    """
    return 0.5 * np.linalg.norm(crystal.cell.lengths())


def _images(crystal: Atoms, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions (shape (n, 3), Angstrom) and symbols of all images of the atoms within `margin` of the cell."""
    widths = 1 / np.linalg.norm(crystal.cell.reciprocal(), axis=1)
    layers = np.ceil(margin / widths).astype(int)
    shifts = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in layers), indexing="ij"), axis=-1).reshape(-1, 1, 3)
    fractional = crystal.get_scaled_positions() + shifts
    near = np.all((fractional > -margin / widths) & (fractional < 1 + margin / widths), axis=2)
    symbols = np.broadcast_to(np.array(crystal.symbols), near.shape)
    return crystal.cell.cartesian_positions(fractional[near]), symbols[near]


def _nearest(positions: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Distance from each centre to the nearest position; infinity when there is none."""
    return KDTree(positions).query(centres)[0] if len(positions) else np.full(len(centres), np.inf)


def _void_centres(anions: np.ndarray, crystal: Atoms) -> np.ndarray:
    """Voronoi vertices of `anions` (which reach far enough beyond the cell) inside the cell, one for each void."""
    fractional = crystal.cell.scaled_positions(Voronoi(anions).vertices)
    inside = np.all((fractional > -1e-6) & (fractional < 1 + 1e-6), axis=1)  # both faces: the copies are merged as twins
    return _merge(_merge(fractional[inside] @ crystal.cell.array, crystal, TWIN), crystal, MERGE)


def _merge(points: np.ndarray, crystal: Atoms, distance: float) -> np.ndarray:
    """Mean of each group of points that are linked by steps below `distance` (minimum image).

    Single linkage: the groups do not depend on the order of the points, and symmetric points have symmetric groups.
    """
    i, j = primitive_neighbor_list("ij", (True, True, True), crystal.cell.array, points, distance)
    linked = coo_array((np.ones(len(i)), (i, j)), shape=(len(points), len(points)))
    count, group = connected_components(linked, directed=False)
    first = np.unique(group, return_index=True)[1]
    vectors, _ = find_mic(points - points[first[group]], crystal.cell, pbc=True)
    sums = np.zeros((count, 3))
    np.add.at(sums, group, vectors)
    return points[first] + sums / np.bincount(group)[:, None]


def check_cell(atoms: Atoms, separation: float) -> None:
    """Raise EsgapError when a vacancy and an interstitial this far apart would be nearer to each other's images."""
    widths = atoms.cell.volume / np.linalg.norm(np.cross(atoms.cell[[1, 2, 0]], atoms.cell[[2, 0, 1]]), axis=1)
    narrow = int(np.argmin(widths))
    if widths[narrow] < 2 * separation:
        raise EsgapError(
            f"the cell is too small for the interstitial search: {widths[narrow]:.2f} Angstrom across along {'abc'[narrow]}, "
            f"but a pair {separation:g} Angstrom apart needs {2 * separation:g}; enlarge `supercell` or lower `separation`"
        )
