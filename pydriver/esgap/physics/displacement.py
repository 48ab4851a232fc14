"""Mean squared displacements of unwrapped trajectories, and their slopes with intervals.

Mean squared displacements are taken over all origins, and a line with intercept is fitted to them by generalised least squares
from a lag t0 on, where vibration and cages have been forgotten (compare McCluskey, Coles, Morgan, doi:10.1021/acs.jctc.4c01249).
The covariance of lags k and l is that of a Gaussian process with this MSD, M: with c(x) = (M(x+l) + M(x-k) - M(x) - M(x+l-k))/2,

    Cov(M_k, M_l) = 2/(3 N T) sum over x of c(x)^2  (Isserlis)   + b tau_k tau_l / (N T),

where b is the excess variance a time that jumps have over Gaussian steps. Overlapping windows are counted as what they are. It
takes the ions as independent; so the variance is also taken from blocks of time, which see ions that move together, and the wider
interval counts. The squared displacement of the total charge is fitted in the same way, as that of a single particle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from esgap.errors import EsgapError
from esgap.physics.estimate import Estimate, standard_errors

BLOCKS = 16  # of time, over all runs; fewer where they would be shorter than the longest lag
LAGS = 10  # log-spaced
SPAN = 8  # longest lag of the fit, in units of t0
WINDOWS = 20  # the runs hold the longest lag so often, at least
SHORTEST = 1.0  # ps: vibration is forgotten after that
RIDGE = 1e-6  # of the diagonal of the covariance, against rounding


@dataclass(frozen=True)
class Run:
    """Mobile ions of one run, without the motion of the immobile atoms."""

    positions: np.ndarray  # (F, N, 3) Angstrom, unwrapped
    interval: float  # ps between frames

    @property
    def length(self) -> float:
        """ps"""
        return (len(self.positions) - 1) * self.interval

    def part(self, start: float, stop: float) -> "Run":
        """The run between two fractions of its length."""
        last = len(self.positions) - 1
        return Run(self.positions[round(start * last) : round(stop * last) + 1], self.interval)


def without_drift(positions: np.ndarray, mobile: np.ndarray, home: np.ndarray | None = None) -> np.ndarray:
    """Positions (F, M, 3) of the `mobile` atoms (mask, shape (N,)) where the mean of all others stays at `home`.

    `positions`: (F, N, 3) Angstrom, unwrapped; `home`: (3,), by default where it is in the first frame. Without immobile atoms
    nothing is taken off.
    """
    if mobile.all():
        return positions
    middle = positions[:, ~mobile].mean(axis=1)
    return positions[:, mobile] - (middle - (middle[0] if home is None else home))[:, None]


def mean_squared_displacement(positions: np.ndarray) -> np.ndarray:
    """<|u(t + tau) - u(t)|^2> over all origins and particles for every lag, shape (F,), Angstrom^2; by FFT.

    `positions`: (F, N, 3). Wiener-Khinchin: Calandrini et al., doi:10.1051/sfn/201112010.
    """
    frames = len(positions)
    centred = positions - positions.mean(axis=0)
    power = np.abs(np.fft.rfft(centred, n=2 * frames, axis=0)) ** 2
    products = np.fft.irfft(power, n=2 * frames, axis=0)[:frames].sum(axis=(1, 2))
    squares = (centred**2).sum(axis=(1, 2))
    sums = 2 * squares.sum() - np.concatenate([[0.0], np.cumsum(squares[:-1] + squares[:0:-1])])
    return np.maximum(sums - 2 * products, 0.0) / (np.arange(frames, 0, -1) * positions.shape[1])


@dataclass(frozen=True)
class Slope:
    """Slope / 6 of a line through mean squared displacements, from the lag `start` on."""

    value: float  # Angstrom^2/ps
    intercept: float  # Angstrom^2
    start: float  # ps, t0
    stop: float  # ps, the longest lag
    windows: float  # standard error from the number of windows
    ordinary: float  # the slope / 6 by ordinary least squares
    blocks: np.ndarray  # (B,) the same slope from blocks of time
    weights: np.ndarray  # (B,) share of each block

    @property
    def error(self) -> float:
        """Standard error from the blocks."""
        return weighted_error(self.blocks, self.weights)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of `error`."""
        return max(len(self.blocks) - 1, 1)

    @property
    def half_width(self) -> float:
        """Half of the interval: the wider of windows and blocks."""
        return max(standard_errors(np.inf) * self.windows, standard_errors(self.freedom) * self.error)

    def estimate(self, factor: float = 1.0) -> Estimate:
        """`factor` x the value with its interval; a slope is not negative."""
        half = self.half_width
        source = "blocks of time" if half > standard_errors(np.inf) * self.windows else "windows"
        method = f"slope of the MSD from {self.start:g} to {self.stop:g} ps, interval from {source}"
        return Estimate(factor * self.value, factor * max(self.value - half, 0.0), factor * max(self.value + half, 0.0), method)


