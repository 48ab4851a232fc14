"""Interstitial sites against lattices whose voids are known, and the choice of the atom to move."""

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read
from pathlib import Path

from esgap.errors import EsgapError
from esgap.interstitial import atom_to_move, check_cell, interstitial_sites

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def li7p3s11():
    return read(ROOT / "inputs" / "structures" / "li7p3s11.cif").repeat((1, 2, 1))


def test_tetrahedral_sites_of_rock_salt():
    """In rock salt the octahedral voids of the anions are taken; the 8 tetrahedral ones are free, at (1/4, 1/4, 1/4) a."""
    a = 5.13
    atoms = bulk("LiCl", "rocksalt", a=a, cubic=True)
    atoms.symbols[atoms.symbols == "Cl"] = "S"
    sites = interstitial_sites(atoms, "Li", ("S",))
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
    np.testing.assert_allclose(one[["x", "y", "z"]], other[["x", "y", "z"]], rtol=0, atol=1e-7)


def test_ranked_by_room_for_the_ion(li7p3s11):
    sites = interstitial_sites(li7p3s11, "Li", ("S",))
    assert (np.diff(sites.same_distance) < 1e-3).all()  # ties within the rounding of ranks
    assert sites.anion_distance.between(1.9, 3.2).all()
    assert list(sites.index[:3]) == [1, 2, 3]


def test_atom_to_move_is_the_nearest_beyond_the_separation(li7p3s11):
    site = interstitial_sites(li7p3s11, "Li", ("S",)).loc[1, ["x", "y", "z"]].to_numpy(float)
    index, displacement = atom_to_move(li7p3s11, site, "Li", 4.0)
    length = np.linalg.norm(displacement)
    others = li7p3s11.get_distances(index, range(len(li7p3s11)), mic=True)
    assert li7p3s11.symbols[index] == "Li" and 4.0 <= length < 5.0 and others.size
    landed = li7p3s11.cell.scaled_positions(li7p3s11.positions[index] + displacement - site)
    np.testing.assert_allclose(landed, np.round(landed), atol=1e-9)


def test_cell_too_small(li7p3s11):
    with pytest.raises(EsgapError, match=r"cell is too small .* along b, .* needs 8; enlarge"):
        check_cell(read(ROOT / "inputs" / "structures" / "li7p3s11.cif"), 4.0)
    check_cell(li7p3s11, 4.0)


def test_no_atom_far_enough(li7p3s11):
    with pytest.raises(EsgapError, match="no Li atom is 50 Angstrom"):
        atom_to_move(li7p3s11, np.zeros(3), "Li", 50.0)


def test_missing_element(li7p3s11):
    with pytest.raises(EsgapError, match="no Cl in the structure"):
        interstitial_sites(li7p3s11, "Li", ("Cl",))
