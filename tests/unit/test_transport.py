"""Diffusion, conductivity, Haven ratio and their intervals: against formulas, known walks and another code."""

import numpy as np
import pytest
from intervals import CONDITIONS, analysed
from walks import HAVEN, IONS, walk

from esgap.errors import EsgapError
from esgap.physics.arrhenius import arrhenius
from esgap.physics.estimate import Estimate
from esgap.physics.displacement import Run, choose_start, gaussian_covariance, mean_squared_displacement, slope, without_drift
from esgap.physics.transport import Conditions, quotient, running, transport
from esgap.units import BOLTZMANN


def mobile(kind="independent", seed=0, **kwargs) -> Run:
    w = walk(kind, seed, **kwargs)
    return Run(without_drift(w.positions, w.mobile), kwargs.get("interval", 0.2))


def test_nernst_einstein_of_the_paper():
    """190 mS/cm at 800 K is D* = 4.84e-6 cm^2/s at 829.35 A^3 per 14 Li (shown by hand from e^2/(V kB T))."""
    sigma = Conditions(1.0, 829.35, 800.0).nernst_einstein(4.84e-6 / 1e-4, 14)  # cm^2/s in Angstrom^2/ps
    assert sigma == pytest.approx(190.0, rel=2e-3)


def test_msd_over_all_origins_is_that_of_two_loops():
    positions = np.random.default_rng(0).standard_normal((40, 3, 3)).cumsum(axis=0) + 100.0
    plain = [0.0] + [np.mean([((positions[t + k] - positions[t]) ** 2).sum(axis=1).mean() for t in range(40 - k)]) for k in range(1, 40)]
    np.testing.assert_allclose(mean_squared_displacement(positions), plain, rtol=1e-9, atol=1e-9)


def test_drift_of_the_immobile_atoms_is_taken_off():
    w = walk("independent", 3, frames=200)
    pushed = w.positions + np.linspace(0, 30, 200)[:, None, None]
    np.testing.assert_allclose(without_drift(pushed, w.mobile), without_drift(w.positions, w.mobile), rtol=0, atol=1e-9)
    assert mean_squared_displacement(w.positions[:, w.mobile])[150] > 1.5 * mean_squared_displacement(without_drift(w.positions, w.mobile))[150]


def test_starts_of_a_short_run_are_compared_in_the_same_blocks():
    """50 ps hold 16 of the longest lag from 1 ps on, but fewer of that from 2 ps on."""
    run = mobile(frames=418, interval=0.12)
    counts = [len(slope([run], start).blocks) for start in (1.0, 2.0, 4.0)]
    assert counts[0] != counts[1] or counts[1] != counts[2]
    assert choose_start([run]) in (1.0, 2.0, 4.0)
    stop = slope([run], 4.0).stop
    assert len(slope([run], 1.0, block=stop).blocks) == counts[2] and slope([run], 1.0, block=stop).value == pytest.approx(slope([run], 1.0).value, rel=1e-9)


def test_covariance_is_that_of_many_brownian_particles():
    random, lags = np.random.default_rng(1), np.array([2, 4, 8, 16])
    steps = random.standard_normal((4000, 200, 1, 3))
    paths = np.concatenate([np.zeros((4000, 1, 1, 3)), np.cumsum(steps, axis=1)], axis=1) + 0.7 * random.standard_normal((4000, 201, 1, 3))
    msd = np.array([[((p[k:] - p[:-k]) ** 2).sum(axis=2).mean() for k in lags] for p in paths])
    curve = np.where(np.arange(33) > 0, 3.0 * np.arange(33) + 6 * 0.49, 0.0)
    expected = gaussian_covariance(curve, lags, 1.0) / 200
    np.testing.assert_allclose(np.cov(msd.T), expected, rtol=0.15, atol=0)


@pytest.mark.parametrize("kind", HAVEN)
def test_known_walks(kind):
    """Eight runs a kind: at most two intervals in eight miss, and the mean is the truth (200 runs: tests/validation)."""
    found = [analysed(kind, seed, frames=1500) for seed in range(100, 108)]
    for name, truth in (("diffusion", found[0][1]), ("haven", HAVEN[kind])):
        estimates = [getattr(one[0], name) for one in found]
        assert sum(not e.low <= truth <= e.high for e in estimates) <= 2
        assert np.mean([e.value for e in estimates]) == pytest.approx(truth, rel=0.15)
    one = found[0][0]
    assert one.haven.value == pytest.approx(one.nernst_einstein.value / one.collective.value, rel=1e-9)
    assert one.nernst_einstein.value == pytest.approx(CONDITIONS.nernst_einstein(one.diffusion.value, IONS), rel=1e-9)


def test_pooled_runs_have_the_narrower_interval():
    runs = [mobile(seed=seed, frames=1500) for seed in range(4)]
    widths = [slope(runs[:n], 4.0).half_width for n in (1, 4)]
    assert widths[1] == pytest.approx(widths[0] / 2, rel=0.35)


