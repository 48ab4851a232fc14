"""Ions that hop at known times between known places."""

import numpy as np
import pytest

from esgap.physics.residence import residences

TIMES = np.arange(0.0, 10.01, 0.1)
HOPS = [(0, 1.0, 1.2), (1, 3.0, 3.4), (0, 3.3, 3.7), (2, 6.0, 6.2)]  # atom, ps, ps; two of them overlap


def trajectory(hops):
    """Three ions at x = 0 that move on by 1 Angstrom a hop, evenly while it lasts; a vibration in y of mean zero over whole periods."""
    positions = np.zeros((len(TIMES), 3, 3))
    for ion, start, end in hops:
        positions[:, ion, 0] += np.clip((TIMES - start) / (end - start), 0, 1)
    positions[:, :, 1] = 0.1 * np.sin(2 * np.pi * TIMES)[:, None]
    return positions


def found(hops, hop):
    _, starts, ends = (np.array(column) for column in zip(*hops))
    return residences(TIMES, trajectory(hops), starts, ends, hop)


def test_means_run_to_the_nearest_other_hop():
    one = found(HOPS, 3)
    np.testing.assert_allclose(one.before[:, 0], [2, 1, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(one.after[:, 0], [2, 1, 1], rtol=0, atol=1e-12)
    assert one.frames == (24, 39)  # from 3.7 to 6.0, from 6.2 to the end
    assert np.abs(one.before[:, 1]).max() < 0.03 < np.abs(trajectory(HOPS)[12, :, 1]).max()


def test_overlapping_hops_cut_the_means():
    one = found(HOPS, 2)
    np.testing.assert_allclose(one.before[:, 0], [1, 0.5, 0], rtol=0, atol=0.3)  # ion 1 is on its way
    np.testing.assert_allclose(one.after[:, 0], [2, 1, 0], rtol=0, atol=1e-12)
    assert one.frames == (4, 24)


def test_at_least_one_frame():
    one = found([(0, 1.0, 1.2), (1, 1.2, 1.43), (2, 1.47, 1.5)], 1)
    assert one.frames == (1, 1)
    assert one.before[0, 0] == pytest.approx(1.0)


def test_a_hop_beyond_the_trajectory():
    with pytest.raises(ValueError, match="the trajectory runs from 0 to 10 ps"):
        found([(0, 9.9, 10.3)], 0)
