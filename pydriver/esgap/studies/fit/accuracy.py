"""Errors of a fitted potential, GAP plus baseline, against its reference labels."""

from pathlib import Path

import numpy as np

from esgap.lammps.static import Labels


def predict(xml: Path, configurations) -> list[Labels]:
    """Energy, forces and virial of each configuration by the GAP alone, through QUIP."""
    from quippy.potential import Potential as Quip  # takes a second to import

    potential = Quip(param_filename=str(xml))
    return [_gap(potential, atoms) for atoms in configurations]


def largest_difference(a: list[Labels], b: list[Labels]) -> dict[str, float]:
    """Largest difference of two predictions: energy in eV/atom, force components in eV/Angstrom."""
    return {
        "energy": float(f"{max(abs(x.energy - y.energy) / len(x.forces) for x, y in zip(a, b, strict=True)):.1e}"),
        "force": float(f"{max(np.abs(x.forces - y.forces).max() for x, y in zip(a, b, strict=True)):.1e}"),
    }


def rmse(configurations, labels: list[Labels], predicted: list[Labels], held_out, groups: dict[str, np.ndarray] | None = None) -> dict:
    """RMSE on fitted and on held-out configurations, and on held-out ones of each group that has some.

    Energy and virial in meV/atom, forces by element in eV/Angstrom.
    """
    parts = {"train": ~held_out, "held_out": held_out} | {f"held_out {name}": held_out & mask for name, mask in (groups or {}).items()}
    return {name: summary([(configurations[i], labels[i], predicted[i] - labels[i]) for i in np.flatnonzero(chosen)]) for name, chosen in parts.items() if chosen.any()}


def parity(configurations, labels: list[Labels], predicted: list[Labels], held_out) -> dict:
    """What a parity figure shows: energies per atom (eV, reference and predicted) and force components by element (eV/Angstrom)."""
    forces: dict[str, list] = {}
    rows = list(zip(configurations, labels, predicted, held_out, strict=True))
    for atoms, label, found, held in rows:
        if label.forces is None:
            continue
        for symbol in sorted(set(atoms.symbols)):
            mask = np.array(atoms.symbols) == symbol
            pairs = np.column_stack([label.forces[mask].ravel(), found.forces[mask].ravel()]).round(5)
            forces.setdefault(symbol, []).append({"held_out": bool(held), "pairs": pairs.tolist()})
    energies = [[label.energy / len(atoms), found.energy / len(atoms), bool(held)] for atoms, label, found, held in rows if label.energy is not None]
    return {"energies": energies, "forces": forces}


def _gap(potential, atoms) -> Labels:
    atoms = atoms.copy()
    atoms.calc = potential
    return Labels(atoms.get_potential_energy(), atoms.get_forces(), -atoms.get_stress(voigt=False) * atoms.get_volume())


def summary(rows) -> dict:
    """Per-component RMSE of (atoms, reference, error) rows, and the rms of the reference forces that it is to be compared with.

    A kind of label that no row has is left out.
    """
    energies = [1e3 * error.energy / len(atoms) for atoms, _, error in rows if error.energy is not None]
    virials = [1e3 * error.virial / len(atoms) for atoms, _, error in rows if error.virial is not None]
    with_forces = [row for row in rows if row[2].forces is not None]
    out = {"configurations": len(rows)} | ({"energy": _rms(energies)} if energies else {}) | ({"virial": _rms(virials)} if virials else {})
    if not with_forces:
        return out | {"force": {}, "force_rms": {}}
    symbols = np.concatenate([atoms.symbols for atoms, *_ in with_forces])
    forces = np.concatenate([error.forces for *_, error in with_forces])
    reference = np.concatenate([label.forces for _, label, _ in with_forces])
    return out | {"force": {s: _rms(forces[symbols == s]) for s in sorted(set(symbols))}, "force_rms": {s: _rms(reference[symbols == s]) for s in sorted(set(symbols))}}


def _rms(values) -> float:
    return round(float(np.sqrt(np.mean(np.square(values)))), 4)
