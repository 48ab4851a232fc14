"""Result of one relaxation by in.defect or in.relax: its log and its dump."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms

from esgap.errors import EsgapError
from esgap.lammps.dump import read_cell, read_dump
from esgap.lammps.frame import from_lammps_vector
from esgap.lammps.log import read_complete, read_runs

CRITERION = "Stopping criterion ="
FIELD = "f_field"  # the fix of the decks
DIPOLE = [f"v_dipole_{axis}" for axis in "xyz"]


@dataclass(frozen=True)
class Relaxation:
    """A relaxed cell, in LAMMPS's frame."""

    energy: float  # eV, with the field's
    field_energy: float  # eV, of the charges; that of induced dipoles is part of their pair style's
    dipole: np.ndarray  # (3,) e Angstrom, against the reference positions; what the field acts on: field_scale times that of the charges, and the induced ones
    max_force: float  # eV/Angstrom, the largest on an atom
    squared_force: float  # (eV/Angstrom)^2, summed over the atoms
    steps: int
    criterion: str  # why LAMMPS stopped
    positions: np.ndarray  # (N, 3) Angstrom, unwrapped, by atom id
    history: pd.DataFrame  # the thermo output of the last minimisation
    first_energy: float  # eV, before the first one


def read_relaxation(folder: Path) -> Relaxation:
    """Read `folder`/log.lammps and relaxed.dump.

    Raises EsgapError when one is missing, cut off or from another deck.
    """
    log = folder / "log.lammps"
    text = read_complete(log)
    runs = read_runs(log)
    first, history = runs[0], runs[-1]
    if CRITERION not in text or not {"PotEng", FIELD, *DIPOLE} <= set(history) or "PotEng" not in first:
        raise EsgapError(f"{log} is not that of a relaxation (no '{CRITERION}', '{FIELD}' or '{DIPOLE[0]}'): delete {folder} to compute it again")
    last, first_energy = history.iloc[-1], float(first["PotEng"].iloc[0])
    if not np.isfinite([*last, first_energy]).all():
        raise EsgapError(f"{log} ends in nan: the atoms came too close, or the potential is used outside its data; look at the start, delete {folder}")
    positions, forces = read_dump(folder / "relaxed.dump")
    return Relaxation(
        energy=last["PotEng"],
        field_energy=last[FIELD],
        dipole=last[DIPOLE].to_numpy(float),
        max_force=float(np.linalg.norm(forces, axis=1).max()),
        squared_force=float(np.sum(forces**2)),
        steps=int(last["Step"]),
        criterion=[line.split("=")[1].strip() for line in text.splitlines() if CRITERION in line][-1],
        positions=positions,
        history=history,
        first_energy=first_energy,
    )


def relaxed_atoms(folder: Path, start: Atoms) -> Atoms:
    """The relaxed cell: atoms in the order of `start`, in its frame, with the cell's own vectors."""
    file = folder / "relaxed.dump"
    cell, origin = read_cell(file)
    frame = start.cell.array
    return Atoms(start.numbers, from_lammps_vector(read_dump(file)[0] - origin, frame), cell=from_lammps_vector(cell, frame), pbc=True)
