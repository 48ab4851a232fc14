"""One-frame text dumps."""

from pathlib import Path

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.lammps.log import read_text


def read_table(file: Path) -> pd.DataFrame:
    """The columns of a one-frame text dump as numbers, one row an atom, by id.

    Raises EsgapError when the file is missing, cut off, or does not hold finite numbers for the ids 1 to N.
    """
    text = read_text(file)
    lines = text.splitlines()
    count = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdecimal() else 0
    if not count or len(lines) < 9 + count or not text.endswith("\n"):
        raise EsgapError(f"{file} is cut off: {max(len(lines) - 9, 0)} of {count} atoms; delete its folder to compute it again")
    rows, columns = [line.split() for line in lines[9:]], lines[8].split()[2:]
    if any(len(row) != len(columns) for row in rows):
        raise EsgapError(f"{file} is damaged (not {len(columns)} values in each line): delete its folder to compute it again")
    try:
        table = pd.DataFrame(rows, columns=columns).astype(float).sort_values("id")
        sound = table.columns.is_unique and np.array_equal(table["id"], np.arange(1, count + 1)) and np.isfinite(table.to_numpy()).all()
    except (ValueError, KeyError, TypeError) as error:
        raise EsgapError(f"{file} is damaged ({error}): delete its folder to compute it again") from error
    if not sound:
        raise EsgapError(f"{file} is damaged (no finite numbers for each of {count} atoms): delete its folder to compute it again")
    return table


def read_dump(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped positions (Angstrom) and forces (eV/Angstrom) by atom id, each (N, 3), of a one-frame text dump.

    Raises EsgapError as `read_table`, or when these columns are missing.
    """
    table = read_table(file)
    if lost := {"xu", "yu", "zu", "fx", "fy", "fz"} - set(table.columns):
        raise EsgapError(f"{file} is damaged (no column {', '.join(sorted(lost))}): delete its folder to compute it again")
    return table[["xu", "yu", "zu"]].to_numpy(), table[["fx", "fy", "fz"]].to_numpy()


def read_cell(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Cell vectors a, b, c as rows (3, 3) and the origin (3,), Angstrom, LAMMPS's frame, of a one-frame text dump.

    Raises EsgapError when the file is missing, cut off or damaged there.
    """
    lines = read_text(file).splitlines()
    try:
        bounds = np.array([line.split() for line in lines[5:8]], dtype=float)
        if bounds.shape not in ((3, 2), (3, 3)) or not np.isfinite(bounds).all():
            raise ValueError("no finite bounds of the box")
    except (ValueError, IndexError) as error:
        raise EsgapError(f"{file} is damaged ({error}): delete its folder to compute it again") from error
    return cell_of_bounds(bounds)


def cell_of_bounds(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows a, b, c (3, 3) and origin (3,) from BOX BOUNDS, (3, 2) or with the tilts (3, 3): those of the box around the cell."""
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else np.zeros(3)
    low = bounds[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = bounds[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    lx, ly, lz = high - low
    return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]), low
