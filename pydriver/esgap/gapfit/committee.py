"""Error bars: members drawn from the posterior of the weights, their one factor, and how often they cover the truth.

The weights have the posterior covariance R^-1 R^-T, so c + s R^-1 z with z ~ N(0, 1) is a member at no further fit. The
posterior counts the variance inside the span of the sparse points alone and trusts the sigmas of the labels; the factor s is
therefore set by energies and forces that were not fitted, and shown on others.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import ndtri

from esgap.errors import EsgapError
from esgap.gapfit.fit import Fit
from esgap.gapfit.xml import write_weights

LEVELS = (0.5, 0.68, 0.9, 0.95)
FIXED = 1e-3  # of the median stddev: below, nothing but rounding and noise of the label


@dataclass(frozen=True)
class Coverage:
    """Of `frames` energies, the share that lies within the interval of each nominal level."""

    frames: int
    share: dict[float, float]


def posterior_stddev(fit: Fit, rows: np.ndarray) -> np.ndarray:
    """Standard deviation of each of `rows` (n, M) times the weights, shape (n,), before any factor."""
    return stddev(fit.factor.r, rows)


def stddev(r: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The same from R (M, M) alone: the norms of R^-T rows^T."""
    return np.linalg.norm(solve_triangular(r, np.atleast_2d(rows).T, trans="T"), axis=0)


def members(fit: Fit, count: int, factor: float = 1.0, seed: int = 0) -> np.ndarray:
    """Weights of `count` members, shape (M, count)."""
    z = np.random.default_rng(seed).normal(size=(len(fit.weights), count))
    return fit.weights[:, None] + factor * solve_triangular(fit.factor.r, z)


def calibrate(errors: np.ndarray, stddevs: np.ndarray) -> float:
    """The factor s of greatest likelihood for errors (n,) with posterior standard deviations (n,): rms of error / stddev.

    Quantities that no weights can change, such as forces that symmetry makes zero, tell nothing of s and are left out: those
    whose stddev is below 1e-3 of the median one. Raises EsgapError when nothing is left.
    """
    errors, stddevs = np.asarray(errors), np.asarray(stddevs)
    free = stddevs > FIXED * np.median(stddevs) if len(stddevs) else stddevs
    if not np.any(free):
        raise EsgapError("the committee cannot be calibrated: it needs energies of configurations that were not fitted and that the weights change; hold some out")
    return float(np.sqrt(np.mean((errors[free] / stddevs[free]) ** 2)))


def coverage(errors: np.ndarray, stddevs: np.ndarray, levels=LEVELS) -> Coverage:
    """How many of the errors lie within the intervals +-q stddev of each level; `stddevs` include the factor."""
    ratio = np.abs(np.asarray(errors) / stddevs)
    return Coverage(len(ratio), {level: float(np.mean(ratio <= ndtri(0.5 + level / 2))) for level in levels})


def write_members(fit: Fit, weights: np.ndarray, label: str, xml, files) -> list:
    """Write XML.member-01.xml ... beside `xml`, which share its files of sparse points `files`; return their paths.

    `weights`: (M, members). Each is a potential of its own to any engine.
    """
    paths = []
    for k, column in enumerate(weights.T, start=1):
        paths.append(xml.with_name(f"{xml.stem}.member-{k:02d}.xml"))
        write_weights(paths[-1], fit.model(f"{label}_member_{k:02d}", column), files)
    return paths
