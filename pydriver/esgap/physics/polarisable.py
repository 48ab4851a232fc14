"""Charges and polarisabilities that explain the forces which displaced atoms induce far away (esgap.physics.induced is the model).

The model keeps the electrons' share of the screening that fixed charges lack: an ion between the displaced atom and the one that feels it
gives way to the field. Units: eV, Angstrom, e; polarisabilities in Angstrom^3, eta in 1/Angstrom.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.optimize import least_squares

from esgap.physics.estimate import LEVEL, Estimate
from esgap.physics.induced import Ions, respond, self_interaction
from esgap.physics.locality import Induced

ETA = (0.35, 1.0)  # 1/Angstrom, between which it is sought: wider than the distance of two ions, or narrower than an ion
START = (0.55, 0.06)  # eta, and 1/alpha - s in 1/Angstrom^3
STEP = 1e-4  # of the numerical derivatives, relative


@dataclass(frozen=True)
class Model:
    """Charges by element, polarisabilities of some elements, and the width that all densities share."""

    charges: dict[str, float]
    polarisabilities: dict[str, float]
    eta: float

    def ions(self, symbols: Sequence[str]) -> Ions:
        """Of atoms with these symbols."""
        return Ions(np.array([self.charges[s] for s in symbols]), np.array([self.polarisabilities.get(s, 0.0) for s in symbols]), self.eta)

    def changes(self, base: Atoms, moved: Sequence[Atoms]) -> np.ndarray:
        """Forces of each configuration less those of `base`, (configurations, N, 3)."""
        ions, cell = self.ions(base.symbols), base.cell.array
        before = respond(base.positions, cell, ions).forces
        return np.array([respond(atoms.positions, cell, ions).forces - before for atoms in moved])


@dataclass(frozen=True)
class Fitted:
    """The parameters with their intervals, in the order of `names`, and the model of the best ones."""

    names: list[str]  # charge X, polarisability X, eta
    estimates: list[Estimate]
    model: Model

    def of(self, name: str) -> Estimate:
        return self.estimates[self.names.index(name)]


def fit(data: Induced, base: Atoms, moved: Sequence[Atoms], elements: Sequence[str], polarisable: Sequence[str], charges: Sequence[float], seed: int = 1) -> Fitted:
    """Least squares of the induced forces `data` under neutrality, from `charges` (e, those that a fit without dipoles found).

    Sought are the charges of all elements but the last, 1/alpha - s > 0 of each polarisable one, which keeps the minimum of the energy, and eta.
    Intervals by bootstrap over configurations, of the linearised problem.
    """
    counts = [int(np.sum(np.array(base.symbols) == s)) for s in elements]

    def model(x: np.ndarray) -> Model:
        free, eta = x[: len(elements) - 1], x[-1]
        q = np.append(free, -np.dot(free, counts[:-1]) / counts[-1])
        return Model(dict(zip(elements, q.tolist())), {s: 1 / (b + self_interaction(eta)) for s, b in zip(polarisable, x[len(elements) - 1 : -1].tolist())}, float(eta))

    def residual(x: np.ndarray) -> np.ndarray:
        return (model(x).changes(base, moved)[data.group, data.atom] - data.change).ravel()

    start = np.array([*(1.5 * np.array(charges[:-1])), *(START[1] for _ in polarisable), START[0]])  # dipoles screen: charges grow
    low = np.array([*(-np.inf for _ in counts[:-1]), *(1e-3 for _ in polarisable), ETA[0]])
    high = np.array([np.inf] * (len(start) - 1) + [ETA[1]])
    found = least_squares(residual, start, bounds=(low, high), diff_step=STEP, x_scale=np.maximum(np.abs(start), 0.05))
    names = [f"charge {s}" for s in elements] + [f"polarisability {s}" for s in polarisable] + ["eta"]
    method = f"least squares on {len(data.group)} induced forces, linearised bootstrap over {len(np.unique(data.group))} configurations"
    return Fitted(names, _estimates(found, data, lambda x: _values(model(x)), method, seed), model(found.x))


def _values(model: Model) -> np.ndarray:
    return np.array([*model.charges.values(), *model.polarisabilities.values(), model.eta])


def _estimates(found, data: Induced, values: Callable[[np.ndarray], np.ndarray], method: str, seed: int, draws: int = 500) -> list[Estimate]:
    """Intervals of `values` at the solution: each draw takes configurations with replacement and goes one Gauss-Newton step."""
    rows = found.jac.reshape(len(data.group), 3, -1)
    errors = found.fun.reshape(len(data.group), 3)
    groups, random = np.unique(data.group), np.random.default_rng(seed)
    normal = np.array([np.einsum("nci,ncj->ij", *[rows[data.group == g]] * 2) for g in groups])
    gradient = np.array([np.einsum("nci,nc->i", rows[data.group == g], errors[data.group == g]) for g in groups])
    best, samples = values(found.x), []
    slope = np.array([(values(found.x + step) - best) / np.abs(step).sum() for step in np.diag(1e-5 * np.maximum(np.abs(found.x), 0.05))]).T
    for _ in range(draws):
        chosen = random.choice(len(groups), len(groups))
        samples.append(best - slope @ (np.linalg.pinv(normal[chosen].sum(axis=0)) @ gradient[chosen].sum(axis=0)))
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [Estimate(float(v), float(min(a, v)), float(max(b, v)), method) for v, a, b in zip(best, low, high)]
