"""Errors of predictions over configurations, with intervals from resampling the configurations."""

import numpy as np

from esgap.physics.estimate import LEVEL, Estimate

RESAMPLED = 2000
METHOD = f"percentiles of {RESAMPLED} resamplings of the configurations"
FEWEST = 5  # configurations for an interval


def rms(groups: list[np.ndarray], level: float = LEVEL, seed: int = 0) -> Estimate:
    """Root mean square over all numbers of `groups`, one array a configuration.

    The configurations are resampled, not the numbers: those of one configuration go together. No interval with fewer than
    five configurations. Efron, Ann. Stat. 7, 1 (1979), doi:10.1214/aos/1176344552.
    """
    return _root(np.array([np.sum(np.square(group)) for group in groups]), np.array([np.size(group) for group in groups]), level, seed)


def mean_absolute(groups: list[np.ndarray]) -> float:
    """Mean of the absolute numbers of `groups`."""
    return float(np.mean(np.abs(np.concatenate([np.ravel(group) for group in groups]))))


def _root(squares: np.ndarray, counts: np.ndarray, level: float, seed: int) -> Estimate:
    value = float(np.sqrt(squares.sum() / counts.sum()))
    if len(squares) < FEWEST:
        return Estimate(value, method=f"no interval: {len(squares)} configurations")
    chosen = np.random.default_rng(seed).integers(0, len(squares), (RESAMPLED, len(squares)))
    roots = np.sqrt(squares[chosen].sum(axis=1) / counts[chosen].sum(axis=1))
    low, high = np.quantile(roots, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), METHOD, level)
