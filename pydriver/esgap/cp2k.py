"""Decks and output of CP2K: one static calculation with forces, stress and Hirshfeld charges."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.units import Bohr, GPa, Hartree, bar

from esgap.errors import EsgapError

PLACES = ("@CELL@", "@COORD@")
STRESS_UNITS = {"GPa": GPa, "bar": bar}


@dataclass(frozen=True)
class Label:
    """Reference values of one configuration."""

    energy: float  # eV
    forces: np.ndarray  # (N, 3) eV/Angstrom
    virial: np.ndarray  # (3, 3) eV, positive trace = positive pressure
    charges: np.ndarray | None  # (N,) e, Hirshfeld
    version: str  # of the code


class NotConverged(Exception):
    """The calculation ended without a converged density; its message is the reason."""


def deck(template: str, atoms: Atoms) -> str:
    """The template with @CELL@ and @COORD@ filled in. Raises EsgapError when it lacks one of them."""
    for place in PLACES:
        if place not in template:
            raise EsgapError(f"the CP2K template has no {place}: write it where the lines of &CELL and &COORD belong")
    cell = "\n".join(f"      {name} {x:.12f} {y:.12f} {z:.12f}" for name, (x, y, z) in zip("ABC", atoms.cell.array))
    coordinates = "\n".join(f"      {symbol} {x:.12f} {y:.12f} {z:.12f}" for symbol, (x, y, z) in zip(atoms.symbols, atoms.positions))
    return template.replace("@CELL@", cell).replace("@COORD@", coordinates)


def read_output(file: Path, atoms: Atoms) -> Label:
    """Read CP2K's output for `atoms`.

    Raises NotConverged when the SCF did not converge, EsgapError when the output is cut off or lacks energy, forces or stress.
    """
    text = file.read_text(errors="replace")
    if "SCF run NOT converged" in text:
        steps = re.findall(r"^\s+(\d+) \S+\s+\S+\s+\S+\s+\S+\s+-?\d+\.\d+", text, flags=re.M)
        raise NotConverged(f"SCF not converged in {steps[-1] if steps else 'all'} steps")
    if "PROGRAM ENDED AT" not in text:
        raise EsgapError(f"{file} is cut off or CP2K stopped: {_complaint(text)}")
    energies = re.findall(r"ENERGY\| Total FORCE_EVAL.*?:?\s+(-?\d+\.\d+)\s*$", text, flags=re.M)
    if not energies:
        raise EsgapError(f"{file} has no total energy: the template must ask for RUN_TYPE ENERGY_FORCE")
    return Label(
        energy=float(energies[-1]) * Hartree,
        forces=_table(text, "ATOMIC FORCES in", r"^\s+\d+\s+\d+\s+[A-Z][a-z]?((?:\s+-?\d+\.\d+(?:E[-+]\d+)?){3})\s*$", (len(atoms), 3), file) * Hartree / Bohr,
        virial=_stress(text, file) * atoms.get_volume(),
        charges=_charges(text, len(atoms), file),
        version=version[1].strip() if (version := re.search(r"CP2K\| version string:\s+(.*)", text)) else "unknown",
    )


def _table(text: str, head: str, row: str, shape: tuple[int, ...], file: Path) -> np.ndarray:
    """The numbers of the last table under `head`."""
    rows = re.findall(row, text[text.rindex(head) :], flags=re.M) if head in text else []
    numbers = np.array([line.split() for line in rows[: shape[0]]], dtype=float)
    if numbers.size != np.prod(shape):
        raise EsgapError(f"{file} has {len(numbers)} rows under '{head}', expected {shape[0]}: the template must print them")
    return numbers.reshape(shape)


def _stress(text: str, file: Path) -> np.ndarray:
    """The analytical stress in eV/Angstrom^3, positive = pressure."""
    head = re.search(r"STRESS\| Analytical stress tensor \[(\w+)\]", text)
    if not head or head[1] not in STRESS_UNITS:
        raise EsgapError(f"{file} has no analytical stress tensor in GPa or bar: the template must ask for STRESS_TENSOR ANALYTICAL and print it")
    rows = re.findall(r"STRESS\|\s+[xyz]((?:\s+-?\d+\.\d+(?:E[-+]\d+)?){3})\s*$", text[head.end() :], flags=re.M)[:3]
    return np.array([row.split() for row in rows], dtype=float) * STRESS_UNITS[head[1]]


def _charges(text: str, count: int, file: Path) -> np.ndarray | None:
    """Hirshfeld charges, None when the output has none."""
    if "Hirshfeld Charges" not in text:
        return None
    return _table(text, "Hirshfeld Charges", r"^\s+\d+\s+[A-Z][a-z]?\s+\d+\s.*?(-?\d+\.\d+)\s*$", (count, 1), file)[:, 0]


def _complaint(text: str) -> str:
    """What CP2K said last, or its abort message."""
    lines = [line.strip(" *") for line in text.splitlines() if line.strip(" *")]
    aborted = next((i for i, line in enumerate(lines) if "[ABORT]" in line), None)
    return " ".join(lines[aborted : aborted + 3]) if aborted is not None else (lines[-1] if lines else "no output")
