"""Formation energies and states of a Frenkel pair on cells made by hand."""

import numpy as np
import pytest
from ase.build import bulk

from esgap.physics.frenkel import CellState, energy_jump, formation_energy, jump_limit, pair_state


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


def test_energy_is_the_work_of_the_field_on_one_branch():
    """U = U0 - p0.E - E.chi.E/2 with p = p0 + chi.E: nothing is left over; 0.1 eV that are no work are."""
    p0, chi = np.array([0.3, -0.1, 0.2]), np.array([[18.0, 1.0, 0.5], [1.0, 13.0, 0.0], [0.5, 0.0, 11.0]])

    def relaxed(field, offset=0.0):
        return state(-5.0 - p0 @ field - field @ chi @ field / 2 + offset, p0 + chi @ field)

    one, two = np.array([0.05, 0.0, 0.0]), np.array([0.1, 0.0, 0.0])
    assert energy_jump(relaxed(one), relaxed(two), two - one) == pytest.approx(0.0, abs=1e-12)
    assert energy_jump(relaxed(one), relaxed(two, -0.1), two - one) == pytest.approx(-0.1, abs=1e-12)


@pytest.mark.parametrize("force, told", [(0.01, True), (0.3, False)])
def test_what_a_minimisation_left_undone_is_no_other_state(force, told):
    """42 ions in springs of 2 eV/Angstrom^2, stopped at `force`, relax the rest of their way in the next field: no jump. A fall by 0.1 eV is told
    when the forces are small enough to tell it."""
    spring, count = 2.0, 42
    stopped = CellState(-5.0 + count * force**2 / (2 * spring), np.zeros(3), np.zeros((count, 3)), count * force**2)
    relaxed, fallen = (CellState(energy, np.zeros(3), np.zeros((count, 3))) for energy in (-5.0, -5.1))
    assert abs(energy_jump(stopped, relaxed, np.zeros(3))) < jump_limit(stopped, relaxed)
    assert (abs(energy_jump(stopped, fallen, np.zeros(3))) > jump_limit(stopped, fallen)) == told


@pytest.fixture
def crystal():
    """LiCl 2x2x2: the lithium at index 0 moves to the tetrahedral site at (3/4, 3/4, 3/4) of the first cell."""
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True).repeat(2)
    mobile = np.flatnonzero(atoms.symbols == "Li")
    return atoms, mobile, np.full(3, 0.75 * 5.13)


def classify(crystal, change, change_perfect=None):
    """State of the pair after `change` to the defect cell (and `change_perfect` to the perfect one), made from the crystal."""
    atoms, mobile, site = crystal
    cells = [atoms.positions.copy() for _ in range(2)]
    change(cells[1], mobile, site)
    if change_perfect:
        change_perfect(cells[0], mobile, site)
    perfect0, perfect, defect = (CellState(0.0, np.zeros(3), x) for x in (atoms.positions, *cells))
    return pair_state(perfect, defect, perfect0, site, mobile, int(mobile[0]), atoms.cell.array)


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


def test_perfect_cell_rearranged(crystal):
    def leave(perfect, mobile, site):
        perfect[mobile[2]] += 1.8

    assert classify(crystal, made, leave) == f"perfect cell: ion {crystal[1][2] + 1} left its site"