def weighted_error(values: np.ndarray, weights: np.ndarray) -> float:
    """Standard error of the mean of blocks with weights whose sum is 1; infinite for one block."""
    count = len(values)
    spread = (weights**2 * (values - weights @ values) ** 2).sum()
    return float(np.sqrt(count / (count - 1) * spread)) if count > 1 else np.inf


def slope(runs: Sequence[Run], start: float, collective: bool = False, block: float = 0.0) -> Slope:
    """Fit the MSD of pooled runs from the lag `start` (ps) on.

    `collective`: that of the sum of the displacements of all ions, in place of the mean over single ones. `block`: blocks of time are at least so long (ps).

    Raises EsgapError when the runs are too short for four lags, or their frames differ in spacing.
    """
    if collective:
        runs = [Run(run.positions.sum(axis=1, keepdims=True), run.interval) for run in runs]
    interval = runs[0].interval
    lags = fit_lags(runs, start)
    tau, length = lags * interval, sum(run.length for run in runs)
    count = min(BLOCKS, length / max(tau[-1], block))
    parts, origins = zip(*(block_means(run, lags, max(1, round(count * run.length / length))) for run in runs))
    blocks, counts = np.concatenate(parts), np.concatenate(origins)  # (B, K)
    share = counts / counts.sum(axis=0)
    msd = (share * blocks).sum(axis=0)
    design = np.stack([np.ones(len(tau)), 6 * tau], axis=1)
    line = np.linalg.lstsq(design, msd, rcond=None)[0]
    samples = runs[0].positions.shape[1] * length
    covariance = gaussian_covariance(_curve(runs, lags, line), lags, interval) / samples
    covariance += RIDGE * np.diag(np.diag(covariance))
    weights = np.linalg.solve(covariance, design)  # (K, 2)
    weights = np.linalg.solve(weights.T @ design, weights.T)  # (2, K)
    jumps = 0.0 if collective else excess(runs, lags) / samples
    variance = weights[1] @ covariance @ weights[1] + jumps / 36
    return Slope(
        value=float(weights[1] @ msd),
        intercept=float(weights[0] @ msd),
        start=float(tau[0]),
        stop=float(tau[-1]),
        windows=float(np.sqrt(variance)),
        ordinary=float(line[1]),
        blocks=blocks @ weights[1],
        weights=counts.sum(axis=1) / counts.sum(),
    )


