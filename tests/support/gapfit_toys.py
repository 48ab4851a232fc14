"""Small triclinic configurations and terms for the tests of the fit."""

import numpy as np
from ase import Atoms

from esgap.calculators import Descriptor
from esgap.gapfit.terms import Pair, Soap, Sparse

CELL = [[4.6, 0.3, -0.2], [0.9, 4.9, 0.4], [-0.7, 0.8, 5.2]]  # triclinic, shorter than twice the cutoff
PLACES = [[0.02, 0.05, 0.1], [0.55, 0.1, 0.48], [0.3, 0.62, 0.2], [0.8, 0.75, 0.85], [0.12, 0.4, 0.7]]
SPECIES = (3, 15, 16)
PAIRS = [Pair(3, 16, 4.2, 1.3, delta=1.1, theta=0.9), Pair(16, 16, 4.0, 0.7, delta=0.8, theta=1.2)]
SOAPS = [
    Soap(3, SPECIES, 3, 2, 0.7, 4.1, 1.0, delta=0.4, zeta=4),
    Soap(16, SPECIES, 2, 3, 0.6, 3.5, 0.8, delta=0.3, zeta=2.5),
    Soap(15, (3, 16), 4, 2, 0.5, 4.3, 1.5, central_weight=0.0, delta=0.5, zeta=3),
]


def configuration(seed: int = 0, symbols: str = "LiSPSLi", strain: float = 0.03, rattle: float = 0.15) -> Atoms:
    rng = np.random.default_rng(seed)
    atoms = Atoms(symbols, scaled_positions=PLACES[: len(Atoms(symbols))], cell=np.array(CELL) @ (np.eye(3) + rng.uniform(-strain, strain, (3, 3))), pbc=True)
    atoms.positions += rng.normal(scale=rattle, size=atoms.positions.shape)
    return atoms


def sparse_points(count: int = 5, method: str = "file") -> list[Sparse]:
    """All terms, with sparse points taken from configurations, so that covariances are as in a fit."""
    frames = [configuration(seed, rattle=0.3) for seed in range(20, 20 + count)]
    soaps = [Sparse(t, np.concatenate([Descriptor(t.descriptor()).calculate(a)[:1] for a in frames]), method) for t in SOAPS]
    return [Sparse(t, np.linspace(2.0, 0.97 * t.cutoff, count)[:, None], method) for t in PAIRS] + soaps
