"""Dipoles and their periodic images: direct sums, known constants, a lattice that polarises, extrapolation."""

import numpy as np
import pytest
from ase.io import read
from places import CIF
from scipy.special import erfc

from esgap.errors import EsgapError
from esgap.physics.images import image_energy, image_tensor, ionic_dielectric, isolated, lattice_points
from esgap.units import COULOMB

CUBE = 10.0 * np.eye(3)
EPS = np.array([[9.0, 1.5, -0.8], [1.5, 6.0, 0.4], [-0.8, 0.4, 14.0]])


def direct_sum(cell, eps, reach):
    """T by a plain sum over images in growing ellipsoids r.eps^-1.r < s^2, with a soft edge; the surface of the ellipsoid taken off."""
    inverse, volume = np.linalg.inv(eps), abs(np.linalg.det(cell))
    r = lattice_points(cell, 4 * reach * np.sqrt(np.linalg.eigvalsh(eps).max()))
    s2 = np.einsum("ni,ij,nj->n", r, inverse, r)
    r, s2 = r[s2 < (4 * reach) ** 2], s2[s2 < (4 * reach) ** 2]
    soft = (1 + s2 / reach**2) * np.exp(-s2 / reach**2)  # its second moment in Fourier space vanishes: the error goes as reach^-4
    x = r @ inverse
    near = inverse * (soft / s2**1.5).sum() - 3 * np.einsum("n,ni,nj", soft / s2**2.5, x, x)
    return COULOMB * (near / np.sqrt(np.linalg.det(eps)) - 4 * np.pi / (3 * volume) * inverse)


def test_cube_is_makov_and_payne():
    assert image_energy([0.0, 0.6, 0.8], CUBE) == pytest.approx(-2 * np.pi * COULOMB / (3 * 1000), rel=1e-12)
    assert image_energy([0.0, 3.0, 0.0], CUBE, 5.0) == pytest.approx(-2 * np.pi * 9 * COULOMB / (3 * 5 * 1000), rel=1e-12)


def test_oblique_cell_in_empty_space():
    cell = read(CIF).cell.array
    np.testing.assert_allclose(image_tensor(cell), direct_sum(cell, np.eye(3), 60.0), rtol=0, atol=4e-5 * np.abs(image_tensor(cell)).max())


@pytest.mark.parametrize("cell", [CUBE, read(CIF).cell.array], ids=["cube", "triclinic"])
def test_anisotropic_medium(cell):
    expected = direct_sum(cell, EPS, 20.0)
    np.testing.assert_allclose(image_tensor(cell, EPS), expected, rtol=0, atol=4e-5 * np.abs(expected).max())


def test_rotating_everything_changes_nothing():
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    cell, dipole = read(CIF).cell.array, np.array([1.0, -2.0, 0.5])
    turned = image_energy(turn @ dipole, cell @ turn.T, turn @ EPS @ turn.T)
    assert turned == pytest.approx(image_energy(dipole, cell, EPS), rel=1e-10)


