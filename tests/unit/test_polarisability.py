"""Dipole and polarisability of a pair from energies and dipoles."""

import numpy as np
import pytest

from esgap.physics.polarisability import estimates, response
from esgap.physics.threshold import PairResponse, threshold

P = np.array([-0.16, 2.3, -0.6])
ALPHA = np.array([[1.2, 0.3, -0.2], [0.3, 2.7, 0.5], [-0.2, 0.5, 1.3]])


def data(fields, noise=0.0, seed=0):
    random = np.random.default_rng(seed)
    energies = 0.74 - fields @ P - 0.5 * np.einsum("ni,ij,nj->n", fields, ALPHA, fields)
    size = np.sqrt((fields**2).sum(axis=1).mean()) or 1.0
    return fields, energies + noise * random.normal(size=len(fields)), P + fields @ ALPHA + noise / size * random.normal(size=fields.shape)


AXES = np.concatenate([[np.zeros(3)], 0.05 * np.eye(3), -0.05 * np.eye(3)])


def test_second_order_is_found_exactly():
    found = response(*data(AXES))
    assert found.energy == pytest.approx(0.74, abs=1e-10) and found.freedom == 7 * 4 - 10
    np.testing.assert_allclose(found.dipole, P, atol=1e-9)
    np.testing.assert_allclose(found.polarisability, ALPHA, atol=1e-8)
    assert all(one.high - one.low < 1e-6 for one in estimates(found))


def test_intervals_hold_the_truth_as_often_as_they_say():
    truth = [0.74, *P, *(ALPHA[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)))]
    hits = []
    for seed in range(200):
        found = estimates(response(*data(AXES, 0.003, seed)))
        hits.append([one.low < true < one.high for one, true in zip(found, truth)])
    share = np.mean(hits, axis=0)
    assert np.all((share > 0.89) & (share < 0.99)), share  # 95 % of 200: 190 +- 3 (one sigma)


def test_what_the_fields_do_not_tell_is_not_given():
    """Fields along y: the dipoles give three elements of alpha, the others are unknown; no field: energy and dipole alone, with no interval."""
    along_y = np.array([[0, y, 0] for y in (-0.05, 0.0, 0.05)])
    values = estimates(response(*data(along_y)))
    assert [k for k, value in enumerate(values) if value is None] == [4, 6, 8]
    assert values[5].value == pytest.approx(2.7, abs=1e-8) and values[9].value == pytest.approx(0.3, abs=1e-8)
    values = estimates(response(*data(np.zeros((1, 3)))))
    assert values[4:] == [None] * 6 and values[0].value == pytest.approx(0.74) and values[0].low is None


@pytest.mark.parametrize("count", [2, 3, 5])
def test_thresholds_of_few_points_hold_the_truth_as_often_as_they_say(count):
    """From the points to the interval, its variance from the scatter of few; the normal distribution's 1.96 holds 70 % with 2 points."""
    fields = np.outer(np.linspace(0, 0.1, count), [1.0, 0, 0])
    truth = threshold(PairResponse(0.74, P, ALPHA), [1, 0, 0]).field.value
    found = [threshold(response(*data(fields, 0.003, seed)), [1, 0, 0]).field for seed in range(300)]
    inside = np.mean([one is not None and one.low <= truth and (one.high is None or truth <= one.high) for one in found])
    assert abs(inside - 0.95) < 0.038, inside  # 3 sigma of 300


SKEW = np.array([1.0, -1.0, 0]) / np.sqrt(2)


def test_a_direction_between_the_axes():
    """Nine points along [1, -1, 0] tell E_f and the dipole along there, and no element of alpha across."""
    fields = np.linspace(-0.1, 0.1, 9)[:, None] * SKEW
    found, truth = response(*data(fields)), PairResponse(0.74, P, ALPHA)
    for sign in (1, -1):
        expected, one = threshold(truth, sign * SKEW).field, threshold(found, sign * SKEW)
        assert (one.field is None) == (expected is None) and "do not tell" not in one.reason
        assert expected is None or one.field.value == pytest.approx(expected.value, rel=1e-8)
    np.testing.assert_allclose(found.formation_energy(fields), data(fields)[1], atol=1e-10)
    assert "do not tell" in threshold(found, [1, 0, 0]).reason and np.isnan(found.formation_energy([0.1, 0, 0]))
    assert found.freedom == 9 * 4 - 7, "E0, three of p, three of alpha.u"
    assert [k for k, value in enumerate(estimates(found)) if value is None] == [4, 5, 6, 7, 8, 9], "of alpha only combinations are told"
    assert np.isnan(found.polarisability).all() and np.isfinite(found.dipole).all()


def test_intervals_along_a_direction_between_the_axes():
    fields = np.linspace(-0.1, 0.1, 3)[:, None] * SKEW
    truth = threshold(PairResponse(0.74, P, ALPHA), -SKEW).field.value
    found = [threshold(response(*data(fields, 0.003, seed)), -SKEW).field for seed in range(300)]
    inside = np.mean([one is not None and one.low <= truth and (one.high is None or truth <= one.high) for one in found])
    assert abs(inside - 0.95) < 0.038, inside
