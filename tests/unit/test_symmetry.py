"""Orbits of sites and of pairs under the space group, against crystals where they are known."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st

from esgap.errors import EsgapError
from esgap.physics.interstitial import interstitial_sites
from esgap.physics.symmetry import inequivalent_pairs, inequivalent_sites, operations, permutations, space_group

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rock_salt() -> Atoms:
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    atoms.symbols[atoms.symbols == "Cl"] = "S"
    return atoms


@pytest.fixture(scope="module")
def li7p3s11() -> Atoms:
    return read(ROOT / "inputs" / "structures" / "li7p3s11.cif").repeat((1, 2, 1))


def test_rock_salt(rock_salt):
    """192 operations of the cubic cell; its 8 tetrahedral sites are one orbit. Around each of the 4 ions are 8 sites at sqrt(3)/4 a, 24 at sqrt(11)/4 a,
    24 at sqrt(19)/4 a; each shell is one kind of pair, in a cell and in its supercell."""
    sites = interstitial_sites(rock_salt, "Li", ("S",))
    assert len(operations(rock_salt)[0]) == 192
    assert inequivalent_sites(rock_salt, sites).multiplicity.tolist() == [8]
    for atoms in (rock_salt, rock_salt.repeat((2, 2, 2))):
        pairs = inequivalent_pairs(atoms, interstitial_sites(atoms, "Li", ("S",)), "Li", 1.0, 6.0)
        assert (pairs.multiplicity / (len(atoms) / 8)).tolist() == [32, 96, 96]
        np.testing.assert_allclose(pairs.distance, 5.13 * np.sqrt([3, 11, 19]) / 4, rtol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(pairs[["dx", "dy", "dz"]], axis=1), pairs.distance, rtol=1e-12)
        assert list(pairs.index) == ["Li1-i1-2.22", "Li1-i1-4.25", "Li1-i1-5.59"]


def test_twins_of_the_triclinic_cell(li7p3s11):
    """P-1 in 1 x 2 x 1 cells: inversion and one translation. No ion is at an inversion centre, so pairs have 4 members; the ion of a pair lands on its site."""
    sites = interstitial_sites(li7p3s11, "Li", ("S",))
    found = inequivalent_sites(li7p3s11, sites)
    assert set(found.multiplicity) <= {2, 4} and found.multiplicity.sum() == len(sites) == 106
    pairs = inequivalent_pairs(li7p3s11, sites, "Li", 2.5, 6.0)
    assert set(pairs.multiplicity) == {4} and pairs.index.is_unique
    assert np.all(np.diff(pairs.distance) > -1e-3) and pairs.distance.between(2.5, 6.0).all()
    landed = li7p3s11.positions[pairs.atom] + pairs[["dx", "dy", "dz"]].to_numpy() - sites.loc[pairs.site, ["x", "y", "z"]].to_numpy()
    fractional = li7p3s11.cell.scaled_positions(landed)
    np.testing.assert_allclose(fractional, fractional.round(), atol=1e-9)
    count = sum((get_distances_to_images(li7p3s11, atom, sites) >= 2.5).sum() for atom in range(len(li7p3s11)) if li7p3s11.symbols[atom] == "Li")
    assert pairs.multiplicity.sum() == count, "every pair is in one orbit"
    unit = li7p3s11[:42]
    unit.cell[1] /= 2
    smaller = inequivalent_pairs(unit, interstitial_sites(unit, "Li", ("S",)), "Li", 2.5, 6.0)
    np.testing.assert_allclose(smaller.distance, pairs.distance, atol=2e-3)
    assert set(smaller.multiplicity) == {2}


def get_distances_to_images(atoms: Atoms, ion: int, sites: pd.DataFrame, reach: float = 6.0) -> np.ndarray:
    """Distances from an ion to all images of all sites within reach, by brute force."""
    shifts = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3), axis=-1).reshape(-1, 3) @ atoms.cell.array
    places = (sites[["x", "y", "z"]].to_numpy()[:, None] + shifts).reshape(-1, 3)
    ion = atoms.cell.cartesian_positions(atoms.get_scaled_positions()[ion])
    distances = np.linalg.norm(places - ion, axis=1)
    return distances[distances <= reach]


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_pairs_do_not_depend_on_order_or_image(li7p3s11, seed):
    random = np.random.default_rng(seed)
    other = li7p3s11[random.permutation(84)]
    other.positions += random.integers(-2, 3, (84, 3)) @ other.cell.array
    one, two = (inequivalent_pairs(atoms, interstitial_sites(atoms, "Li", ("S",)), "Li", 4.0, 6.0) for atoms in (li7p3s11, other))
    columns = ["distance", "multiplicity"]
    np.testing.assert_allclose(one[columns].sort_values(columns), two[columns].sort_values(columns), rtol=0, atol=1e-6)


def test_sites_without_the_symmetry_of_the_crystal(rock_salt):
    with pytest.raises(EsgapError, match="the sites lack the symmetry that spglib finds within 0.01 Angstrom"):
        permutations(rock_salt, np.array([[1.0, 0.7, 0.3]]))


def test_no_such_element(rock_salt):
    with pytest.raises(EsgapError, match="no Na in the structure"):
        inequivalent_pairs(rock_salt, pd.DataFrame({"x": [0.0], "y": [0.0], "z": [0.0]}), "Na", 1.0, 6.0)


def test_no_pair_of_such_a_distance(rock_salt):
    with pytest.raises(EsgapError, match="no interstitial site is 3 to 4 Angstrom from a Li atom"):
        inequivalent_pairs(rock_salt, interstitial_sites(rock_salt, "Li", ("S",)), "Li", 3.0, 4.0)


def test_overlapping_atoms_have_no_symmetry():
    """Told by spglib's own error, without a warning."""
    atoms = Atoms("Na2", positions=[[0.0, 0.0, 0.0]] * 2, cell=[4.0] * 3, pbc=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(EsgapError, match="spglib finds no space group for Na2 within 0.01 Angstrom"):
            operations(atoms)
        assert space_group(atoms) == "-"
        assert space_group(bulk("NaCl", "rocksalt", 5.6)) == "Fm-3m (225)"