def fit_lags(runs: Sequence[Run], start: float) -> np.ndarray:
    """The lags (frames) of a fit from `start` (ps) on: log-spaced, the longest well below the length of all runs and at most half of the shortest."""
    interval, shortest, total = runs[0].interval, min(run.length for run in runs), sum(run.length for run in runs)
    if any(not np.isclose(run.interval, interval, rtol=1e-6) for run in runs):
        raise EsgapError(f"the frames of pooled runs are {', '.join(f'{run.interval:g}' for run in runs)} ps apart: pool runs of one spacing")
    stop = min(SPAN * start, max(total / WINDOWS, 2 * start), shortest / 2)
    lags = np.unique(np.round(np.geomspace(max(start, interval), stop, LAGS) / interval).astype(int))
    if len(lags) < 4 or stop < 2 * start or 4 * stop > total:
        raise EsgapError(f"runs of {shortest:g} ps with a frame every {interval:g} ps are too short for a fit from {start:g} ps on: run longer, or sample more often (fit_from in [transport] sets the shortest lag)")
    return lags


def block_means(run: Run, lags: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean squared displacement (count, K) of the origins in each block of time, and the number of origins (count, K)."""
    means, counts = np.empty((count, len(lags))), np.empty((count, len(lags)))
    for k, lag in enumerate(lags):
        squares = ((run.positions[lag:] - run.positions[:-lag]) ** 2).sum(axis=2).mean(axis=1)
        edges = np.linspace(0, len(squares), count + 1).astype(int)
        counts[:, k] = np.diff(edges)
        means[:, k] = np.add.reduceat(squares, edges[:-1]) / counts[:, k]
    return means, counts


def _curve(runs: Sequence[Run], lags: np.ndarray, line: np.ndarray) -> np.ndarray:
    """MSD for every lag up to twice the longest: measured below the fit, the fitted line from there on."""
    curve = line[0] + 6 * line[1] * runs[0].interval * np.arange(2 * lags[-1] + 1)
    measured = sum(run.length * mean_squared_displacement(run.positions)[: lags[0]] for run in runs)
    curve[: lags[0]] = measured / sum(run.length for run in runs)
    return curve


def gaussian_covariance(curve: np.ndarray, lags: np.ndarray, interval: float) -> np.ndarray:
    """Covariance (K, K) of MSDs over all origins of one Gaussian particle, times the length of the run (Angstrom^4 ps).

    `curve`: MSD (Angstrom^2) for the lags 0 ... 2 max(`lags`), isotropic.
    """
    out = np.empty((len(lags), len(lags)))
    for i, k in enumerate(lags):
        for j, l in enumerate(lags[i:], start=i):
            x = np.arange(-l, k + 1)  # windows that overlap
            m = [curve[np.abs(x + shift)] for shift in (l, -k, 0, l - k)]
            out[i, j] = out[j, i] = 2 / 3 * interval * ((m[0] + m[1] - m[2] - m[3]) ** 2).sum() / 4
    return out


def excess(runs: Sequence[Run], lags: np.ndarray) -> float:
    """b, Angstrom^4/ps: what jumps add to the variance of a squared displacement over that of Gaussian steps, a time of lag."""
    tau, extra = lags * runs[0].interval, np.zeros(len(lags))
    for run in runs:
        for k, lag in enumerate(lags):
            moved = (run.positions[lag:] - run.positions[:-lag]).reshape(-1, 3)
            second = moved.T @ moved / len(moved)
            extra[k] += run.length * ((moved**2).sum(axis=1).var() - 2 * (second**2).sum())
    return max(float(tau @ extra / sum(run.length for run in runs) / (tau @ tau)), 0.0)


def choose_start(runs: Sequence[Run]) -> float:
    """The shortest t0 (ps) of 1, 2, 4 ..., or 1, 2, 4 ... times the time between frames where that is longer, at which the slope is that from 2 t0 on, within a standard error of their difference.

    When none is, the longest that the runs allow. Raises EsgapError when they allow none.
    """
    start = max(SHORTEST, runs[0].interval)
    now = slope(runs, start)
    while True:
        try:
            later = slope(runs, 2 * start)
        except EsgapError:
            return start
        same = slope(runs, start, block=later.stop)  # in the same blocks
        if abs(now.value - later.value) <= weighted_error(same.blocks - later.blocks, same.weights):
            return start
        start, now = 2 * start, later
