"""Whether energies and forces have units that belong together: the energy between two similar configurations is the work of forces and stress.

E_b - E_a = f [-1/2 (F_a + F_b) . u] + v [-1/2 (W_a + W_b) : strain] + third order, with the displacements u beyond the strain and the
virials W; f = v = 1 for labels in eV and eV/Angstrom. The third order grows with the difference between the works of the two ends, so
only the third of the pairs with the smallest one is looked at. Labels are blamed when they miss the energies there and other factors do not.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree

NEAR = 0.3  # Angstrom, rms displacement
STILL, SAME_CELL, SMALL_STRAIN = 1e-4, 1e-6, 0.05
FEWEST = 4  # pairs
REACH = 50  # configurations between the two of a pair, at most
NEAREST, SOME = 1 / 3, 10  # share of the pairs that count, and how many at least
MISSED, BETTER = 0.35, 0.5  # relative: energies that right labels miss at most (measured: 0.24); what other factors miss of that
RIGHT = 0.1, 1.4  # factors that the third order alone brings about (measured: 0.22 to 1.35); no other unit is among them
NAMED = 0.1  # of ln(f), to name a unit
TELLING = 0.1  # of the work of forces and stress: less says nothing of the factor
UNITS = {  # f -> what the labels are in
    1.0: "",
    Hartree / Bohr: "forces in Hartree/Bohr",
    1 / Hartree: "energies in Hartree",
    1 / Bohr: "forces in eV/Bohr, or energies in Hartree and forces in Hartree/Bohr",
    Hartree: "forces in Hartree/Angstrom",
}


def work(frames: Sequence[Atoms], energies: Sequence[float], forces: Sequence[np.ndarray], virials: Sequence[np.ndarray | None]) -> np.ndarray:
    """(pairs, 5) of each pair that is similar enough: energy difference, mean work of the two ends' forces and of their stress, half the difference of either between the ends, eV.

    Without virials pairs of one cell alone.
    """
    found, scaled = [], [atoms.get_scaled_positions(wrap=False) if atoms.cell.rank == 3 else None for atoms in frames]
    for a, b in combinations(range(len(frames)), 2):
        if b - a > REACH:
            continue
        known = virials[a] is not None and virials[b] is not None
        moved = _displacements(frames[a], frames[b], scaled[b], scaled[a], SMALL_STRAIN if known else SAME_CELL)
        if moved is not None:
            displacements, strain = moved
            ends = [(-np.sum(forces[k] * displacements), -np.sum(virials[k] * strain) if known else 0.0) for k in (a, b)]
            found.append((energies[b] - energies[a], *np.mean(ends, axis=0), *np.abs(np.subtract(*ends)) / 2))
    return np.array(found).reshape(-1, 5)


def other_units(pairs: np.ndarray) -> str:
    """What the pairs of `work` say of the units in words; empty when they fit eV and eV/Angstrom, or give no clear answer."""
    if len(pairs) < FEWEST:
        return ""
    near = pairs[np.argsort(pairs[:, 3:].sum(axis=1))[: max(SOME, int(NEAREST * len(pairs)))]]
    energies, works = near[:, 0], near[:, 1:3]
    factors = np.linalg.lstsq(works, energies, rcond=1e-9)[0]
    missed, left = (np.abs(energies - works @ f).sum() / np.abs(energies).sum() for f in (np.ones(2), factors))
    if missed < MISSED or left > BETTER * missed:
        return ""
    shares = np.abs(works * factors).sum(axis=0) / np.abs(works * factors).sum()
    forces, stress = (f if share > TELLING else None for f, share in zip(factors, shares))
    if all(f is None or RIGHT[0] < f < RIGHT[1] for f in (forces, stress)):
        return ""
    ratio = ", ".join(f"{word} x {f:.3g}" for word, f in (("forces", forces), ("virials", stress)) if f is not None)
    return _name(forces, stress) or f"labels that do not fit each other as eV and eV/Angstrom (the energies need {ratio})"


def _name(forces: float | None, stress: float | None) -> str:
    """The labels with these factors; empty where they are none of those known."""
    if forces is not None and forces < 0:
        return "gradients, forces of the opposite sign" if abs(np.log(-forces)) < NAMED else ""
    if stress is not None and stress < 0:
        return "virials of the opposite sign (a stress times the volume)" if abs(np.log(-stress)) < 3 * NAMED else ""
    return "" if forces is None else next((words for unit, words in UNITS.items() if words and abs(np.log(forces / unit)) < NAMED), "")


def _displacements(one: Atoms, other: Atoms, there: np.ndarray, here: np.ndarray, largest_strain: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Displacements (N, 3) beyond the strain (3, 3) that leads from one to the other; None for pairs that are not alike, or the same."""
    if len(one) != len(other) or not np.array_equal(one.numbers, other.numbers) or one.cell.rank < 3 or other.cell.rank < 3:
        return None
    strain = np.linalg.solve(one.cell.array, other.cell.array) - np.eye(3)
    if np.abs(strain).max() > largest_strain:
        return None
    fractional = there - here
    moved = (fractional - np.round(fractional)) @ (one.cell.array + other.cell.array) / 2
    return (moved, strain) if STILL < np.sqrt(np.mean(np.sum(moved**2, axis=1))) < NEAR else None
