"""GAPs in Python by the code that runs in LAMMPS: ASE calculators of a GAP and of a whole potential folder, and SOAP descriptors. Units: eV, Angstrom."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from esgap.environments import Environment, Environments
from esgap.errors import EsgapError
from esgap.lammps.inprocess import Coulomb, electrostatics
from esgap.potential import TOML, Potential, read_toml

MESSAGE = 1000  # characters of an error message


@dataclass(frozen=True)
class SoapTerm:
    """How a soap term is evaluated."""

    z: int  # atomic number of its atoms
    in_file: int  # numbers of a descriptor in the file
    used: int  # numbers of it that are evaluated
    energy: float  # estimated change of an atomic energy by the cut, eV
    force: float  # and of a force, eV/Angstrom


class GAP(Calculator):
    """A Gaussian approximation potential as ``gap_fit`` writes it, evaluated as ``pair_style gap`` does.

    Parameters
    ----------
    xml
        The potential's XML file; its files of sparse points lie beside it.
    uncertainty
        Also give ``results["energies_stddev"]`` (eV, one an atom): the predictive standard deviation of the atomic
        energies, the root of quippy's ``local_gap_variance``.
    shorten
        Cut the soap descriptors to the numbers that the energies need, as far as these change by less than 2e-9 eV an
        atom and forces by less than 2e-8 eV/Angstrom in an estimate; see `soap_terms`.
    committee
        Also give ``results["committee_energies"]`` (eV, one a member): the energies by the members ``gap.member-01.xml`` ...
        beside the file, which share its sparse points.
    alone
        A file that belongs to a potential with electrostatics is refused unless this is true: it is but a part of the energy.

    ``energies`` includes each element's energy of the isolated atom. Reference: Bartok, Kondor, Csanyi, Phys. Rev. B 87,
    184115 (2013), doi:10.1103/PhysRevB.87.184115.
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]

    def __init__(self, xml: str | Path, uncertainty: bool = False, shorten: bool = True, committee: bool = False, alone: bool = False, **kwargs):
        super().__init__(**kwargs)
        if not alone:
            check_alone(Path(xml))
        self.uncertainty = uncertainty
        self._handle = _Handle("gap", str(xml), int(shorten), int(committee))
        self.members = _library().esgap_gap_members(self._handle)
        self.cutoff = _library().esgap_gap_cutoff(self._handle)
        z = np.zeros(118, dtype=np.intc)
        count = _library().esgap_gap_elements(self._handle, z.ctypes)
        self.elements = z[:count].tolist()
        terms = (_SoapTerm * _library().esgap_gap_soap_terms(self._handle, None))()
        _library().esgap_gap_soap_terms(self._handle, terms)
        self.soap_terms = [SoapTerm(t.z, t.in_file, t.used, t.energy, t.force) for t in terms]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        n = len(self.atoms)
        around = Environment(self.atoms, self.cutoff)
        centre, neighbour, vectors = around.i, around.j, around.vectors
        energies, gradients = np.zeros(n), np.zeros((len(centre), 3))
        variances = np.zeros(n) if self.uncertainty else None
        members = np.zeros((n, self.members)) if self.members else None
        _call("esgap_gap_evaluate", self._handle, around.structure(), energies, gradients, variances, members)

        forces = np.zeros((n, 3))
        np.add.at(forces, centre, gradients)
        np.subtract.at(forces, neighbour, gradients)
        self.results = {"energy": energies.sum(), "free_energy": energies.sum(), "energies": energies, "forces": forces}
        if self.atoms.cell.rank == 3:
            strain = vectors.T @ gradients / self.atoms.get_volume()
            self.results["stress"] = full_3x3_to_voigt_6_stress((strain + strain.T) / 2)
        if self.members:
            self.results["committee_energies"] = members.sum(axis=0)
        if self.uncertainty:
            self.results["energies_stddev"] = np.sqrt(np.maximum(variances, 0.0))


