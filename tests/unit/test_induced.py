"""Induced dipoles: against finite differences, one ion by hand, and parameters that a fit must find again."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from esgap.errors import EsgapError
from esgap.physics.induced import Ions, respond, self_interaction
from esgap.physics.locality import induced
from esgap.physics.polarisable import Model, fit
from esgap.units import COULOMB

ELEMENTS = ("Li", "P", "S")
MODEL = Model({"Li": 0.8, "P": 2.9, "S": -(2 * 0.8 + 2.9) / 3}, {"S": 4.5}, 0.55)


def skewed(seed: int = 1) -> Atoms:
    """Six ions in a triclinic cell, none nearer than 2 Angstrom."""
    atoms = Atoms("Li2PS3", scaled_positions=[[0.1, 0.1, 0.1], [0.6, 0.5, 0.1], [0.4, 0.2, 0.6], [0.9, 0.7, 0.5], [0.2, 0.6, 0.45], [0.65, 0.05, 0.3]],
                  cell=[[7.0, 0, 0], [1.9, 6.4, 0], [-1.5, 0.8, 6.9]], pbc=True)  # fmt: skip
    atoms.rattle(0.1, seed=seed)
    return atoms


@pytest.mark.parametrize("of_charges", [True, False])
def test_forces_are_the_slope_of_the_energy(of_charges):
    atoms, ions, field = skewed(), MODEL.ions(skewed().symbols), np.array([0.1, -0.05, 0.02])
    forces = respond(atoms.positions, atoms.cell.array, ions, field, of_charges).forces
    for i in range(len(atoms)):
        for c in range(3):
            step = np.zeros((len(atoms), 3))
            step[i, c] = 1e-4
            high, low = (respond(atoms.positions + sign * step, atoms.cell.array, ions, field, of_charges).energy for sign in (1, -1))
            assert forces[i, c] == pytest.approx(-(high - low) / 2e-4, rel=0, abs=1e-6)
    np.testing.assert_allclose(forces.sum(axis=0), 0, rtol=0, atol=1e-10)


def test_dipole_is_the_slope_of_the_energy_in_a_field():
    atoms, ions = skewed(), MODEL.ions(skewed().symbols)
    found = respond(atoms.positions, atoms.cell.array, ions, np.array([0.1, 0, 0]))
    slope = [(respond(atoms.positions, atoms.cell.array, ions, np.array([0.1, 0, 0]) + h).energy) for h in 1e-4 * np.eye(3)]
    back = [(respond(atoms.positions, atoms.cell.array, ions, np.array([0.1, 0, 0]) - h).energy) for h in 1e-4 * np.eye(3)]
    np.testing.assert_allclose(found.dipoles.sum(axis=0), -(np.array(slope) - back) / 2e-4, rtol=0, atol=1e-7)


def test_one_polarisable_ion_and_a_charge_far_away():
    """mu = alpha q / r^2, U = -KE alpha q^2 / (2 r^4), in a cell so large that images do not matter: 1 % at 40 Angstrom."""
    positions, alpha, r = np.array([[0.0, 0, 0], [6.0, 0, 0], [6.0, 0, 0]]) + 10, 5.0, 6.0
    ions = Ions(np.array([0.0, 1.5, -0.5]), np.array([alpha, 0, 0]), 0.6)
    found = respond(positions, 40.0 * np.eye(3), ions, of_charges=False)
    np.testing.assert_allclose(found.dipoles[0], [-alpha / r**2, 0, 0], rtol=0, atol=0.02 * alpha / r**2)
    assert found.energy == pytest.approx(-COULOMB * alpha / (2 * r**4), rel=0.03)


def test_charges_alone_are_erf_over_r():
    """Two opposite charges against the same of the Ewald method of ASE's neighbours: the Madelung energy of rock salt, whose densities hardly overlap."""
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    ions = Ions(np.where(salt.symbols == "Na", 1.0, -1.0), np.zeros(8), 1.2)
    energy = respond(salt.positions, salt.cell.array, ions).energy
    assert energy == pytest.approx(-4 * 1.747564594633 * COULOMB / 2.82, rel=1e-5)


def test_dipoles_without_a_minimum_are_refused():
    atoms = skewed()
    with pytest.raises(EsgapError, match="strengthen each other without end"):
        respond(atoms.positions, atoms.cell.array, Model(MODEL.charges, {"S": 60.0}, 0.8).ions(atoms.symbols))


def test_self_interaction_is_that_of_one_dipole_in_a_large_cell():
    """Without s an ion by itself would seem less polarisable than it is."""
    ions = Ions(np.array([0.0]), np.array([5.0]), 0.5)
    dipole = respond(np.zeros((1, 3)), 50.0 * np.eye(3), ions, np.array([0.0, 0.0, 1.0])).dipoles[0]
    np.testing.assert_allclose(dipole, [0, 0, 5.0 / COULOMB], rtol=0, atol=1e-3 * 5.0 / COULOMB)
    assert self_interaction(0.5) == pytest.approx(4 / 3 * 0.125 / np.sqrt(np.pi))


def test_a_fit_finds_charges_polarisability_and_width_again():
    base = skewed().repeat((2, 1, 1))
    random, moved = np.random.default_rng(3), []
    for atom in range(8):
        moved.append(base.copy())
        moved[-1].positions[atom] += random.normal(scale=0.2, size=3)
    change = MODEL.changes(base, moved) + 1e-4 * random.normal(size=(len(moved), len(base), 3))
    data = induced(base, moved, change, np.zeros((len(moved), 1, len(base), 3)), 2.0)
    found = fit(data, base, moved, ELEMENTS, ["S"], [0.4, 1.0, -0.6])
    assert found.of("charge Li").value == pytest.approx(0.8, rel=0, abs=0.01)
    assert found.of("charge P").value == pytest.approx(2.9, rel=0, abs=0.03)
    assert found.of("polarisability S").value == pytest.approx(4.5, rel=0, abs=0.05)
    assert found.of("eta").value == pytest.approx(0.55, rel=0, abs=0.005)
    assert all(q.low <= q.value <= q.high and q.high > q.low for q in found.estimates)
    assert 2 * found.of("charge Li").value + found.of("charge P").value + 3 * found.of("charge S").value == pytest.approx(0, abs=1e-12)