def lattice_with_a_dipole(n, polarisability, dipole):
    """Energy (eV) and dipole of n^3 points of a cubic lattice, 1 Angstrom apart, that polarise (Angstrom^3), one replaced by a fixed dipole.

    Periodic, tin-foil. The field of a lattice of dipoles at another site by Ewald's sum; the response by linear equations.
    """
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    g = 2.7 / n ** (2 / 3)
    span = int(6 / (g * n)) + 1
    images = np.stack(np.meshgrid(*[np.arange(-span, span + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * n
    waves = lattice_points(2 * np.pi / n * np.eye(3), 12 * g)
    weight = 4 * np.pi / n**3 * np.exp(-(waves**2).sum(axis=1) / (4 * g**2)) / (waves**2).sum(axis=1)
    tensors = np.zeros((n, n, n, 3, 3))
    for place in grid:
        r = place + images
        r = r[(r**2).sum(axis=1) > 0]
        d = np.sqrt((r**2).sum(axis=1))
        gauss = 2 * g / np.sqrt(np.pi) * np.exp(-((g * d) ** 2))
        along = erfc(g * d) / d**3 + gauss / d**2
        near = along.sum() * np.eye(3) - np.einsum("n,ni,nj", (3 * along + 2 * g**2 * gauss) / d**2, r, r)
        tensors[tuple(place)] = near + np.einsum("n,ni,nj", weight * np.cos(waves @ place), waves, waves)
    tensors[0, 0, 0] -= 4 * g**3 / (3 * np.sqrt(np.pi)) * np.eye(3)
    apart = (grid[:, None] - grid) % n
    full = tensors[apart[..., 0], apart[..., 1], apart[..., 2]].transpose(0, 2, 1, 3).reshape(3 * n**3, 3 * n**3)
    p, fixed, rest = np.array(dipole), slice(0, 3), slice(3, None)
    induced = np.linalg.solve(full[rest, rest] + np.eye(3 * n**3 - 3) / polarisability, -full[rest, fixed] @ p)
    energy = COULOMB / 2 * p @ (full[fixed, fixed] @ p + full[fixed, rest] @ induced)
    return energy, p + induced.reshape(-1, 3).sum(axis=0)


def test_a_dipole_in_a_lattice_that_screens():
    """Microscopic: the part of the energy that goes with 1/V is that of the whole dipole at zero field in Clausius and Mossotti's medium."""
    polarisability, dipole, sizes = 0.08, np.array([0.3, 0.0, 0.1]), np.array([5, 6, 8])
    x = 4 * np.pi / 3 * polarisability
    eps = (1 + 2 * x) / (1 - x)
    energies, dipoles = zip(*(lattice_with_a_dipole(n, polarisability, dipole) for n in sizes))
    inverse = 1.0 / sizes**3
    slope = np.linalg.solve(np.column_stack([np.ones(3), inverse, inverse**2]), energies)[1]
    expected = image_energy(dipoles[-1], np.eye(3), eps)
    assert slope == pytest.approx(expected, rel=0.03)
    assert abs(image_energy(dipole, np.eye(3), eps) / expected - 1) > 0.3 and eps > 2  # the bare dipole or no screening would be far off


def test_dielectric_from_small_fields():
    fields = np.array([[0, 0, 0], [0.01, 0, 0], [0, 0.01, 0], [0, 0, 0.01], [-0.01, 0, 0], [0, -0.01, 0], [0, 0, -0.01]])
    alpha = (EPS - np.eye(3)) * 800 / (4 * np.pi * COULOMB)
    np.testing.assert_allclose(ionic_dielectric(fields, [4.0, -3.0, 1.0] + fields @ alpha, 800.0), EPS, rtol=1e-9)
    with pytest.raises(EsgapError, match="take at least two fields"):
        ionic_dielectric(fields[:3], np.zeros((3, 3)), 800.0)
    with pytest.raises(EsgapError, match="principal value -"):
        ionic_dielectric(fields, -9 * fields, 800.0)
    with pytest.raises(EsgapError, match="not symmetric"):
        ionic_dielectric(fields, fields @ np.array([[9.0, 9, 0], [0, 9, 0], [0, 0, 9]]), 800.0)


def test_extrapolation_to_an_isolated_pair():
    volumes = np.array([1000.0, 2000.0, 4000.0])
    exact = isolated(0.7 - 30.0 / volumes, volumes)
    assert exact.value == pytest.approx(0.7, rel=1e-12) and exact.high - exact.low < 1e-9
    scattered = isolated(0.7 - 30.0 / volumes + [0.001, -0.002, 0.001], volumes)
    assert scattered.low < 0.7 < scattered.high and scattered.high - scattered.low > 1e-3
    assert isolated([0.67, 0.685], volumes[:2]).low is None
    with pytest.raises(EsgapError, match="second supercell"):
        isolated([0.67, 0.68], [1000.0, 1000.0])