class ESGAP(Calculator):
    """A potential folder as an ASE calculator: GAP, electrostatics, and a uniform electric field, as LAMMPS evaluates them.

    E = E_GAP + E_ES - p . E, with the dipole p = S sum_i q_i (u_i - u_i^ref), S being the potential's ``field_scale``; u are the positions as `atoms` holds them, unwrapped, and the
    reference positions move with the cell (``fix efield/pbc``). Induced dipoles, where the potential has them, feel the field too; ``results["dipole"]`` is p and theirs. A GAP alone has no electrostatics and feels no field.

    Parameters
    ----------
    potential
        Folder, ``potential.toml`` or name such as ``li7p3s11/es-gap``.
    field
        V/Angstrom, Cartesian, in the frame of the atoms.
    reference
        Atoms that the dipole is counted from, in the order of those to evaluate; needed with a field.
    coulomb
        Cutoff, accuracy and order of the long-range sum instead of those in ``potential.lmp``.
    uncertainty
        As in `GAP`, of the GAP's energies.
    committee
        As in `GAP`; ``results["committee_energies"]`` are those of the whole potential: charges and field are the same to all members.

    It can be copied and pickled; each process has its own LAMMPS. Raises EsgapError: no such potential, a field without
    charges or without a reference, atoms that are not periodic, an element that the potential lacks.
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress", "dipole"]

    def __init__(
        self,
        potential: str | Path,
        field: Sequence[float] | None = None,
        reference: Atoms | None = None,
        coulomb: Coulomb | None = None,
        uncertainty: bool = False,
        committee: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.potential = Potential.load(potential)
        es = self.potential.electrostatics
        if field is not None and es is None:
            raise EsgapError(f"the potential {potential} has no charges and cannot feel a field: leave `field` out")
        if field is not None and reference is None:
            raise EsgapError("a field needs `reference`, the atoms that the dipole is counted from")
        self.field = None if field is None else np.array(field, dtype=float).reshape(3)
        self.reference = None if reference is None else (reference.get_scaled_positions(wrap=False), reference.numbers)
        self.coulomb = coulomb or (es and Coulomb.of(es))
        self.gap = GAP(self.potential.xml, uncertainty=uncertainty, committee=committee, alone=True)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        charges = np.array([self.potential.charge_of(symbol) for symbol in self.atoms.symbols])
        self.gap.calculate(self.atoms, properties, system_changes)
        self.results, induced = dict(self.gap.results), np.zeros(3)
        if self.potential.electrostatics is not None:
            if not self.atoms.pbc.all():
                raise EsgapError(f"pbc is {self.atoms.pbc.tolist()}: the electrostatics need a cell that is periodic in three directions")
            part = electrostatics(self.atoms, self.potential.elements, self.potential.electrostatics, self.coulomb, self.field)
            self._add(part.energies, part.forces, part.stress)
            induced = part.dipole
        if self.reference is not None:
            self._add_field(self.potential.electrostatics.field_scale * charges if self.potential.electrostatics else charges)
            self.results["dipole"] = self.results["dipole"] + induced

    def _add_field(self, charges: np.ndarray) -> None:
        scaled, numbers = self.reference
        if not np.array_equal(numbers, self.atoms.numbers):
            raise EsgapError("the atoms are not those of `reference`, one by one in the same order: the dipole cannot be counted")
        moved = self.atoms.positions - self.atoms.cell.cartesian_positions(scaled)
        self.results["dipole"] = charges @ moved
        if self.field is not None:
            energies = -charges * (moved @ self.field)
            strain = -np.outer(self.field, self.results["dipole"]) / self.atoms.get_volume()  # dU/d(strain)
            self._add(energies, np.outer(charges, self.field), (strain + strain.T) / 2)

    def _add(self, energies: np.ndarray, forces: np.ndarray, stress: np.ndarray) -> None:
        self.results["energies"] = self.results["energies"] + energies
        self.results["energy"] = self.results["free_energy"] = self.results["energies"].sum()
        if "committee_energies" in self.results:
            self.results["committee_energies"] = self.results["committee_energies"] + energies.sum()
        self.results["forces"] = self.results["forces"] + forces
        self.results["stress"] = self.results["stress"] + full_3x3_to_voigt_6_stress(stress)


def check_alone(xml: Path) -> None:
    """Raise EsgapError when a GAP file is one part of the potential that the `potential.toml` beside it describes."""
    toml = xml.parent / TOML
    if toml.is_file() and (potential := read_toml(toml)).electrostatics and potential.gap.file == xml.name:
        raise EsgapError(
            f"{xml} is the short-range part of {potential.material}/{potential.name}, whose energy includes electrostatics: "
            f'use esgap.calculators.ESGAP("{xml.parent}"), or GAP(..., alone=True) for that part alone'
        )


class Descriptor:
    """SOAP power spectra in the order of ``gap_fit``, such as ``Descriptor("soap n_max=8 l_max=4 ... Z=3 species_Z={3 15 16}")``.

    Keys and restrictions are those of ``pair_style gap``. Each spectrum has the length 1; its last element is always 0.
    """

    def __init__(self, line: str):
        self._handle = _Handle("descriptor", line)
        library = _library()
        self.cutoff = library.esgap_descriptor_cutoff(self._handle)
        self.z = library.esgap_descriptor_z(self._handle)
        self.dimensions = library.esgap_descriptor_dimensions(self._handle)

    def calculate(self, atoms: Atoms) -> np.ndarray:
        """Descriptors of all atoms of the element ``z``, in the order of `atoms`: shape (their number, dimensions)."""
        centres = np.flatnonzero(atoms.numbers == self.z)
        environments = Environment(atoms, self.cutoff).structure(centres)
        descriptors = np.zeros((len(centres), self.dimensions))
        _call("esgap_descriptor_evaluate", self._handle, environments, descriptors)
        return descriptors


def kernels() -> str:
    """The vector kernels that this processor runs: x86-64-v4 (AVX-512), x86-64-v3 (AVX2) or baseline."""
    return _library().esgap_gap_kernels().decode()


class _SoapTerm(ctypes.Structure):
    """`esgap_soap_term` of capi.h."""

    _fields_ = [(name, ctypes.c_int) for name in ("z", "in_file", "used")] + [(name, ctypes.c_double) for name in ("energy", "force")]


class _Handle:
    """What `esgap_<kind>_open` returned, closed with this object."""

    def __init__(self, kind: str, argument: str, *options: int):
        self._made_from = kind, argument, *options
        problem = ctypes.create_string_buffer(MESSAGE)
        self._close = getattr(_library(), f"esgap_{kind}_close")
        self._as_parameter_ = getattr(_library(), f"esgap_{kind}_open")(argument.encode(), *options, problem, MESSAGE)
        if not self._as_parameter_:
            raise EsgapError(problem.value.decode())

    def __reduce__(self):  # a copy, here or in another process, opens its own
        return _Handle, self._made_from

    def __del__(self):
        if getattr(self, "_as_parameter_", None):
            self._close(self)


def _call(function: str, handle: _Handle, environments: Environments, *outputs):
    """Call a function of capi.h that fills the arrays `outputs`; None stands for an array that is not wanted."""
    problem = ctypes.create_string_buffer(MESSAGE)
    pointers = [None if out is None else out.ctypes for out in outputs]
    if getattr(_library(), function)(handle, ctypes.byref(environments), *pointers, problem, MESSAGE):
        raise EsgapError(problem.value.decode())


def _library() -> ctypes.CDLL:
    """The compiled core, with the types of its functions (capi.h) declared."""
    if not hasattr(_library, "loaded"):
        library = ctypes.CDLL(str(resources.files("esgap") / "lib" / "libesgap_gap.so"))
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for kind, options, outputs in (("gap", 2, 4), ("descriptor", 0, 1)):
            declare = {
                "open": (pointer, [text, *[number] * options, text, number]),
                "close": (None, [pointer]),
                "cutoff": (ctypes.c_double, [pointer]),
                "evaluate": (number, [pointer, pointer, *[pointer] * outputs, text, number]),
            }
            for name, (result, arguments) in declare.items():
                function = getattr(library, f"esgap_{kind}_{name}")
                function.restype, function.argtypes = result, arguments
        library.esgap_gap_kernels.restype = text
        library.esgap_gap_members.argtypes = [pointer]
        library.esgap_gap_elements.argtypes = library.esgap_gap_soap_terms.argtypes = [pointer, pointer]
        library.esgap_descriptor_z.argtypes = library.esgap_descriptor_dimensions.argtypes = [pointer]
        _library.loaded = library
    return _library.loaded
