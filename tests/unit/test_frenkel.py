"""Formation energies and states of a Frenkel pair on cells made by hand."""

import numpy as np
import pytest
from ase.build import bulk

from esgap.physics.frenkel import CellState, formation_energy, left_sites, pair_of, pair_state


def state(energy, dipole=(0, 0, 0)):
    return CellState(energy, np.array(dipole, float), np.zeros((1, 3)))


def test_formation_energy_splits_into_frozen_dipole_and_relaxation():
    perfect0, defect0 = state(-10.0, (0.1, 0.0, 0.0)), state(-9.2, (2.1, 0.5, 0.0))
    perfect, defect = state(-10.05, (0.2, 0.0, 0.0)), state(-9.5, (2.6, 0.5, 0.0))
    energy = formation_energy(perfect, defect, perfect0, defect0, np.array([0.1, 0.0, 0.0]))
    assert energy.total == pytest.approx(0.55, rel=1e-12)
    assert energy.frozen == pytest.approx(0.8 - 2.0 * 0.1, rel=1e-12)
    assert energy.relaxation == pytest.approx(0.55 - 0.6, rel=1e-12)
    np.testing.assert_allclose(energy.dipole, [2.4, 0.5, 0.0], rtol=1e-12)


@pytest.fixture
def crystal():
    """LiCl 2x2x2: the lithium at index 0 moves to the tetrahedral site at (3/4, 3/4, 3/4) of the first cell."""
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True).repeat(2)
    mobile = np.flatnonzero(atoms.symbols == "Li")
    return atoms, mobile, np.full(3, 0.75 * 5.13)


def classify(crystal, change):
    """State of the pair after `change` to the defect cell, made from the crystal."""
    atoms, mobile, site = crystal
    defect = atoms.positions.copy()
    change(defect, mobile, site)
    return pair_state(*(CellState(0.0, np.zeros(3), x) for x in (atoms.positions, defect)), site, mobile, int(mobile[0]), atoms.cell.array)


def made(defect, mobile, site):
    """The pair as it was made, a little relaxed."""
    defect[mobile[0]] = site + 0.3


def test_intact(crystal):
    assert classify(crystal, made) == "intact"


def test_intact_in_a_drifted_crystal_and_another_image(crystal):
    def change(defect, mobile, site):
        defect[mobile[0]] = site + [2 * 5.13, 0, 0]
        defect += 2.0

    assert classify(crystal, change) == "intact"


def test_recombined(crystal):
    def change(defect, mobile, site):
        defect[mobile[0]] += 0.2

    assert classify(crystal, change) == "recombined"


def test_another_ion_fell_into_the_vacancy(crystal):
    def change(defect, mobile, site):
        defect[mobile[5]] = defect[mobile[0]]
        defect[mobile[0]] = site

    assert classify(crystal, change) == f"ion {crystal[1][5] + 1} left its site"


def test_another_ion_left_its_site_beside_the_vacancy(crystal):
    def change(defect, mobile, site):
        made(defect, mobile, site)
        defect[mobile[7]] += 1.8

    assert classify(crystal, change) == f"ion {crystal[1][7] + 1} left its site"


def test_interstitial_moved_elsewhere(crystal):
    def change(defect, mobile, site):
        defect[mobile[0]] = site + [5.13 / 2, 0, 0]

    assert classify(crystal, change) == "interstitial moved"


@pytest.mark.parametrize("count, words", [(0, ""), (1, "ion {0} left its site"), (3, "ions {0}, {1}, {2} left their sites"), (9, "9 ions left their sites")])
def test_perfect_cell_rearranged(crystal, count, words):
    """A crystal that falls apart is told by how many ions left, not by a list of them."""
    atoms, mobile, _ = crystal
    after = atoms.positions.copy()
    after[mobile[:count]] += 1.8
    left = left_sites(*(CellState(0.0, np.zeros(3), x) for x in (atoms.positions, after)), mobile, atoms.cell.array)
    assert left == words.format(*(mobile[:count] + 1))


def test_pair_is_what_the_defect_has_more():
    pair = pair_of(CellState(-10.0, np.array([0.1, 0, 0]), np.zeros((1, 3)), 0.25), CellState(-9.2, np.array([2.1, 0.5, 0]), np.ones((1, 3)), 0.5))
    assert pair.energy == pytest.approx(0.8, rel=1e-12) and pair.squared_force == 0.75
    np.testing.assert_allclose(pair.dipole, [2.0, 0.5, 0.0], rtol=1e-12)
