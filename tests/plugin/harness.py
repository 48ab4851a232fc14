"""Run the real `lmp` on an input text and read back energy, stress, forces and positions at full precision."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BIN = Path(sys.executable).parent

# Appended to every script: one static evaluation, printed with all digits.
REPORT = """
thermo_style custom step pe evdwl ecoul elong pxx pyy pzz pxy pxz pyz {columns}
thermo_modify format float %.17g
run 0 post no
write_dump all custom {dump} id type xu yu zu fx fy fz {peratom} modify sort id format float %.17g
"""

NKTV2P = 1.6021765e6  # bar per eV/Angstrom^3, LAMMPS's own constant in metal units


@dataclass
class Result:
    energy: float  # eV
    stress: np.ndarray  # (6,) xx yy zz xy xz yz; pressure tensor in eV/Angstrom^3
    forces: np.ndarray  # (N, 3) eV/Angstrom, by atom id
    positions: np.ndarray  # (N, 3) Angstrom, unwrapped, by atom id
    thermo: dict  # column name -> value
    peratom: np.ndarray  # (N, number of extra per-atom columns)
    log: str


def launch(script: str, cwd: Path, ranks: int = 1, variables: dict | None = None, args: tuple = ()):
    """Run `lmp` on `script` in `cwd`; return the finished process (stdout and stderr as one text)."""
    (cwd / "in.test").write_text(script)
    flags = [word for key, value in (variables or {}).items() for word in ("-var", key, str(value))]
    lmp = [str(BIN / "lmp"), "-in", "in.test", "-log", "log.test", *flags, *args]
    argv = lmp if ranks == 1 else [str(BIN / "mpirun"), "-n", str(ranks), *lmp]
    env = dict(os.environ, OMP_NUM_THREADS="1")
    return subprocess.run(argv, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)


def evaluate(script: str, cwd: Path, ranks: int = 1, columns: str = "", peratom: str = "", **kw) -> Result:
    """Run `script`, then one static step on it; raise AssertionError with the log when lmp fails."""
    dump = "forces.dump"
    done = launch(script + REPORT.format(columns=columns, dump=dump, peratom=peratom), cwd, ranks, **kw)
    assert done.returncode == 0, done.stdout
    thermo = last_thermo(done.stdout)
    rows = np.loadtxt(cwd / dump, skiprows=9, ndmin=2)
    stress = np.array([thermo[k] for k in ("Pxx", "Pyy", "Pzz", "Pxy", "Pxz", "Pyz")]) / NKTV2P
    return Result(thermo["PotEng"], stress, rows[:, 5:8], rows[:, 2:5], thermo, rows[:, 8:], done.stdout)


def last_thermo(text: str) -> dict:
    """The last line of thermo output in a log, as column name -> value."""
    lines = text.splitlines()
    head = max(i for i, line in enumerate(lines) if line.split()[:1] == ["Step"])
    values = lines[head + 1].split()
    return dict(zip(lines[head].split(), map(float, values)))


def central_difference_forces(energy_at, positions: np.ndarray, atoms, h: float = 1e-4) -> np.ndarray:
    """-dE/dx of `energy_at(positions)` for the atoms (indices) given, shape (len(atoms), 3)."""
    force = np.zeros((len(atoms), 3))
    for row, i in enumerate(atoms):
        for axis in range(3):
            step = np.zeros_like(positions)
            step[i, axis] = h
            force[row, axis] = -(energy_at(positions + step) - energy_at(positions - step)) / (2 * h)
    return force
