"""The weights of a sparse Gaussian process by Householder QR, block after block.

The weights c have the prior N(0, K_MM^-1); labels y = K_NM c + noise with standard deviations sigma. The most probable c
minimises | [K_NM / sigma; L^T] c - [y / sigma; 0] |, K_MM + jitter = L L^T. The matrix is never squared: its condition number
is 1e6 and more. Each block of rows is folded into the triangle R that the rows before it left, so that memory is that of
R and one block (about 4 M^2 numbers for M weights), however many data there are.

C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006); L. Foster et al., J. Mach. Learn. Res.
10, 857 (2009) (QR for sparse Gaussian processes).
"""

import numpy as np
from scipy.linalg import block_diag, cholesky, eigvalsh, lapack, solve_triangular

from esgap.errors import EsgapError
from esgap.gapfit.terms import Sparse

JITTER = 1e-10  # of the largest eigenvalue of a term's covariance; less gives no better potential and weights that cancel further
PANEL = 32  # columns that LAPACK's tpqrt takes at a time


def prior_factor(sparse: list[Sparse], jitter: float | None = None) -> np.ndarray:
    """L^T with L L^T = K_MM + jitter, upper triangular, one block a term.

    jitter: eV^2, the same for all terms (gap_fit's `sparse_jitter`); by default JITTER of each block's largest eigenvalue.
    Raises EsgapError for sparse points that depend on each other beyond what the jitter mends.
    """
    return block_diag(*(_factor(s, jitter) for s in sparse))


def _factor(s: Sparse, jitter: float | None) -> np.ndarray:
    covariance = s.covariance()
    if jitter is None:
        jitter = JITTER * eigvalsh(covariance, subset_by_index=[len(s) - 1] * 2)[0]
    covariance[np.diag_indices(len(s))] += jitter
    try:
        return cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise EsgapError(
            f"the {len(s)} sparse points of a {s.term.kind} term depend on each other (jitter {jitter:.1e} eV^2): take fewer, or a larger jitter"
        ) from error


class Factorisation:
    """R of all rows so far, and beside it Q^T of the right-hand side.

    `prior`: L^T as `prior_factor` gives it. Rows are given divided by their sigma.
    """

    def __init__(self, prior: np.ndarray):
        m = len(prior)
        self._r = np.zeros((m + 1, m + 1), order="F")  # the right-hand side is its last column
        self._r[:m, :m] = prior
        self.rows = 0
        self.log_sigma = 0.0
        self._log_prior = np.log(np.abs(np.diag(prior))).sum()

    def add(self, rows: np.ndarray, values: np.ndarray, sigmas: np.ndarray) -> None:
        """Fold in rows (n, M) of K_NM with labels (n,) and their standard deviations (n,)."""
        block = np.empty((len(rows), len(self._r)), order="F")
        block[:, :-1] = rows
        block[:, -1] = values
        block /= sigmas[:, None]
        nb = min(PANEL, len(self._r))
        self._r, _, _, info = lapack.dtpqrt(0, nb, self._r, block, overwrite_a=1, overwrite_b=1)
        if info or not np.isfinite(self._r[-1, -1]):
            raise EsgapError("the fit met a number that is not finite: check the labels")
        self.rows += len(rows)
        self.log_sigma += np.log(sigmas).sum()

    @property
    def r(self) -> np.ndarray:
        """R (M, M), upper triangular: the posterior covariance of the weights is R^-1 R^-T."""
        return self._r[:-1, :-1]

    def weights(self) -> np.ndarray:
        """The most probable weights, alpha of the XML (M,)."""
        return solve_triangular(self.r, self._r[:-1, -1])

    def misfit(self) -> float:
        """sum ((y - K c) / sigma)^2 + c^T K_MM c at the most probable weights."""
        return float(self._r[-1, -1] ** 2)

    def log_evidence(self) -> float:
        """Log marginal likelihood of the labels, log N(y; 0, K_NM K_MM^-1 K_MN + sigma^2)."""
        determinant = 2 * (self.log_sigma + np.log(np.abs(np.diag(self.r))).sum() - self._log_prior)
        return -0.5 * (self.misfit() + determinant + self.rows * np.log(2 * np.pi))

    def singular_values(self, steps: int = 30) -> tuple[float, float]:
        """The largest and the smallest singular value of R by the power method, to a few percent."""
        r = self.r
        big = small = np.random.default_rng(0).normal(size=len(r))
        for _ in range(steps):
            big = r.T @ (r @ (big / np.linalg.norm(big)))
            small = solve_triangular(r, solve_triangular(r, small / np.linalg.norm(small), trans="T"))
        return float(np.sqrt(np.linalg.norm(big))), float(1 / np.sqrt(np.linalg.norm(small)))
