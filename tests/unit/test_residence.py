"""Ions that hop at known times between known places."""

import numpy as np
import pytest

from esgap.physics.residence import event, residences

TIMES = np.arange(0.0, 10.01, 0.1)


def trajectory(hops):
    """Three ions at x = 0 that move on by 1 Angstrom a hop, evenly while it lasts; a vibration in y of mean zero over whole periods."""
    positions = np.zeros((len(TIMES), 3, 3))
    for ion, start, end in hops:
        positions[:, ion, 0] += np.clip((TIMES - start) / (end - start), 0, 1)
    positions[:, :, 1] = 0.1 * np.sin(2 * np.pi * TIMES)[:, None]
    return positions


def arrays(hops):
    return (np.array(column) for column in zip(*hops))


HOPS = [(0, 1.0, 1.2), (1, 3.0, 3.4), (0, 3.3, 3.7), (2, 3.6, 3.8), (1, 6.0, 6.2)]


def test_hops_that_overlap_are_one_event():
    _, starts, ends = arrays(HOPS)
    for hop in (1, 2, 3):
        first, last, members = event(starts, ends, hop)
        assert (first, last, list(members)) == (3.0, 3.8, [1, 2, 3])
    assert event(starts, ends, 0)[:2] == (1.0, 1.2)


def test_means_run_from_the_last_hop_to_the_next():
    ions, starts, ends = arrays(HOPS)
    found = residences(TIMES, trajectory(HOPS), ions, starts, ends, 2)
    assert found.ions == (0, 1, 2)
    np.testing.assert_allclose(found.before[:, 0], [1, 0, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.after[:, 0], [2, 1, 1], rtol=0, atol=1e-12)
    assert found.frames == (len(TIMES[(TIMES > 1.15) & (TIMES < 3.05)]), len(TIMES[(TIMES > 3.75) & (TIMES < 6.05)]))
    assert np.abs(found.before[:, 1]).max() < 0.02 < np.abs(trajectory(HOPS)[12, :, 1]).max()


def test_at_least_one_frame():
    hops = [(0, 1.0, 1.2), (1, 1.2, 1.43), (2, 1.47, 1.5)]
    ions, starts, ends = arrays(hops)
    found = residences(TIMES, trajectory(hops), ions, starts, ends, 1)
    assert found.frames == (1, 1)
    assert found.before[0, 0] == pytest.approx(1.0)


def test_a_hop_beyond_the_trajectory():
    with pytest.raises(ValueError, match="the trajectory runs from 0 to 10 ps"):
        residences(TIMES, trajectory(HOPS), *arrays([(0, 9.9, 10.3)]), hop=0)
