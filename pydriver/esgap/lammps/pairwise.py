"""The electrostatic baseline by pairs of elements: one set of LAMMPS runs serves all charges.

E_ES is quadratic in the charges, induced dipoles included: they follow the charges linearly. With an orthonormal basis v_1 ... v_d of the charges (one an element) that leave every
configuration neutral, q = sum a_i v_i and
  E_ES(q) = sum_i a_i^2 E(v_i) + sum_(i<j) a_i a_j [E(v_i + v_j) - E(v_i) - E(v_j)],
forces and virials likewise. Cells with a net charge never occur, so no term of a background enters.
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from ase import Atoms
from scipy.linalg import null_space

from esgap.errors import EsgapError
from esgap.lammps.static import NEUTRAL, Labels, baseline
from esgap.potential import Electrostatics


@dataclass(frozen=True)
class PairwiseBaseline:
    """Coefficients of a_i a_j for all configurations, pairs in the order of `pairs(d)`.

    basis (elements, d); energies (configurations, pairs) in eV; forces (all atoms, 3, pairs) in eV/Angstrom; virials
    (configurations, 3, 3, pairs) in eV; sizes: atoms of each configuration.
    """

    elements: tuple[str, ...]
    basis: np.ndarray
    energies: np.ndarray
    forces: np.ndarray
    virials: np.ndarray
    sizes: np.ndarray

    def labels(self, charges: dict[str, float]) -> list[Labels]:
        """The baseline of each configuration for `charges` (e). Raises EsgapError for charges that leave one with a net charge."""
        q = np.array([charges[s] for s in self.elements])
        a = self.basis.T @ q
        if np.abs(q - self.basis @ a).max() > NEUTRAL:
            given = ", ".join(f"{s} {charges[s]:+g}" for s in self.elements)
            raise EsgapError(f"the charges {given} leave configurations with a net charge: correct them")
        products = np.array([a[i] * a[j] for i, j in pairs(len(a))])
        forces = np.split(self.forces @ products, np.cumsum(self.sizes)[:-1])
        return [Labels(float(e), f, v) for e, f, v in zip(self.energies @ products, forces, self.virials @ products, strict=True)]

    def save(self, path: Path) -> None:
        """Write a NumPy file."""
        np.savez(path, **{**vars(self), "elements": np.array(self.elements)})

    @classmethod
    def load(cls, path: Path) -> "PairwiseBaseline":
        """Read what `save` wrote."""
        with np.load(path) as file:
            return cls(tuple(map(str, file["elements"])), *(file[name] for name in ("basis", "energies", "forces", "virials", "sizes")))


def pairs(d: int) -> list[tuple[int, int]]:
    """(i, i) of all i, then (i, j) of all i < j."""
    return [(i, i) for i in range(d)] + list(combinations(range(d), 2))


def pairwise_baseline(configurations: list[Atoms], elements: tuple[str, ...], es: Electrostatics) -> PairwiseBaseline:
    """Run LAMMPS for each pair of basis vectors, with the densities of `es`; its charges do not matter."""
    counts = np.array([[np.sum(np.array(atoms.symbols) == s) for s in elements] for atoms in configurations])
    basis = null_space(np.unique(counts, axis=0))
    if basis.shape[1] == 0:
        raise EsgapError("the compositions of the data leave no charges that are neutral in all of them: use a model without electrostatics")
    runs = {}
    for i, j in pairs(basis.shape[1]):
        q = basis[:, i] if i == j else basis[:, i] + basis[:, j]
        mixed = baseline(configurations, elements, es.model_copy(update={"charges": dict(zip(elements, q.tolist(), strict=True))}))
        runs[i, j] = mixed if i == j else [m - a - b for m, a, b in zip(mixed, runs[i, i], runs[j, j], strict=True)]
    columns = list(runs.values())
    return PairwiseBaseline(
        tuple(elements),
        basis,
        np.array([[label.energy for label in column] for column in columns]).T,
        np.stack([np.concatenate([label.forces for label in column]) for column in columns], axis=-1),
        np.stack([[label.virial for label in column] for column in columns], axis=-1),
        np.array([len(atoms) for atoms in configurations]),
    )
