"""One-frame text dumps."""

from pathlib import Path

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.lammps.log import read_text


def read_table(file: Path) -> pd.DataFrame:
    """The columns of a one-frame text dump as numbers, one row an atom, by id.

    Raises EsgapError when the file is missing, cut off or holds no numbers.
    """
    lines = read_text(file).splitlines()
    count = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else 0
    if not count or len(lines) < 9 + count:
        raise EsgapError(f"{file} is cut off: {max(len(lines) - 9, 0)} of {count} atoms; delete its folder to compute it again")
    try:
        return pd.DataFrame([line.split() for line in lines[9 : 9 + count]], columns=lines[8].split()[2:]).astype(float).sort_values("id")
    except (ValueError, KeyError) as error:
        raise EsgapError(f"{file} is damaged ({error}): delete its folder to compute it again") from error


def read_dump(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped positions (Angstrom) and forces (eV/Angstrom) by atom id, each (N, 3), of a one-frame text dump.

    Raises EsgapError as `read_table`, or when these columns are missing.
    """
    table = read_table(file)
    if lost := {"xu", "yu", "zu", "fx", "fy", "fz"} - set(table.columns):
        raise EsgapError(f"{file} is damaged (no column {', '.join(sorted(lost))}): delete its folder to compute it again")
    return table[["xu", "yu", "zu"]].to_numpy(), table[["fx", "fy", "fz"]].to_numpy()


def read_cell(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Cell vectors a, b, c as rows (3, 3) and the origin (3,), Angstrom, LAMMPS's frame, of a one-frame text dump."""
    lines = read_text(file).splitlines()
    try:
        bounds = np.array([line.split() for line in lines[5:8]], dtype=float)
        xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else np.zeros(3)
    except (ValueError, IndexError) as error:
        raise EsgapError(f"{file} is damaged ({error}): delete its folder to compute it again") from error
    low = bounds[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]  # the dump holds the bounding box
    high = bounds[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    lx, ly, lz = high - low
    return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]), low
