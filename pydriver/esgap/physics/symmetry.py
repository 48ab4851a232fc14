"""Equivalence under the space group of a crystal: sites, and pairs of an atom and a site. Found by spglib, doi:10.1080/27660400.2024.2384822."""

import numpy as np
import pandas as pd
import spglib
import spglib.error
from ase import Atoms
from ase.neighborlist import primitive_neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from esgap.errors import EsgapError

spglib.error.OLD_ERROR_HANDLING = False  # raise SpglibError; returning None is deprecated
SYMPREC = 1e-2  # Angstrom: an operation may miss an atom by this much
SAME_PLACE = 0.1  # Angstrom: an operation takes a site to another of the list when it lands this near to it


def operations(atoms: Atoms, symprec: float = SYMPREC) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and translations (n, 3) in fractional coordinates: x' = W x + w. Lattice translations of a supercell are among them.

    Raises EsgapError when spglib finds no symmetry at this `symprec`, not even the identity.
    """
    try:
        found = spglib.get_symmetry_dataset((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec)
    except spglib.error.SpglibError as error:
        raise EsgapError(
            f"spglib finds no space group for {atoms.symbols} within {symprec:g} Angstrom ({error}): check for overlapping atoms, or change the tolerance"
        ) from error
    return found.rotations, found.translations


def space_group(atoms: Atoms, symprec: float = SYMPREC) -> str:
    """International symbol and number, for example "P-1 (2)"; "-" when spglib finds none."""
    try:
        return spglib.get_spacegroup((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec)
    except spglib.error.SpglibError:
        return "-"


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


def inequivalent_pairs(crystal: Atoms, sites: pd.DataFrame, element: str, shortest: float, longest: float, symprec: float = SYMPREC) -> pd.DataFrame:
    """Pairs of an `element` atom that leaves its site and an interstitial site that takes it, one row an orbit under the space group.

    The crystal is infinite: a site of every image of the cell counts, so the pairs are those of any supercell that is large enough.

    Parameters
    ----------
    crystal, sites
        The cell and its interstitial sites (index: their ranks; columns x, y, z in Angstrom), as `interstitial_sites` gives them.
    shortest, longest
        Distance between the two, Angstrom.

    Returns the nearest pairs first, index: their names, such as Li3-i2-4.21 (third kind of Li, second kind of site, distance; a letter more where
    two would be called the same); columns: atom (index from 0), site (rank), multiplicity (equivalent pairs an image of the cell), distance (Angstrom),
    dx, dy, dz (displacement of the ion, Angstrom).
    Raises EsgapError as `permutations`, when the element is missing, and when no pair has such a distance.
    """
    ions = np.flatnonzero(np.array(crystal.symbols) == element)
    if not len(ions):
        raise EsgapError(f"no {element} in the structure {crystal.symbols}: there is no ion to move")
    points = np.concatenate([crystal.positions[ions], sites[["x", "y", "z"]].to_numpy(float)])
    permuted, rotations = permutations(crystal, points, symprec), operations(crystal, symprec)[0]
    kinds = [pd.factorize(orbits(part))[0] + 1 for part in (permuted[:, : len(ions)], permuted[:, len(ions) :] - len(ions))]
    one, other, vectors = primitive_neighbor_list("ijD", (True, True, True), crystal.cell.array, points, longest)
    rows = []
    for ion in np.unique(kinds[0], return_index=True)[1]:
        near = (one == ion) & (other >= len(ions)) & (np.linalg.norm(vectors, axis=1) >= shortest)
        if not near.any():
            continue
        staying = permuted[:, ion] == ion
        turned = [crystal.cell.array.T @ rotation @ np.linalg.inv(crystal.cell.array.T) for rotation in rotations[staying]]
        orbit = _orbits_of_vectors(other[near], vectors[near], permuted[staying], turned)
        for first, count in zip(np.unique(orbit, return_index=True)[1], np.bincount(orbit)):
            site, vector = other[near][first] - len(ions), vectors[near][first]
            kind = f"{element}{kinds[0][ion]}-i{kinds[1][site]}-{np.linalg.norm(vector):.2f}"
            rows.append((kind, int(ions[ion]), int(sites.index[site]), int(count * np.sum(kinds[0] == kinds[0][ion])), np.linalg.norm(vector), *vector))
    if not rows:
        raise EsgapError(f"no interstitial site is {shortest:g} to {longest:g} Angstrom from a {element} atom: widen `separation` and `reach`")
    pairs = pd.DataFrame(rows, columns=["name", "atom", "site", "multiplicity", "distance", "dx", "dy", "dz"])
    pairs = pairs.sort_values(["name", "atom", "site", "dx"], ignore_index=True)
    again = pairs.groupby("name").cumcount()
    pairs["name"] += ["" if count == 0 else chr(ord("a") + count) for count in again]
    return pairs.assign(near=pairs.distance.round(3)).sort_values(["near", "name"]).drop(columns="near").set_index("name")


def _orbits_of_vectors(sites: np.ndarray, vectors: np.ndarray, permuted: np.ndarray, turned: list[np.ndarray]) -> np.ndarray:
    """Orbit of each vector from an ion to a site under the operations that leave the ion where it is. `sites`: what each points to, as in `permuted`."""
    images = []
    for to, matrix in zip(permuted, turned):
        apart = np.linalg.norm((vectors @ matrix.T)[:, None] - vectors, axis=2) + np.where(to[sites][:, None] == sites, 0.0, np.inf)
        images.append(np.where(apart.min(axis=1) < 2 * SAME_PLACE, apart.argmin(axis=1), np.arange(len(sites))))  # at the rim of the shell: itself
    return orbits(np.array(images))


def _representatives(table: pd.DataFrame, orbit: np.ndarray) -> pd.DataFrame:
    first = np.unique(orbit, return_index=True)[1]
    return table.iloc[first].assign(multiplicity=np.bincount(orbit))
