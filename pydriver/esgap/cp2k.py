"""CP2K: its decks, its start and its output, of one static calculation with forces, stress, Hirshfeld charges or the Berry-phase dipole."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.units import Bohr, Debye, GPa, Hartree, bar

from esgap.errors import EsgapError
from esgap.jobs.launch import how_it_ended, output

INPUT, OUTPUT = "cp2k.inp", "cp2k.out"
STRESS_UNITS = {"GPa": GPa, "bar": bar}


@dataclass(frozen=True)
class Label:
    """Reference values of one configuration."""

    energy: float  # eV
    forces: np.ndarray  # (N, 3) eV/Angstrom
    virial: np.ndarray | None  # (3, 3) eV, positive trace = positive pressure
    charges: np.ndarray | None  # (N,) e, Hirshfeld
    version: str  # of the code


class NotConverged(Exception):
    """The calculation ended without a converged density; its message is the reason."""


def deck(template: str, atoms: Atoms, more: Mapping[str, str] = {}) -> str:
    """The template with @CELL@, @COORD@ and the places of `more` filled in. Raises EsgapError when it lacks one of them."""
    cell = "\n".join(f"      {name} {x:.12f} {y:.12f} {z:.12f}" for name, (x, y, z) in zip("ABC", atoms.cell.array))
    coordinates = "\n".join(f"      {symbol} {x:.12f} {y:.12f} {z:.12f}" for symbol, (x, y, z) in zip(atoms.symbols, atoms.positions))
    for place, text in {"@CELL@": cell, "@COORD@": coordinates, **more}.items():
        if place not in template:
            raise EsgapError(f"the CP2K template has no {place}: write it where the lines that it stands for belong")
        template = template.replace(place, text)
    return template


def run(settings: dict, text: str, folder: Path) -> Path:
    """Run CP2K on the input `text` in `folder`, where input and output stay; the output file. `settings`: program, launcher, ranks of the study."""
    (folder / INPUT).write_text(text)
    words = [settings["program"], "-i", INPUT, "-o", OUTPUT]
    if settings["ranks"] > 1:
        words = [*shlex.split(settings["launcher"].format(ranks=settings["ranks"])), *words]
    (folder / OUTPUT).unlink(missing_ok=True)  # CP2K appends
    done = output(words, cwd=folder)
    if not (folder / OUTPUT).is_file():
        raise EsgapError(f"{settings['program']} stopped with {how_it_ended(done.returncode)} and wrote nothing: {(done.stdout + done.stderr).strip()[-300:]}")
    return folder / OUTPUT


def read_output(file: Path, atoms: Atoms) -> Label:
    """Read CP2K's output for `atoms`.

    Raises NotConverged when the SCF did not converge, EsgapError when the output is cut off or lacks energy, forces or stress.
    """
    text = finished(file)
    return Label(energy(text, file), forces(text, len(atoms), file), _stress(text, file) * atoms.get_volume(), _charges(text, len(atoms), file), version(text))


def finished(file: Path) -> str:
    """The text of an output. Raises NotConverged when the SCF did not converge, EsgapError when it is cut off."""
    text = file.read_text(errors="replace")
    if "SCF run NOT converged" in text:
        steps = re.findall(r"^\s+(\d+) \S+\s+\S+\s+\S+\s+\S+\s+-?\d+\.\d+", text, flags=re.M)
        raise NotConverged(f"SCF not converged in {steps[-1] if steps else 'all'} steps")
    if "PROGRAM ENDED AT" not in text:
        raise EsgapError(f"{file} is cut off or CP2K stopped: {_complaint(text)}")
    return text


def energy(text: str, file: Path) -> float:
    """The last total energy, eV."""
    energies = re.findall(r"ENERGY\| Total FORCE_EVAL.*?:?\s+(-?\d+\.\d+)\s*$", text, flags=re.M)
    if not energies:
        raise EsgapError(f"{file} has no total energy: the template must ask for RUN_TYPE ENERGY_FORCE")
    return float(energies[-1]) * Hartree


def forces(text: str, count: int, file: Path) -> np.ndarray:
    """The last forces, (count, 3) eV/Angstrom."""
    return _table(text, "ATOMIC FORCES in", r"^\s+\d+\s+\d+\s+[A-Z][a-z]?((?:\s+-?\d+\.\d+(?:E[-+]\d+)?){3})\s*$", (count, 3), file) * Hartree / Bohr


def dipole(text: str, file: Path) -> np.ndarray:
    """The last Berry-phase dipole, (3,) e Angstrom, defined up to e times vectors of the lattice."""
    found = re.findall(r"Dipole moment \[Debye\]\s+X=\s*(\S+)\s+Y=\s*(\S+)\s+Z=\s*(\S+)", text)
    if not found or "based on the periodic (Berry phase) operator" not in text:
        raise EsgapError(f"{file} has no Berry-phase dipole: the template must print &MOMENTS with PERIODIC TRUE")
    return np.array(found[-1], dtype=float) * Debye


def version(text: str) -> str:
    """What CP2K calls itself."""
    found = re.search(r"CP2K\| version string:\s+(.*)", text)
    return found[1].strip() if found else "unknown"


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
