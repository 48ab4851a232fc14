"""One-frame text dumps."""

from pathlib import Path

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.lammps.log import read_text


def read_dump(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped positions (Angstrom) and forces (eV/Angstrom) by atom id, each (N, 3), of a one-frame text dump.

    Raises EsgapError when the file is missing, cut off or holds no numbers.
    """
    lines = read_text(file).splitlines()
    count = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else 0
    if not count or len(lines) < 9 + count:
        raise EsgapError(f"{file} is cut off: {max(len(lines) - 9, 0)} of {count} atoms; delete its folder to compute it again")
    try:
        table = pd.DataFrame([line.split() for line in lines[9 : 9 + count]], columns=lines[8].split()[2:]).astype(float).sort_values("id")
        return table[["xu", "yu", "zu"]].to_numpy(), table[["fx", "fy", "fz"]].to_numpy()
    except (ValueError, KeyError) as error:
        raise EsgapError(f"{file} is damaged ({error}): delete its folder to compute it again") from error
