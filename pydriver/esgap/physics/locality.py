"""How local forces are, and the charges that explain what is not (doi:10.1103/PhysRevB.95.094203; Fig. 1 A, B of doi:10.1021/acsaem.1c02363).

Atoms far from an atom i are displaced; the change of the force on i is what a model of short range cannot describe. Charges on
Slater densities describe a part of it, which is quadratic in the charges: F = sum_(a <= b) q_a q_b G_ab over pairs of elements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from ase import Atoms
from ase.geometry import find_mic, get_distances
from scipy.optimize import least_squares

from esgap.physics.estimate import LEVEL, Estimate, standard_errors

STARTS = ((0.5, -1.0), (0.5, 1.0), (1.0, -0.3), (1.0, 3.0), (0.2, 0.2))  # charges of the first two elements, e
STILL = 1e-6  # Angstrom: less is no displacement


@dataclass(frozen=True)
class Induced:
    """Changes of forces on atoms whose surroundings up to `radius` stayed as they were; one entry an atom."""

    group: np.ndarray  # (n,) number of the configuration
    atom: np.ndarray  # (n,) index of the atom
    distance: np.ndarray  # (n,) Angstrom, to the nearest displaced atom, in the undisplaced cell
    change: np.ndarray  # (n, 3) eV/Angstrom, of the reference
    parts: np.ndarray  # (n, pairs, 3) eV/Angstrom an e^2: the same change of G_ab

    def select(self, mask: np.ndarray) -> "Induced":
        """The entries under a mask, or with these indices."""
        return Induced(self.group[mask], self.atom[mask], self.distance[mask], self.change[mask], self.parts[mask])

    def electrostatic(self, charges: Sequence[float]) -> np.ndarray:
        """The change that charges (e, in the order of the elements) explain, (n, 3) eV/Angstrom."""
        return np.einsum("p,npc->nc", products(charges), self.parts)


def displaced_beyond(base: Atoms, centre: int, radius: float, sigma: float, random: np.random.Generator) -> Atoms:
    """`base` with every atom farther than `radius` from atom `centre` (minimum image) moved by a Gaussian of `sigma` a component, Angstrom."""
    far = base.get_distances(centre, range(len(base)), mic=True) > radius
    moved = base.copy()
    moved.positions[far] += random.normal(scale=sigma, size=(int(far.sum()), 3))
    return moved


def pairs(count: int) -> list[tuple[int, int]]:
    """The pairs a <= b of `count` elements."""
    return list(combinations_with_replacement(range(count), 2))


def products(charges: Sequence[float]) -> np.ndarray:
    """q_a q_b for each pair, (pairs,)."""
    return np.array([charges[a] * charges[b] for a, b in pairs(len(charges))])


def unit_charges(count: int) -> np.ndarray:
    """Charges of the evaluations that `pair_forces` needs, (pairs, count): one element alone, or two of them, with unit charge."""
    out = np.zeros((len(pairs(count)), count))
    for row, pair in enumerate(pairs(count)):
        out[row, list(pair)] = 1.0
    return out


def pair_forces(forces: np.ndarray, count: int) -> np.ndarray:
    """G_ab from the forces with `unit_charges`; both (pairs, ...): the cross term is what two elements have more than each alone."""
    order = pairs(count)
    alone = {a: forces[order.index((a, a))] for a in range(count)}
    return np.array([forces[k] if a == b else forces[k] - alone[a] - alone[b] for k, (a, b) in enumerate(order)])


def induced(base: Atoms, moved: Sequence[Atoms], change: np.ndarray, parts: np.ndarray, radius: float) -> Induced:
    """The atoms of each configuration from which every displaced atom is at least `radius` away (minimum image), and that are still themselves.

    `change`: (configurations, N, 3) reference forces less those of `base`; `parts`: (configurations, pairs, N, 3) likewise.
    """
    _, distances = get_distances(base.positions, cell=base.cell, pbc=True)
    rows = []
    for group, atoms in enumerate(moved):
        shifted = np.linalg.norm(find_mic(atoms.positions - base.positions, base.cell)[0], axis=1) > STILL
        nearest = distances[:, shifted].min(axis=1, initial=np.inf)
        rows += [(group, i, nearest[i]) for i in np.flatnonzero(~shifted & (nearest >= radius))]
    group, atom, distance = (np.array(column, dtype=kind) for column, kind in zip(list(zip(*rows)) or ((), (), ()), (int, int, float)))
    return Induced(group, atom, distance, change[group, atom], parts[group, :, atom])


def fit_charges(data: Induced, counts: Sequence[int]) -> np.ndarray:
    """Charges (e) that leave the least of the induced forces: minimise sum |change - electrostatic(q)|^2 with sum_a counts_a q_a = 0.

    The sign of all together is free; the first element is positive. The best of several starts.
    """
    last = len(counts) - 1

    def charges(free: np.ndarray) -> np.ndarray:
        return np.append(free, -np.dot(free, counts[:last]) / counts[last])

    fits = [least_squares(lambda free: (data.change - data.electrostatic(charges(free))).ravel(), np.resize(start, last)) for start in STARTS]
    best = charges(min(fits, key=lambda fit: fit.cost).x)
    return best if best[0] > 0 else -best


def charges_with_intervals(data: Induced, counts: Sequence[int], seed: int = 1, draws: int = 200) -> list[Estimate]:
    """The fitted charges with intervals by bootstrap over configurations, whose forces are not independent of each other."""
    best, groups, random = fit_charges(data, counts), np.unique(data.group), np.random.default_rng(seed)
    where = {group: np.flatnonzero(data.group == group) for group in groups}
    samples = []
    for _ in range(draws):
        rows = np.concatenate([where[group] for group in random.choice(groups, len(groups))])
        samples.append(fit_charges(data.select(rows), counts))
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    method = f"least squares on {len(data.group)} induced forces, bootstrap over {len(groups)} configurations"
    return [Estimate(float(q), float(min(a, q)), float(max(b, q)), method) for q, a, b in zip(best, low, high)]


def magnitude(forces: np.ndarray) -> Estimate:
    """Mean size of induced forces, (n, 3), with its normal interval; no interval for less than three."""
    sizes = np.linalg.norm(forces, axis=1)
    if len(sizes) < 3:
        return Estimate(float(sizes.mean()), method=f"mean of {len(sizes)}")
    error = standard_errors(np.inf) * sizes.std(ddof=1) / np.sqrt(len(sizes))
    return Estimate(float(sizes.mean()), float(sizes.mean() - error), float(sizes.mean() + error), f"mean of {len(sizes)}, normal interval")