def test_ions_that_move_together_are_seen_by_blocks():
    pairs = [slope([mobile("pairs", seed)], 4.0) for seed in range(6)]
    assert np.mean([s.error / s.windows for s in pairs]) > 1.15  # sqrt(2) expected
    assert all(s.half_width >= max(1.95 * s.windows, 2.1 * s.error) for s in pairs)


def test_start_is_beyond_the_cage():
    """A cage that forgets within 0.6 ps: from 1 ps on the slope is too steep by more than its error in a long run."""
    run = mobile(frames=6000, interval=0.2)
    start = choose_start([run])
    assert start > 1.0
    true = walk("independent", 0, frames=2).diffusion
    assert abs(slope([run], start).value - true) < abs(slope([run], 0.5).value - true)


def test_verdicts():
    long = transport([mobile(seed=s) for s in range(4)], CONDITIONS, 20.0, 4.0)
    assert long.verdict == "ok"
    assert "2.0 hops an ion, fewer than 5" in transport([mobile(seed=s) for s in range(4)], CONDITIONS, 2.0, 4.0).verdict
    short = transport([mobile(frames=400)], CONDITIONS, 20.0, 4.0)
    assert short.verdict.startswith("not converged: ") and "half-width" in short.verdict
    slow, fast = mobile(rate=0.01), mobile(rate=0.05, seed=1)
    joined = Run(np.concatenate([slow.positions, fast.positions - fast.positions[0] + slow.positions[-1]]), 0.2)
    assert "halves of the run disagree" in transport([joined], CONDITIONS, 20.0, 4.0).verdict


def test_an_ion_that_stays_has_no_negative_conductivity():
    still = transport([mobile(rate=0.0, frames=1000)], CONDITIONS, 0.0, 4.0)
    assert still.diffusion.low == 0.0 and still.diffusion.high < 0.01 and "not converged" in still.verdict


def test_too_short():
    with pytest.raises(EsgapError, match="too short for a fit from 4 ps on"):
        slope([mobile(frames=50)], 4.0)
    with pytest.raises(EsgapError, match="pool runs of one spacing"):
        slope([mobile(), mobile(interval=0.25)], 4.0)


def test_running_estimate_ends_at_the_whole():
    runs = [mobile(seed=s, frames=1500) for s in range(2)]
    curve = running(runs, CONDITIONS, 4.0, points=6)
    whole = slope(runs, 4.0).estimate(CONDITIONS.nernst_einstein(1.0, IONS))
    assert curve[-1][0] == pytest.approx(runs[0].length) and curve[-1][1].value == pytest.approx(whole.value, rel=1e-12)
    widths = [e.high - e.low for _, e in curve]
    assert len(curve) >= 5 and widths[-1] < widths[0]


def test_quotient_of_independent_values():
    one = quotient(Estimate(2.0, 1.8, 2.2), Estimate(1.0, 0.9, 1.1), "")
    assert one.value == pytest.approx(2.0) and one.low == pytest.approx(2 * np.exp(-np.hypot(0.1, 0.1)))


def test_arrhenius_line():
    temperatures, energy = np.array([500.0, 600.0, 800.0]), 0.25
    sigmas = 1e6 * np.exp(-energy / (BOLTZMANN * temperatures)) / temperatures
    fit = arrhenius(temperatures, [Estimate(s, 0.9 * s, 1.1 * s) for s in sigmas])
    assert fit.activation_energy.value == pytest.approx(energy, abs=2e-3)
    assert fit.activation_energy.low < energy < fit.activation_energy.high
    room = fit.conductivity(300.0)
    assert room.low < 1e6 * np.exp(-energy / (BOLTZMANN * 300)) / 300 < room.high
    assert room.value == pytest.approx(1e6 * np.exp(-energy / (BOLTZMANN * 300)) / 300, rel=0.05)
    assert 0.9 < fit.straight <= 1.0
    bent = arrhenius(temperatures, [Estimate(s * f, 0.99 * s * f, 1.01 * s * f) for s, f in zip(sigmas, (1, 1.3, 1))])
    assert bent.straight < 0.01


def test_arrhenius_needs_two_temperatures_and_conductivities():
    with pytest.raises(EsgapError, match="two temperatures"):
        arrhenius([800.0], [Estimate(1.0, 0.9, 1.1)])
    with pytest.raises(EsgapError, match="not above zero"):
        arrhenius([800.0, 600.0], [Estimate(1.0, 0.9, 1.1), Estimate(0.0, 0.0, 1.0)])


@pytest.mark.parametrize("interval", [0.2, 5.0, 20.0])
def test_frames_far_apart_can_be_fitted(interval):
    """The shortest lag is at least the time between frames: of a slow material no 1 ps is known."""
    runs = [mobile(frames=1000, interval=interval, rate=0.03 / interval)]
    assert choose_start(runs) >= max(1.0, interval)
    assert transport(runs, CONDITIONS, None).diffusion.value > 0
