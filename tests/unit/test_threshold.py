"""The field at which a pair costs nothing: roots, directions without one, intervals that hold the truth as often as they say."""

import numpy as np
import pytest

from esgap.errors import EsgapError
from esgap.physics.threshold import PairResponse, circle, design, threshold
from esgap.report.polar import zero_energy_fields

ALPHA = np.array([[4.0, 0.5, -0.3], [0.5, 2.0, 0.2], [-0.3, 0.2, 6.0]])
PAIR = PairResponse(0.8, np.array([3.0, -1.0, 0.5]), ALPHA)


def test_energy_of_the_response():
    field = np.array([0.1, -0.05, 0.2])
    expected = 0.8 - PAIR.dipole @ field - 0.5 * field @ ALPHA @ field
    assert PAIR.formation_energy(field) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(PairResponse.of(PAIR.parameters).polarisability, ALPHA, rtol=0, atol=0)


def test_energy_is_zero_there_and_not_before():
    for direction in np.random.default_rng(1).normal(size=(20, 3)):
        unit, found = direction / np.linalg.norm(direction), threshold(PAIR, direction).field.value
        along = PAIR.formation_energy(np.linspace(0, found, 50)[:, None] * unit)
        assert along[-1] == pytest.approx(0, abs=1e-12) and (along[:-1] > 0).all()


def test_directions_without_a_threshold():
    stiff = PairResponse(0.8, PAIR.dipole, -ALPHA)
    assert threshold(stiff, [-1, 0, 0]).field is None and "stays above zero" in threshold(stiff, [-1, 0, 0]).reason
    assert threshold(PairResponse(0.8, np.array([1.0, 0, 0]), -ALPHA), [1, 0, 0]).field is None  # the dipole gains less than the ions resist
    assert threshold(PairResponse(0.8, np.zeros(3), np.zeros((3, 3))), [0, 1, 0]).field is None
    assert threshold(PairResponse(0.8, PAIR.dipole, np.zeros((3, 3))), [1, 0, 0]).field.value == pytest.approx(0.8 / 3, rel=1e-12)
    assert "without field already" in threshold(PairResponse(-0.1, PAIR.dipole, ALPHA), [1, 0, 0]).reason
    assert "beyond the field to which the pair was followed, 0.1" in threshold(PAIR, [1, 0, 0], largest=0.1).reason and not threshold(PAIR, [1, 0, 0], largest=0.3).reason
    for wrong in ([0, 0, 0], [1, 2], [np.nan, 0, 1]):
        with pytest.raises(EsgapError, match="is no direction"):
            threshold(PAIR, wrong)


def measured(seed, noise=0.01):
    """The response fitted to energies with known noise in fields up to 0.2 V/Angstrom."""
    random = np.random.default_rng(seed)
    fields = np.concatenate([v * np.concatenate([np.eye(3), -np.eye(3), np.ones((3, 3)) - np.eye(3)]) for v in (0.1, 0.2)] + [np.zeros((1, 3))])
    rows = design(fields)
    energies = PAIR.formation_energy(fields) + noise * random.normal(size=len(fields))
    return PairResponse.of(np.linalg.lstsq(rows, energies, rcond=None)[0], noise**2 * np.linalg.inv(rows.T @ rows))


def test_intervals_hold_the_truth():
    """95 of 100 within the counting error, along a direction of a good and one of a bad lever."""
    for direction in ([1.0, 0, 0], [-1.0, 1.0, 0]):
        truth = threshold(PAIR, direction).field.value
        found = [threshold(measured(seed), direction).field for seed in range(400)]
        inside = np.mean([one.low <= truth and (one.high is None or truth <= one.high) for one in found])
        assert abs(inside - 0.95) < 0.035, direction


def test_interval_without_an_upper_end():
    covariance = np.diag([1e-4, 0.05, 0, 0, 0, 0, 0, 0, 0, 0])
    found = threshold(PairResponse(0.8, np.array([0.3, 0, 0]), np.zeros((3, 3)), covariance), [1, 0, 0]).field
    assert found.value == pytest.approx(0.8 / 0.3, rel=1e-12)
    assert found.high is None and 0 < found.low < found.value


def test_polar_figure():
    angles, directions = circle([1, 0, 0], [0, 1, 0], 5)
    np.testing.assert_allclose(directions[:4], [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], atol=1e-12)
    held = 0.3 * np.concatenate([np.eye(3), -np.eye(3), np.zeros((1, 3))])
    figure = zero_energy_fields({"ES-GAP": measured(1), "stiff $x$": PairResponse(0.8, PAIR.dipole, -ALPHA)}, {"ES-GAP": held, "stiff $x$": held}, "Li pair")
    lines = figure.axes[0].get_lines()
    drawn = lines[1].get_ydata()
    assert drawn[0] == pytest.approx(threshold(measured(1), [1, 0, 0]).field.value, rel=1e-9)
    assert lines[0].get_ydata()[[0, 90]] == pytest.approx(0.3, rel=1e-9) and lines[0].get_ydata()[22] < 0.22, "up to where fields were computed: their hull"
    assert np.isnan(lines[4].get_ydata()[90]), "no line where there is no threshold"
    figure.canvas.draw()
