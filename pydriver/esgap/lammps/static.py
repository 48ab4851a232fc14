"""Energies, forces and virials of configurations as they are, all in one start of LAMMPS."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from esgap.errors import EsgapError
from esgap.jobs.launch import launch
from esgap.jobs.resources import Resources
from esgap.lammps.data import write_data
from esgap.lammps.frame import from_lammps_tensor, from_lammps_vector
from esgap.potential import Electrostatics
from esgap.potential_lmp import electrostatic_commands

EV_PER_A3_IN_BAR = 1.6021765e6  # LAMMPS's own constant in metal units
BASELINE_KSPACE = "ewald 1.0e-8"
BASELINE_DIPOLES = "tolerance 1.0e-9"
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
{commands}
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
    """Energy (eV), forces (N, 3) in eV/Angstrom and virial (3, 3) in eV, positive trace = positive pressure; ASE's frame.

    None stands for what is not known; a sum or difference with it is not known either.
    """

    energy: float | None
    forces: np.ndarray | None
    virial: np.ndarray | None

    def __sub__(self, other: "Labels") -> "Labels":
        return self._with(other, np.subtract)

    def __add__(self, other: "Labels") -> "Labels":
        return self._with(other, np.add)

    def _with(self, other: "Labels", operation) -> "Labels":
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("energy", "forces", "virial"))
        return Labels(*(None if a is None or b is None else operation(a, b) for a, b in pairs))


def evaluate(
    configurations: list[Atoms], elements: tuple[str, ...], commands: str, variables: dict[str, str] | None = None, run: Resources = Resources(), charges=None
) -> list[Labels]:
    """Energy, forces and virial of each configuration; `commands` set the potential for the types `elements`.

    Raises EsgapError with LAMMPS's own error when lmp fails.
    """
    with tempfile.TemporaryDirectory(prefix="esgap-static-") as name:
        folder = Path(name)
        for i, atoms in enumerate(configurations):
            write_data(folder / f"data.{i}", atoms, elements, charges)
        (folder / "in.static").write_text(SCRIPT.format(last=len(configurations) - 1, commands=commands))
        flags = [word for key, value in (variables or {}).items() for word in ("-var", key, value)]
        words = run.argv(("lmp", "-in", "in.static", "-log", "log.lammps", "-screen", "none", *flags), run.ranks)
        launch(words, folder, folder / "log.lammps")
        return _read(folder, configurations)


def baseline(configurations: list[Atoms], elements: tuple[str, ...], es: Electrostatics | None) -> list[Labels]:
    """The electrostatic baseline of each configuration; zeros when `es` is None.

    E_GAP is fitted to E_DFT - E_ES, so E_ES must be the function that LAMMPS adds again later: pair_style
    coul/slater/long in the real `lmp`. Only the reciprocal sum differs: `ewald` at 1e-8 relative force accuracy
    instead of the mesh of the simulation, which is converged to the same function.
    """
    if es is None:
        return [Labels(0.0, np.zeros((len(atoms), 3)), np.zeros((3, 3))) for atoms in configurations]
    check_neutral(configurations, es)
    lines = [*electrostatic_commands(elements, es, es.cutoff, BASELINE_DIPOLES), f"kspace_style {BASELINE_KSPACE}"]
    try:
        return evaluate(configurations, elements, "\n".join(lines), charges=es.charges)
    except EsgapError as error:
        raise EsgapError(f"the electrostatic baseline failed: {error}") from error


def check_neutral(configurations: list[Atoms], es: Electrostatics) -> None:
    """Raise EsgapError for a configuration with a net charge: its periodic energy would be that of another system."""
    for i, atoms in enumerate(configurations):
        total = sum(es.charges[symbol] for symbol in atoms.symbols)
        if abs(total) > NEUTRAL:
            raise EsgapError(
                f"configuration {i} ({atoms.symbols}) has a net charge of {total:+.6g} e with the charges of the study: "
                "a periodic cell must be neutral; correct `charges` or remove the configuration"
            )


def _read(folder: Path, configurations: list[Atoms]) -> list[Labels]:
    rows = np.loadtxt(folder / "energies", ndmin=2)
    labels = []
    for i, (atoms, row) in enumerate(zip(configurations, rows, strict=True)):
        forces = np.loadtxt(folder / f"forces.{i}", skiprows=9, ndmin=2)
        xx, yy, zz, xy, xz, yz = row[1:] / EV_PER_A3_IN_BAR
        virial = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        labels.append(Labels(row[0], from_lammps_vector(forces, atoms.cell), from_lammps_tensor(virial, atoms.cell)))
    return labels
