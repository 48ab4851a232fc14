"""Born charges and the permittivity of clamped ions from a crystal whose energy in a field is known; CP2K's words for both."""

import numpy as np
import pytest
from ase.units import Bohr, Hartree
from places import ROOT

from esgap import cp2k
from esgap.errors import EsgapError
from esgap.physics import born
from esgap.studies.born.deck import section
from esgap.units import COULOMB

OUTPUTS = ROOT / "inputs/born/outputs"
FIELD = 0.02
CELL = np.array([[9.0, 0.0, 0.0], [2.0, 8.0, 0.0], [-3.0, 1.0, 10.0]])
EPS = np.array([[3.5, 0.2, -0.1], [0.2, 3.0, 0.05], [-0.1, 0.05, 2.6]])
RANDOM = np.random.default_rng(5)
TENSORS = RANDOM.normal(size=(7, 3, 3))
AT_REST, EVEN, PERMANENT = RANDOM.normal(size=(7, 3)), RANDOM.normal(size=(7, 3)), RANDOM.normal(size=3)


def forces(field):
    """In a field (3,): of the ions at rest, Z* E, and a term of second order."""
    return AT_REST + TENSORS @ field + EVEN * (field @ field)


def dipole(field):
    return PERMANENT + np.linalg.det(CELL) / (4 * np.pi * COULOMB) * (EPS - np.eye(3)) @ field


def energy(field):
    return -100.0 - PERMANENT @ field - 0.5 * (dipole(field) - PERMANENT) @ field


@pytest.mark.parametrize("axis", range(3))
def test_known_crystal(axis):
    """Whatever lattice vectors the dipoles are off by."""
    step = FIELD * np.eye(3)[axis]
    np.testing.assert_allclose(born.charges(forces(step), forces(-step), FIELD), TENSORS[:, :, axis], rtol=1e-9)
    for shift in ([0, 0, 0], [1, -2, 0], [3, 1, 1]):
        found = born.permittivity(dipole(step) + np.array(shift) @ CELL, dipole(-step), FIELD, axis, CELL)
        np.testing.assert_allclose(found, EPS[:, axis], rtol=1e-9)
    assert born.permittivity_of_energies(energy(step), energy(0 * step), energy(-step), FIELD, CELL) == pytest.approx(EPS[axis, axis], rel=1e-8)


def test_drop_over_a_cell():
    assert [born.drop(0.1, axis, CELL) for axis in range(3)] == pytest.approx([0.9, 0.8, 1.0], rel=1e-12)


def test_field_in_atomic_units():
    lines = [line.split() for line in section(-5e-4 * Hartree / Bohr, 1).splitlines()]
    assert lines[1:3] == [["INTENSITY", "-0.0005000000"], ["POLARISATION", "0", "1", "0"]]


def test_output_in_a_field():
    """2.8849 Debye and -740.0104 Hartree of the worked case."""
    file = OUTPUTS / "xp.out"
    text = cp2k.finished(file)
    np.testing.assert_allclose(cp2k.dipole(text, file), np.array([2.8848835, 0.038431228, -0.050507304]) * 0.20819434, rtol=1e-6)
    assert cp2k.energy(text, file) == pytest.approx(-740.010396861 * 27.2113862, rel=1e-8)
    assert cp2k.forces(text, 84, file)[0] == pytest.approx(np.array([0.00065464, 0.00035741, 0.00014432]) * 51.4220675, rel=1e-7)


def test_output_without_what_is_needed(tmp_path):
    text = (OUTPUTS / "xp.out").read_text()
    with pytest.raises(EsgapError, match="no Berry-phase dipole: the template must print &MOMENTS"):
        cp2k.dipole(text.replace("Dipole moment", "Moment"), tmp_path)
    with pytest.raises(EsgapError, match="no Berry-phase dipole"):  # that of a cluster
        cp2k.dipole(text.replace("based on the periodic (Berry phase) operator", "based on the traditional operator"), tmp_path)
    with pytest.raises(EsgapError, match="no @FIELD@"):
        cp2k.deck("@CELL@ @COORD@", cp2k.Atoms(), {"@FIELD@": "&PERIODIC_EFIELD"})
