"""Modes of springs."""

import numpy as np
import pytest

from esgap.physics.modes import frequencies, unstable


def test_a_spring():
    """nu = sqrt(k/m)/(2 pi): 3 eV/Angstrom^2 on 7 g/mol; k in N/m is 16.0218 times that in eV/Angstrom^2."""
    expected = np.sqrt(3 * 16.02177 / (7 * 1.660539e-27)) / (2 * np.pi) / 1e12
    found = frequencies(np.diag([3 / 7, -3 / 7, 0.0]))
    np.testing.assert_allclose(found, [-expected, 0, expected], rtol=1e-6, atol=1e-12)
    assert unstable(found) == 1


def test_noise_and_translations_do_not_count():
    assert unstable(np.array([-0.1, -0.01, 0.0, 0.2])) == 0
    assert unstable(np.array([-2.0, -0.5, -0.01, 0.2])) == 2


def test_the_matrix_is_made_symmetric():
    assert frequencies(np.array([[1.0, 0.2], [-0.2, 1.0]])) == pytest.approx([15.6333, 15.6333], rel=1e-4)
