"""Which configurations to label: those whose labels tell most of what the fit does not know yet.

A configuration's gain is 1/2 ln det(1 + W S W^T): W its rows of K_NM divided by the labels' expected errors, S the posterior
covariance of the weights. The first choice has the largest gain; then S is that after its labels, and so on: what the choice
before explains gains nothing again. With one row a configuration this is the pivoted Cholesky factorisation of the
posterior covariance over the candidates. Within 1 - 1/e of the best set of its size: A. Krause, A. Singh, C. Guestrin,
J. Mach. Learn. Res. 9, 235 (2008).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack, solve_triangular

PANEL = 32  # columns that LAPACK's tpqrt takes at a time


@dataclass(frozen=True)
class Informative:
    """A choice in the order in which it was made: indices of the candidates, and the gain of each (nats) after those before it."""

    chosen: list[int]
    gains: list[float]
    r: np.ndarray  # (M, M), R of the posterior with the labels of all chosen ones


def gain(r: np.ndarray, rows: np.ndarray) -> float:
    """1/2 ln det(1 + W S W^T) with `rows` W (n, M) and S = R^-1 R^-T, in nats."""
    half = solve_triangular(r, np.atleast_2d(rows).T, trans="T")
    return float(0.5 * np.linalg.slogdet(np.eye(half.shape[1]) + half.T @ half)[1])


def after_labels(r: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """R of the posterior once labels with the rows W (n, M) are known too; their values do not matter."""
    triangle, block = np.array(r, order="F"), np.array(np.atleast_2d(rows), dtype=float, order="F")
    return np.triu(lapack.dtpqrt(0, min(PANEL, len(r)), triangle, block, overwrite_a=1, overwrite_b=1)[0])


def informative(r: np.ndarray, scored: Sequence[np.ndarray], labelled: Callable[[int], np.ndarray], count: int) -> Informative:
    """Choose `count` of the candidates, all when there are fewer.

    r
        (M, M) upper triangular, of the fit's posterior.
    scored
        For each candidate the rows (n, M) that its gain counts, divided by the expected errors.
    labelled
        Index -> the rows (m, M) that its label will bring, likewise; they are asked for the chosen ones alone.
    """
    chosen: list[int] = []
    gains: list[float] = []
    bound = np.array([gain(r, rows) for rows in scored])  # gains only fall as more is known, so an old one is a bound
    while len(chosen) < min(count, len(scored)):
        fresh = {} if chosen else dict(enumerate(bound))
        while (best := int(np.argmax(bound))) not in fresh:
            bound[best] = fresh[best] = gain(r, scored[best])
        chosen.append(best)
        gains.append(float(bound[best]))
        bound[best] = -np.inf
        r = after_labels(r, labelled(best))
    return Informative(chosen, gains, r)
