"""Equivalence under the space group of a crystal: sites, and pairs of an atom and a site. Found by spglib, doi:10.1080/27660400.2024.2384822."""

import numpy as np
import pandas as pd
import spglib
from ase import Atoms
from ase.geometry import get_distances
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from esgap.errors import EsgapError

SYMPREC = 1e-2  # Angstrom: an operation may miss an atom by this much
SAME_PLACE = 0.1  # Angstrom: an operation takes a site to another of the list when it lands this near to it


def operations(atoms: Atoms, symprec: float = SYMPREC) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and translations (n, 3) in fractional coordinates: x' = W x + w. Lattice translations of a supercell are among them.

    Raises EsgapError when spglib finds no symmetry at this `symprec`, not even the identity.
    """
    found = spglib.get_symmetry((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec)
    if found is None:
        raise EsgapError(f"spglib finds no space group for {atoms.symbols} within {symprec:g} Angstrom: check for overlapping atoms, or change the tolerance")
    return found["rotations"], found["translations"]


def space_group(atoms: Atoms, symprec: float = SYMPREC) -> str:
    """International symbol and number, for example "P-1 (2)"; "-" when spglib finds none."""
    found = spglib.get_spacegroup((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec)
    return found or "-"


def displacements(start: Atoms, end: Atoms) -> np.ndarray:
    """How far each atom went, (N, 3) Angstrom in the cell of `end`: fractional coordinates compared, whole cell vectors and their mean taken out."""
    moved = end.get_scaled_positions(wrap=False) - start.get_scaled_positions(wrap=False)
    moved -= moved.round()
    return (moved - moved.mean(axis=0)) @ end.cell.array


def permutations(atoms: Atoms, points: np.ndarray, symprec: float = SYMPREC) -> np.ndarray:
    """For every operation the index of the point that each point goes to, shape (operations, points).

    `points`: Cartesian, Angstrom, shape (points, 3). Raises EsgapError when an operation takes a point to none of them.
    """
    fractional = atoms.cell.scaled_positions(points)
    rows = []
    for rotation, translation in zip(*operations(atoms, symprec)):
        apart = (fractional @ rotation.T + translation)[:, None] - fractional
        distances = np.linalg.norm((apart - apart.round()) @ atoms.cell.array, axis=-1)  # right where it is small
        if (worst := distances.min(axis=1).max()) > SAME_PLACE:
            raise EsgapError(
                f"a symmetry operation of the crystal takes a site {worst:.2f} Angstrom away from every other one: "
                f"the sites lack the symmetry that spglib finds within {symprec:g} Angstrom; choose a smaller tolerance"
            )
        rows.append(distances.argmin(axis=1))
    return np.array(rows)


def orbits(permuted: np.ndarray) -> np.ndarray:
    """Orbit of each point, shape (points,): orbits are numbered by their first point. `permuted`: as `permutations` gives."""
    count = permuted.shape[1]
    links = coo_array((np.ones(permuted.size), (np.tile(np.arange(count), len(permuted)), permuted.ravel())), shape=(count, count))
    labels = connected_components(links, directed=False)[1]
    return pd.factorize(labels)[0]


def canonical(occupied: np.ndarray, permuted: np.ndarray) -> tuple[tuple[int, ...], int]:
    """The same choice of points under every operation: its least sorted image, and how many different images there are.

    `occupied`: indices of points, shape (n,); `permuted`: as `permutations` gives.
    """
    images = {tuple(row) for row in np.sort(permuted[:, occupied], axis=1).tolist()}
    return min(images), len(images)


def inequivalent_sites(atoms: Atoms, sites: pd.DataFrame, symprec: float = SYMPREC) -> pd.DataFrame:
    """One row an orbit of `sites` (columns x, y, z in Angstrom): its first site, with the column `multiplicity`, the number of its members."""
    orbit = orbits(permutations(atoms, sites[["x", "y", "z"]].to_numpy(float), symprec))
    return _representatives(sites, orbit)


def inequivalent_pairs(atoms: Atoms, sites: pd.DataFrame, element: str, charge: float = 1.0, symprec: float = SYMPREC) -> pd.DataFrame:
    """Pairs of an `element` atom that leaves its site and an interstitial site that takes it, one row an orbit under the space group.

    Parameters
    ----------
    atoms, sites
        The perfect cell and its interstitial sites (index: their names; columns x, y, z in Angstrom), as `interstitial_sites` gives them.
    charge
        Of the ion, e.

    Returns the nearest pairs first, columns: atom (index from 0), site (its name), multiplicity (pairs in the cell that
    are equivalent), distance (Angstrom, minimum image), dx, dy, dz (displacement, Angstrom), px, py, pz (unrelaxed dipole, e Angstrom).
    Raises EsgapError as `permutations`.
    """
    ions = np.flatnonzero(np.array(atoms.symbols) == element)
    if not len(ions):
        raise EsgapError(f"no {element} in the structure {atoms.symbols}: there is no ion to move")
    places = sites[["x", "y", "z"]].to_numpy(float)
    both = permutations(atoms, np.concatenate([atoms.positions[ions], places]), symprec)
    ion_to, site_to = both[:, : len(ions)], both[:, len(ions) :] - len(ions)
    pair_to = (ion_to[:, :, None] * len(places) + site_to[:, None, :]).reshape(len(both), -1)

    vectors, distances = get_distances(atoms.positions[ions], places, cell=atoms.cell, pbc=True)
    pairs = pd.DataFrame({"atom": np.repeat(ions, len(places)), "site": np.tile(sites.index, len(ions)), "distance": distances.ravel()})
    pairs[["dx", "dy", "dz"]] = vectors.reshape(-1, 3)
    pairs[["px", "py", "pz"]] = charge * vectors.reshape(-1, 3)
    found = _representatives(pairs, orbits(pair_to))
    order = found.assign(distance=found.distance.round(3)).sort_values(["distance", "site", "atom"]).index
    return found.loc[order].reset_index(drop=True)


def _representatives(table: pd.DataFrame, orbit: np.ndarray) -> pd.DataFrame:
    first = np.unique(orbit, return_index=True)[1]
    return table.iloc[first].assign(multiplicity=np.bincount(orbit))
