"""Whether energies and forces have units that belong together: the energy between two similar configurations is the work of forces and stress.

E_b - E_a = f [-1/2 (F_a + F_b) . u] + v [-1/2 (W_a + W_b) : strain] + third order, with the displacements u beyond the strain and the
virials W; f = v = 1 for labels in eV and eV/Angstrom. Both factors are found by regression over pairs of configurations.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree

NEAR = 0.35  # Angstrom, rms displacement; the trapezoidal rule holds for such pairs well enough to tell units apart
STILL, SAME_CELL, SMALL_STRAIN = 1e-4, 1e-6, 0.05
FEWEST = 4  # pairs
REACH = 50  # configurations between the two of a pair, at most
SCATTER = 0.5  # relative, of the energies that are not explained: more is no clear answer
TOLERANCE = 0.3  # of ln(f)
TELLING = 0.1  # work of the stress over that of the forces: less says nothing of virials
UNITS = {  # f -> what the labels are in
    1.0: "",
    Hartree / Bohr: "forces in Hartree/Bohr",
    1 / Hartree: "energies in Hartree",
    1 / Bohr: "forces in eV/Bohr, or energies in Hartree and forces in Hartree/Bohr",
    Hartree: "forces in Hartree/Angstrom",
}


def work(frames: Sequence[Atoms], energies: Sequence[float], forces: Sequence[np.ndarray], virials: Sequence[np.ndarray | None]) -> np.ndarray:
    """Energy difference, work of the forces and of the stress (pairs, 3) of each pair that is similar enough; without virials pairs of one cell alone."""
    found, scaled = [], [atoms.get_scaled_positions(wrap=False) if atoms.cell.rank == 3 else None for atoms in frames]
    for a, b in combinations(range(len(frames)), 2):
        if b - a > REACH:
            continue
        known = virials[a] is not None and virials[b] is not None
        moved = _displacements(frames[a], frames[b], scaled[b], scaled[a], SMALL_STRAIN if known else SAME_CELL)
        if moved is not None:
            displacements, strain = moved
            stress = -0.5 * np.sum((virials[a] + virials[b]) * strain) if known else 0.0
            found.append((energies[b] - energies[a], -0.5 * np.sum((forces[a] + forces[b]) * displacements), stress))
    return np.array(found).reshape(-1, 3)


def other_units(pairs: np.ndarray) -> str:
    """What the pairs of `work` say of the units in words; empty when they fit eV and eV/Angstrom, or give no clear answer."""
    if len(pairs) < FEWEST:
        return ""
    factors = np.linalg.lstsq(pairs[:, 1:], pairs[:, 0], rcond=1e-9)[0]
    if np.abs(pairs[:, 0] - pairs[:, 1:] @ factors).sum() > SCATTER * np.abs(pairs[:, 0]).sum():
        return ""
    if factors[0] < 0:
        return "gradients, forces of the opposite sign" if abs(np.log(-factors[0])) < TOLERANCE else ""
    if np.abs(pairs[:, 2]).sum() > TELLING * np.abs(pairs[:, 1]).sum() and abs(np.log(max(-factors[1], 1e-9))) < 2 * TOLERANCE:
        return "virials of the opposite sign (a stress times the volume)"
    nearest = min(UNITS, key=lambda unit: abs(np.log(factors[0] / unit)))
    return UNITS[nearest] if abs(np.log(factors[0] / nearest)) < TOLERANCE else ""


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
