"""The fit: sparse points and targets in, weights with their posterior out."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from esgap.errors import EsgapError
from esgap.gapfit.kernel import Kernel
from esgap.gapfit.regression import Factorisation, prior_factor
from esgap.gapfit.targets import Target
from esgap.gapfit.terms import Sparse
from esgap.gapfit.xml import Model

KEEP = 1_000_000_000  # bytes of rows that stay in memory; beyond, they are computed again when they are needed again
BLOCK = 1024  # rows that are folded in at a time, at least
Progress = Callable[[int, int], None]  # configurations done, of how many


@dataclass(frozen=True)
class LeftOut:
    """How well each configuration is predicted by a fit to all others with the same sparse points.

    energy: error in eV/atom, NaN where no energy is fitted; forces: one array (N, 3) of errors in eV/Angstrom a configuration, or None.
    The sparse points stay those chosen with the configuration at hand, so these errors are optimistic.
    """

    energy: np.ndarray
    forces: list[np.ndarray | None]


class Fit:
    """The posterior of the weights given the targets.

    Parameters
    ----------
    sparse
        All terms with their sparse points; or the kernel of them, such as one that keeps its rows.
    e0
        Energy of each isolated atom by atomic number, eV.
    jitter
        eV^2, for `prior_factor`.
    threads
        That compute rows of K_NM; by default as many as the process may use. LAPACK has its own (OMP_NUM_THREADS).
    progress
        Called after each configuration.

    Memory: 2 M^2 numbers for the prior and R, a block of max(M, 1024) rows twice, and up to 1 GB of rows kept for `left_out`.
    Raises EsgapError: no target, sparse points that depend on each other, labels that are not finite.
    """

    def __init__(self, targets: list[Target], sparse: list[Sparse] | Kernel, e0: dict[int, float], *, jitter: float | None = None,
                 threads: int | None = None, progress: Progress | None = None):  # fmt: skip
        if not any(t.count for t in targets):
            raise EsgapError("nothing to fit: no configuration has an energy, forces or a virial")
        self.kernel = sparse if isinstance(sparse, Kernel) else Kernel(sparse)
        self.targets, self.sparse, self.e0 = list(targets), self.kernel.sparse, dict(e0)
        self._threads = threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
        self._kept: list[np.ndarray] | None = [] if 8 * self.kernel.columns * sum(t.count for t in targets) < KEEP else None
        self.factor = Factorisation(prior_factor(self.sparse, jitter))
        self._fold_in(progress or (lambda done, total: None))
        self.weights = self.factor.weights()

    def model(self, label: str, weights: np.ndarray | None = None) -> Model:
        """What `write_model` writes; `weights`: those of a committee member."""
        return Model(label, self.sparse, self.weights if weights is None else weights, self.e0)

    def left_out(self) -> LeftOut:
        """Leave-one-configuration-out errors: (1 - H_bb)^-1 r_b with the block H_bb of the hat matrix and the residuals r_b."""
        energy, forces = [], []
        for target, rows in zip(self.targets, self._all_rows(), strict=True):
            sigmas = target.sigmas()
            scaled = rows / sigmas[:, None]
            residual = target.values(self.e0) / sigmas - scaled @ self.weights
            half = solve_triangular(self.factor.r, scaled.T, trans="T", overwrite_b=True)
            error = -np.linalg.solve(np.eye(len(rows)) - half.T @ half, residual) * sigmas
            first = int(target.energy is not None)
            energy.append(error[0] / len(target.atoms) if first else np.nan)
            forces.append(None if target.forces is None else error[first : first + target.forces.size].reshape(-1, 3))
        return LeftOut(np.array(energy), forces)

    def _fold_in(self, progress: Progress) -> None:
        block = max(self.kernel.columns, BLOCK)
        waiting: list[tuple[Target, np.ndarray]] = []
        for done, (target, rows) in enumerate(zip(self.targets, self._computed(), strict=True), start=1):
            if self._kept is not None:
                self._kept.append(rows)
            waiting.append((target, rows))
            if sum(len(r) for _, r in waiting) >= block or done == len(self.targets):
                self._add(waiting)
                waiting = []
            progress(done, len(self.targets))

    def _add(self, waiting: list[tuple[Target, np.ndarray]]) -> None:
        values = np.concatenate([t.values(self.e0) for t, _ in waiting])
        self.factor.add(np.concatenate([r for _, r in waiting]), values, np.concatenate([t.sigmas() for t, _ in waiting]))

    def _all_rows(self) -> Iterable[np.ndarray]:
        return self._computed() if self._kept is None else self._kept

    def _computed(self) -> Iterator[np.ndarray]:
        """Rows of each target in order, a few configurations ahead of their use."""
        with ThreadPoolExecutor(self._threads) as pool:
            ahead = []
            for target in self.targets:
                ahead.append(pool.submit(target.rows, self.kernel))
                if len(ahead) > 2 * self._threads:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()


def predict(kernel: Kernel, weights: np.ndarray, atoms, e0: dict[int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energy (eV), forces (eV/Angstrom) and virial (eV, xx yy zz yz xz xy) by the rows of K_NM.

    weights (M,) give a number, (N, 3) and (6,); a committee's (M, members) give (members,), (N, 3, members) and (6, members).
    """
    rows = kernel.rows(atoms)
    e0_sum = sum(e0.get(z, 0.0) for z in atoms.numbers)
    return rows.energy @ weights + e0_sum, (rows.forces @ weights).reshape(len(atoms), 3, *np.shape(weights)[1:]), rows.virial @ weights
