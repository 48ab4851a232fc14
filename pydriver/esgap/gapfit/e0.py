"""Energies of isolated atoms, which a fit subtracts before all else. Units: eV."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from esgap.errors import EsgapError


def average(configurations: Sequence[Atoms], energies: Sequence[float | None]) -> dict[int, float]:
    """One value for all elements: the mean over the configurations of energy per atom, as gap_fit's e0_method=average.

    Energies of cells that differ in composition cannot be compared then.
    """
    known = [(a, e) for a, e in zip(configurations, energies, strict=True) if e is not None]
    if not known:
        return {z: 0.0 for a in configurations for z in a.numbers.tolist()}  # forces alone fix energies up to a constant
    mean = float(np.mean([e / len(a) for a, e in known]))
    return {z: mean for z in sorted({z for a in configurations for z in a.numbers.tolist()})}


def isolated(configurations: Sequence[Atoms], energies: Sequence[float | None]) -> dict[int, float]:
    """The energies of configurations of one atom; raises EsgapError where an element has none, or two that differ."""
    found: dict[int, float] = {}
    for atoms, energy in zip(configurations, energies, strict=True):
        if len(atoms) == 1 and energy is not None and abs(found.setdefault(int(atoms.numbers[0]), energy) - energy) > 1e-6:
            raise EsgapError(f"two isolated atoms of {atoms.symbols} have different energies, {found[int(atoms.numbers[0])]} and {energy} eV: keep one")
    if missing := sorted({z for a in configurations for z in a.numbers.tolist()} - set(found)):
        raise EsgapError(f"no isolated atom of {_names(missing)} in the data: add a configuration of one atom each, or take e0 = 'average'")
    return found


def least_squares(configurations: Sequence[Atoms], energies: Sequence[float | None]) -> dict[int, float]:
    """The energies by element that reproduce the labels best.

    Raises EsgapError where the compositions do not determine them: with one composition alone, say, any shift between
    elements fits as well, and energies of other compositions would be arbitrary.
    """
    known = [(a, e) for a, e in zip(configurations, energies, strict=True) if e is not None]
    elements = sorted({z for a in configurations for z in a.numbers.tolist()})
    counts = np.array([[np.sum(a.numbers == z) for z in elements] for a, _ in known], dtype=float).reshape(len(known), len(elements))
    rank = np.linalg.matrix_rank(counts / np.maximum(counts.sum(1, keepdims=True), 1), tol=1e-6) if known else 0
    if rank < len(elements):
        raise EsgapError(
            f"e0 of {_names(elements)} are {len(elements)} unknowns, but the energies belong to {rank} independent compositions: add other "
            "compositions or isolated atoms, or take e0 = 'average'"
        )
    size = counts.sum(1)
    solution = np.linalg.lstsq(counts / size[:, None], np.array([e for _, e in known]) / size, rcond=None)[0]
    return dict(zip(elements, solution.tolist(), strict=True))


def _names(numbers) -> str:
    return ", ".join(chemical_symbols[z] for z in numbers)
