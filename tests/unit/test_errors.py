"""Errors over configurations and their intervals."""

import numpy as np
import pytest

from esgap.physics.errors import FEWEST, mean_absolute, rms


def test_every_number_counts_once():
    groups = [np.array([[3.0, 4.0]]), np.array([0.0])] * 5
    assert rms(groups).value == pytest.approx(np.sqrt(25 / 3), rel=1e-12)
    assert mean_absolute(groups) == pytest.approx(7 / 3, rel=1e-12)


def test_few_configurations_have_no_interval():
    found = rms([np.ones(3)] * (FEWEST - 1))
    assert found.low is None and found.high is None and "no interval: 4 configurations" in found.method


def test_interval_holds_the_truth():
    """50 configurations whose errors have sizes of their own: about 95 % of the intervals hold the true value, no more than 4 % less."""
    random = np.random.default_rng(3)
    truth = np.sqrt(np.mean(np.array([0.5, 1.0, 1.5]) ** 2))
    inside = 0
    for _ in range(300):
        found = rms([random.choice([0.5, 1.0, 1.5]) * random.standard_normal(20) for _ in range(50)])
        inside += found.low < truth < found.high
    assert inside / 300 > 0.91


def test_one_bad_configuration_widens_the_interval():
    good = [np.full(10, 0.1)] * 9
    assert rms(good).high - rms(good).low < 1e-12
    bad = rms([*good, np.full(10, 2.0)])
    assert bad.low < 0.15 and bad.high > 0.8
