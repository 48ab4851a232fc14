"""The choice of sparse points: which atoms' surroundings, and which distances, carry the weights.

cur       atoms drawn by their leverage on the descriptors' leading directions (M. W. Mahoney, P. Drineas, PNAS 106, 697 (2009),
          doi:10.1073/pnas.0803205106): many where the data are many
farthest  pivoted Cholesky factorisation of the covariance: each point is the one that the points before it explain worst
          (S. Fine, K. Scheinberg, J. Mach. Learn. Res. 2, 243 (2001)): the whole range, outliers included, nothing twice
uniform   equally spaced distances, for pair terms
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from scipy.linalg import eigh, lapack

from esgap.calculators import Descriptor
from esgap.environments import Environment
from esgap.gapfit.terms import Pair, Soap, Sparse, Term

DEPENDENT = 1e-13  # of the largest variance: what is left of a point that the others explain to rounding


@dataclass(frozen=True)
class Choice:
    """The sparse points of one term, None when the data give none, and a sentence where they are fewer than asked for."""

    sparse: Sparse | None
    remark: str = ""


def choose(term: Term, configurations: Sequence[Atoms], count: int, method: str = "cur", seed: int = 0) -> Choice:
    """`count` sparse points of `term` from the atoms of `configurations`, those that depend on each other left out."""
    points = distances(term, configurations, count) if term.kind == "distance_2b" else descriptors(term, configurations)
    if len(points) == 0:
        return Choice(None, f"{_name(term)}: the data have no such atoms within {term.cutoff} Angstrom: the term is left out")
    if term.kind == "distance_2b":
        return independent(Sparse(term, points, "uniform", np.ones(len(points))), count)
    chosen = farthest(term, points, count) if method == "farthest" else cur(points, count, np.random.default_rng(seed))
    return independent(Sparse(term, points[chosen], f"{method}_points"), count)


def descriptors(term: Soap, configurations: Sequence[Atoms]) -> np.ndarray:
    """Power spectra of all atoms of the term's element, shape (their number, term.dimensions)."""
    descriptor = Descriptor(term.descriptor())
    found = [descriptor.calculate(atoms) for atoms in configurations if term.z in atoms.numbers]
    return np.concatenate(found) if found else np.zeros((0, term.dimensions))


def distances(term: Pair, configurations: Sequence[Atoms], count: int) -> np.ndarray:
    """`count` distances from the shortest of the data to just below the cutoff, shape (count, 1); none when there is no such pair."""
    shortest = min((_shortest(term, atoms) for atoms in configurations), default=np.inf)
    return np.linspace(shortest, term.cutoff, count, endpoint=False)[:, None] if shortest < term.cutoff else np.zeros((0, 1))


def _shortest(term: Pair, atoms: Atoms) -> float:
    around = Environment(atoms, term.cutoff)
    one, two = around.z[around.i], around.z[around.j]
    lengths = np.linalg.norm(around.vectors[(one == term.z1) & (two == term.z2)], axis=1)
    return lengths.min(initial=np.inf)


def cur(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of at most `count` rows, drawn without replacement by the leverage of each on the leading `count` directions."""
    if len(points) <= count:
        return np.arange(len(points))
    size, directions = eigh(points.T @ points)
    leading = slice(max(0, len(size) - count), None)
    kept = size[leading] > DEPENDENT * size[-1]
    leverage = np.sum((points @ directions[:, leading][:, kept]) ** 2 / size[leading][kept], axis=1)
    return np.sort(rng.choice(len(points), count, replace=False, p=leverage / leverage.sum()))


def farthest(term: Soap, points: np.ndarray, count: int) -> np.ndarray:
    """Indices of at most `count` rows by pivoted Cholesky factorisation; fewer when the others are explained to rounding."""
    left = np.full(len(points), term.delta**2) * np.einsum("ij,ij->i", points, points) ** term.zeta
    largest, factor, chosen = left.max(), np.zeros((min(count, len(points)), len(points))), []
    for k in range(len(factor)):
        pivot = int(np.argmax(left))
        if left[pivot] < DEPENDENT * largest:
            break
        column = term.covariance(points[pivot : pivot + 1], points)[0] - factor[:k, pivot] @ factor[:k]
        factor[k] = column / np.sqrt(left[pivot])
        left -= factor[k] ** 2
        chosen.append(pivot)
        left[chosen] = -np.inf
    return np.array(chosen)


def independent(sparse: Sparse, asked: int | None = None) -> Choice:
    """`sparse` without the points that are combinations of others to rounding, and a sentence when there are fewer than asked for."""
    asked = len(sparse) if asked is None else asked
    covariance = sparse.covariance()
    _, pivots, rank, _ = lapack.dpstrf(covariance, tol=DEPENDENT * covariance.diagonal().max(), lower=1)
    kept = np.sort(pivots[:rank] - 1)
    remark = ""
    if rank < min(asked, len(sparse)):
        remark = f"{_name(sparse.term)}: {len(sparse) - rank} of {len(sparse)} sparse points are combinations of the others: {rank} are used"
    elif len(sparse) < asked:
        remark = f"{_name(sparse.term)}: the data have {len(sparse)} points that differ, {asked} were asked for: {rank} are used"
    return Choice(Sparse(sparse.term, sparse.points[kept], sparse.method, sparse.factors[kept]), remark)


def _name(term: Term) -> str:
    if term.kind == "soap":
        return f"soap of {chemical_symbols[term.z]} with cutoff {term.cutoff:g}"
    return f"distance_2b of {chemical_symbols[term.z1]}-{chemical_symbols[term.z2]}"
