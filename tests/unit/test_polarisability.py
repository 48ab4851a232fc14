"""Dipole and polarisability of a pair from energies and dipoles."""

import numpy as np
import pytest

from esgap.physics.polarisability import estimates, response

P = np.array([-0.16, 2.3, -0.6])
ALPHA = np.array([[1.2, 0.3, -0.2], [0.3, 2.7, 0.5], [-0.2, 0.5, 1.3]])


def data(fields, noise=0.0, seed=0):
    random = np.random.default_rng(seed)
    energies = 0.74 - fields @ P - 0.5 * np.einsum("ni,ij,nj->n", fields, ALPHA, fields)
    size = np.sqrt((fields**2).sum(axis=1).mean()) or 1.0
    return fields, energies + noise * random.normal(size=len(fields)), P + fields @ ALPHA + noise / size * random.normal(size=fields.shape)


AXES = np.concatenate([[np.zeros(3)], 0.05 * np.eye(3), -0.05 * np.eye(3)])


def test_second_order_is_found_exactly():
    found, freedom = response(*data(AXES))
    assert found.energy == pytest.approx(0.74, abs=1e-10) and freedom == 7 * 4 - 10
    np.testing.assert_allclose(found.dipole, P, atol=1e-9)
    np.testing.assert_allclose(found.polarisability, ALPHA, atol=1e-8)
    assert all(one.high - one.low < 1e-6 for one in estimates(found, freedom))


def test_intervals_hold_the_truth_as_often_as_they_say():
    truth = [0.74, *P, *(ALPHA[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)))]
    hits = []
    for seed in range(200):
        found = estimates(*response(*data(AXES, 0.003, seed)))
        hits.append([one.low < true < one.high for one, true in zip(found, truth)])
    share = np.mean(hits, axis=0)
    assert np.all((share > 0.89) & (share < 0.99)), share  # 95 % of 200: 190 +- 3 (one sigma)


def test_what_the_fields_do_not_tell_is_not_given():
    """Fields along y: the dipoles give three elements of alpha, the others are unknown; no field: energy and dipole alone, with no interval."""
    along_y = np.array([[0, y, 0] for y in (-0.05, 0.0, 0.05)])
    values = estimates(*response(*data(along_y)))
    assert [k for k, value in enumerate(values) if value is None] == [4, 6, 8]
    assert values[5].value == pytest.approx(2.7, abs=1e-8) and values[9].value == pytest.approx(0.3, abs=1e-8)
    values = estimates(*response(*data(np.zeros((1, 3)))))
    assert values[4:] == [None] * 6 and values[0].value == pytest.approx(0.74) and values[0].low is None
