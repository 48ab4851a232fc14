"""Interstitial sites against lattices whose voids are known, and the choice of the atom to move."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from esgap.errors import EsgapError
from esgap.physics.interstitial import check_cell, interstitial_sites

ROOT = Path(__file__).parents[2]
CIF = ROOT / "inputs" / "structures" / "li7p3s11.cif"
XYZ = ["x", "y", "z"]


@pytest.fixture(scope="module")
def li7p3s11():
    return read(CIF).repeat((1, 2, 1))


def rock_salt(cubic: bool) -> Atoms:
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=cubic)
    atoms.symbols[atoms.symbols == "Cl"] = "S"
    return atoms


integers = st.integers(-2, 2)
shears = st.lists(st.tuples(st.permutations(range(3)), integers), max_size=4)


@pytest.mark.parametrize("crystal", [read(CIF), rock_salt(True), rock_salt(False)], ids=["triclinic", "cubic", "primitive"])
@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_same_sites_for_every_description_of_the_crystal(crystal, data):
    """Image of each atom, cell vectors of the lattice, frame and order of the atoms are choices; the sites are not."""
    seed = data.draw(st.integers(0, 10**6))
    random = np.random.default_rng(seed)
    other = crystal.copy()
    other.positions += random.integers(-2, 3, (len(other), 3)) @ crystal.cell.array
    vectors = np.eye(3, dtype=int)
    for (i, j, _), times in data.draw(shears):
        vectors[i] += times * vectors[j]
    rotation = Rotation.random(random_state=seed).as_matrix()
    other.set_cell(vectors @ crystal.cell.array @ rotation.T)
    other.positions = other.positions @ rotation.T
    other = other[random.permutation(len(other))]

    one, two = (interstitial_sites(atoms, "Li", ("S",)) for atoms in (crystal, other))
    assert len(one) == len(two)
    apart = crystal.cell.scaled_positions(one[XYZ].to_numpy())[:, None] - crystal.cell.scaled_positions(two[XYZ].to_numpy() @ rotation)
    distances = np.linalg.norm((apart - apart.round()) @ crystal.cell.array, axis=-1)
    nearest = distances.argmin(axis=1)
    assert sorted(nearest) == list(range(len(two))) and distances.min(axis=1).max() < 1e-6
    columns = ["anion_distance", "same_distance", "cation_distance", "coordination"]
    np.testing.assert_allclose(one[columns], two[columns].iloc[nearest], rtol=0, atol=1e-6)
    np.testing.assert_allclose(one.same_distance, two.same_distance, rtol=0, atol=1e-3)  # the ranks


def test_sites_of_a_supercell_are_those_of_the_cell():
    cell = interstitial_sites(read(CIF), "Li", ("S",))
    larger = interstitial_sites(read(CIF).repeat((2, 1, 1)), "Li", ("S",))
    assert len(larger) == 2 * len(cell)
    np.testing.assert_allclose(larger.coordination.value_counts(), 2 * cell.coordination.value_counts())


def test_tetrahedral_sites_of_rock_salt():
    """In rock salt the octahedral voids of the anions are taken; the 8 tetrahedral ones are free, at (1/4, 1/4, 1/4) a."""
    a = 5.13
    sites = interstitial_sites(rock_salt(True), "Li", ("S",))
    assert len(sites) == 8
    fractional = sites[["x", "y", "z"]].to_numpy() / a
    np.testing.assert_allclose(np.abs(fractional % 0.5 - 0.25), 0, atol=1e-6)
    np.testing.assert_allclose(sites.anion_distance, a * np.sqrt(3) / 4, rtol=1e-6)
    assert (sites.coordination == 4).all()


def test_rank_does_not_depend_on_frame_or_rounding(li7p3s11):
    """Symmetric twins keep their order when coordinates change in the last digits."""
    shaken = li7p3s11.copy()
    shaken.positions += 1e-10 * np.random.default_rng(1).standard_normal(shaken.positions.shape)
    one, other = (interstitial_sites(atoms, "Li", ("S",)) for atoms in (li7p3s11, shaken))
    np.testing.assert_allclose(one[XYZ], other[XYZ], rtol=0, atol=1e-7)


def test_ranked_by_room_for_the_ion(li7p3s11):
    sites = interstitial_sites(li7p3s11, "Li", ("S",))
    assert (np.diff(sites.same_distance) < 1e-3).all()  # ties within the rounding of ranks
    assert sites.anion_distance.between(1.9, 3.2).all()
    assert list(sites.index[:3]) == [1, 2, 3]


def test_cell_too_small(li7p3s11):
    with pytest.raises(EsgapError, match=r"cell is too small .* along b, .* needs 8; enlarge"):
        check_cell(read(CIF), 4.0)
    check_cell(li7p3s11, 4.0)


def test_missing_element(li7p3s11):
    with pytest.raises(EsgapError, match="no Cl in the structure"):
        interstitial_sites(li7p3s11, "Li", ("Cl",))
