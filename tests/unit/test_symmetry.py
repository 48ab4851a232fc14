"""Orbits of sites and of pairs under the space group, against crystals where they are known."""

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
from esgap.physics.symmetry import inequivalent_pairs, inequivalent_sites, operations, permutations

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
    """192 operations of the cubic cell; its 8 tetrahedral sites are one orbit, and the 4 x 8 pairs are one: each site has the 4 ions around it."""
    sites = interstitial_sites(rock_salt, "Li", ("S",))
    assert len(operations(rock_salt)[0]) == 192
    assert inequivalent_sites(rock_salt, sites).multiplicity.tolist() == [8]
    pairs = inequivalent_pairs(rock_salt, sites, "Li", charge=0.5)
    assert pairs.multiplicity.tolist() == [32]
    np.testing.assert_allclose(pairs.distance, 5.13 * np.sqrt(3) / 4, rtol=1e-9)
    np.testing.assert_allclose(pairs[["px", "py", "pz"]], 0.5 * pairs[["dx", "dy", "dz"]], rtol=1e-12)


def test_shells_of_a_larger_cell(rock_salt):
    """In 2 x 2 x 2 cells the pairs fall into shells: 4 ions at sqrt(3)/4 a, 12 at sqrt(11)/4 a, 12 at sqrt(19)/4 a (32 ions in all, the rest beyond)."""
    atoms = rock_salt.repeat(2)
    pairs = inequivalent_pairs(atoms, interstitial_sites(atoms, "Li", ("S",)), "Li")
    assert pairs.multiplicity.sum() == 32 * 64
    np.testing.assert_allclose(pairs.distance[:3], 5.13 * np.sqrt([3, 11, 19]) / 4, rtol=1e-9)
    assert pairs.multiplicity[:3].tolist() == [4 * 64, 12 * 64, 12 * 64]


def test_twins_of_the_triclinic_cell(li7p3s11):
    """P-1 in 1 x 2 x 1 cells: inversion and one translation, so that orbits have 4 members, or 2 at an inversion centre."""
    sites = interstitial_sites(li7p3s11, "Li", ("S",))
    found = inequivalent_sites(li7p3s11, sites)
    assert set(found.multiplicity) <= {2, 4} and found.multiplicity.sum() == len(sites) == 106
    pairs = inequivalent_pairs(li7p3s11, sites, "Li")
    assert pairs.multiplicity.sum() == 28 * 106 and set(pairs.multiplicity) <= {2, 4}
    assert np.all(np.diff(pairs.distance) > -1e-3)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_pairs_do_not_depend_on_order_or_image(li7p3s11, seed):
    random = np.random.default_rng(seed)
    other = li7p3s11[random.permutation(84)]
    other.positions += random.integers(-2, 3, (84, 3)) @ other.cell.array
    one, two = (inequivalent_pairs(atoms, interstitial_sites(atoms, "Li", ("S",)), "Li") for atoms in (li7p3s11, other))
    columns = ["distance", "multiplicity"]
    np.testing.assert_allclose(one[columns].sort_values(columns), two[columns].sort_values(columns), rtol=0, atol=1e-6)


def test_sites_without_the_symmetry_of_the_crystal(rock_salt):
    with pytest.raises(EsgapError, match="the sites lack the symmetry that spglib finds within 0.01 Angstrom"):
        permutations(rock_salt, np.array([[1.0, 0.7, 0.3]]))


def test_no_such_element(rock_salt):
    with pytest.raises(EsgapError, match="no Na in the structure"):
        inequivalent_pairs(rock_salt, pd.DataFrame({"x": [0.0], "y": [0.0], "z": [0.0]}), "Na")
