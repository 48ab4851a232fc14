"""200 synthetic runs a kind of motion: the intervals at 95 % hold the truth, and are not wider than they need be (minutes)."""

import pytest
from intervals import coverage
from walks import HAVEN


@pytest.mark.parametrize("kind", HAVEN)
def test_intervals_hold_the_truth(kind):
    for name, found in coverage(kind, range(200)).items():
        print(f"{kind} {name}: {found.held} of 200 hold the truth, width {found.width:.2f} of the scatter, bias {found.bias:+.3f}")
        assert found.held >= 181, (name, found)
        assert found.width <= 1.5, (name, found)


def test_intervals_hold_the_truth_when_t0_is_chosen():
    for name, found in coverage("independent", range(200), start=None).items():
        print(f"t0 chosen, {name}: {found.held} of 200 hold the truth, width {found.width:.2f} of the scatter, bias {found.bias:+.3f}")
        assert found.held >= 175, (name, found)
