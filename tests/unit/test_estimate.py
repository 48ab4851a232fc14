"""Intervals by a committee: they hold the truth at their rate however few members there are, and add to other intervals as squares."""

import numpy as np
import pytest

from esgap.physics.estimate import Estimate, standard_errors


@pytest.mark.parametrize("members", [2, 4, 16])
def test_the_interval_holds_the_truth_at_its_rate(members):
    """Truth and members are drawn about one value with one standard deviation; 4000 draws have a standard error of 0.35 %."""
    rng = np.random.default_rng(members)
    held = []
    for truth, *drawn in rng.normal(scale=0.3, size=(4000, members + 1)):
        estimate = Estimate(0.0).with_committee(np.array(drawn))
        held.append(estimate.low < truth < estimate.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


def test_widths_add_as_squares_and_each_end_for_itself():
    alone = Estimate(1.0).with_committee(np.array([0.1, -0.1]))
    reach = 4.302652729911275 * 0.1  # t of two degrees of freedom
    assert (alone.low, alone.high) == pytest.approx((1 - reach, 1 + reach), rel=1e-9)
    both = Estimate(1.0, 0.7, 1.4, "fit").with_committee(np.array([0.1, -0.1]))
    assert (both.low, both.high) == pytest.approx((1 - np.hypot(0.3, reach), 1 + np.hypot(0.4, reach)), rel=1e-9)
    assert both.method == "fit; committee of 2, Student's t"


def test_no_members_no_change():
    assert Estimate(1.0).with_committee(np.empty(0)) == Estimate(1.0)


@pytest.mark.parametrize("freedom, expected", [(1, 12.7062047), (5, 2.5705818), (np.inf, 1.9599640)])
def test_standard_errors_are_those_of_the_tables_of_t(freedom, expected):
    assert standard_errors(freedom) == pytest.approx(expected, rel=1e-7, abs=0)
