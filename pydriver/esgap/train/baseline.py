"""The electrostatic baseline of labelled configurations, by the LAMMPS style and parameters of the simulation.

E_GAP is fitted to E_DFT - E_ES, so E_ES must be the function that LAMMPS adds again later: pair_style
coul/slater/long in the real `lmp`. Only the reciprocal sum differs: `ewald` at 1e-8 relative force accuracy
instead of the mesh of the simulation, which is converged to the same function.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from esgap.errors import EsgapError
from esgap.potential import Electrostatics, slater_coefficients
from esgap.structure import from_lammps_tensor, from_lammps_vector, write_data

KSPACE = "ewald 1.0e-8"
EV_PER_A3_IN_BAR = 1.6021765e6  # LAMMPS's own constant in metal units
NEUTRAL = 1e-6  # e

# One process for all configurations: `clear` starts each from nothing.
SCRIPT = """\
variable i loop 0 {last}
label next
clear
units metal
atom_style charge
box tilt large
read_data data.$i
pair_style coul/slater/long slater {cutoff}
{coefficients}
kspace_style {kspace}
compute virial all pressure NULL virial
thermo_style custom step pe c_virial[1] c_virial[2] c_virial[3] c_virial[4] c_virial[5] c_virial[6] vol
thermo_modify norm no
run 0 post no
variable line string "$(pe:%.17g) $(vol*c_virial[1]:%.17g) $(vol*c_virial[2]:%.17g) $(vol*c_virial[3]:%.17g) &
$(vol*c_virial[4]:%.17g) $(vol*c_virial[5]:%.17g) $(vol*c_virial[6]:%.17g)"
print "${{line}}" append energies screen no
write_dump all custom forces.$i fx fy fz modify sort id format float %.17g
next i
jump SELF next
"""


@dataclass(frozen=True)
class Labels:
    """Energy (eV), forces (N, 3) in eV/Angstrom and virial (3, 3) in eV, positive trace = positive pressure; ASE's frame."""

    energy: float
    forces: np.ndarray
    virial: np.ndarray

    def __sub__(self, other: "Labels") -> "Labels":
        return Labels(self.energy - other.energy, self.forces - other.forces, self.virial - other.virial)

    def __add__(self, other: "Labels") -> "Labels":
        return Labels(self.energy + other.energy, self.forces + other.forces, self.virial + other.virial)


@dataclass(frozen=True)
class _Ions:
    """What `write_data` asks of a potential."""

    elements: tuple[str, ...]
    charges: dict[str, float]

    def charge_of(self, symbol: str) -> float:
        return self.charges[symbol]


def baseline(configurations: list[Atoms], elements: tuple[str, ...], es: Electrostatics | None) -> list[Labels]:
    """The electrostatic energy, forces and virial of each configuration; zeros when `es` is None."""
    if es is None:
        return [Labels(0.0, np.zeros((len(atoms), 3)), np.zeros((3, 3))) for atoms in configurations]
    check_neutral(configurations, es)
    with tempfile.TemporaryDirectory(prefix="esgap-baseline-") as folder:
        for i, atoms in enumerate(configurations):
            write_data(Path(folder) / f"data.{i}", atoms, _Ions(elements, es.charges))
        _run(Path(folder), _script(len(configurations), elements, es))
        return _read(Path(folder), configurations)


def check_neutral(configurations: list[Atoms], es: Electrostatics) -> None:
    """Raise EsgapError for a configuration with a net charge: its periodic energy would be that of another system."""
    for i, atoms in enumerate(configurations):
        total = sum(es.charges[symbol] for symbol in atoms.symbols)
        if abs(total) > NEUTRAL:
            raise EsgapError(
                f"configuration {i} ({atoms.symbols}) has a net charge of {total:+.6g} e with the charges of the study: "
                "a periodic cell must be neutral; correct `charges` or remove the configuration"
            )


def _script(count: int, elements: tuple[str, ...], es: Electrostatics) -> str:
    coefficients = "\n".join(slater_coefficients(elements, es))
    return SCRIPT.format(last=count - 1, cutoff=es.cutoff, coefficients=coefficients, kspace=KSPACE)


def _run(folder: Path, script: str) -> None:
    (folder / "in.baseline").write_text(script)
    argv = [str(Path(sys.executable).parent / "lmp"), "-in", "in.baseline", "-log", "none"]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    done = subprocess.run(argv, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = next((line for line in done.stdout.splitlines() if line.startswith("ERROR")), done.stdout[-300:])
        raise EsgapError(f"lmp failed on the electrostatic baseline: {said.strip()}")


def _read(folder: Path, configurations: list[Atoms]) -> list[Labels]:
    rows = np.loadtxt(folder / "energies", ndmin=2)
    labels = []
    for i, (atoms, row) in enumerate(zip(configurations, rows, strict=True)):
        forces = np.loadtxt(folder / f"forces.{i}", skiprows=9, ndmin=2)
        xx, yy, zz, xy, xz, yz = row[1:] / EV_PER_A3_IN_BAR
        virial = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        labels.append(Labels(row[0], from_lammps_vector(forces, atoms.cell), from_lammps_tensor(virial, atoms.cell)))
    return labels
