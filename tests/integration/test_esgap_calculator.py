"""The ASE calculator of a whole potential against lmp: energies, forces, stress, in a field, on the triclinic cell."""

import copy
import multiprocessing
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.fd import FiniteDifferenceCalculator
from ase.io import read
from plain_potentials import polarisable
from small_fits import without_committee, write_committee

from esgap.calculators import ESGAP, GAP
from esgap.errors import EsgapError
from esgap.lammps.data import write_data
from esgap.lammps.frame import from_lammps_tensor, from_lammps_vector, to_lammps_vector
from esgap.lammps.inprocess import Coulomb
from esgap.lammps.static import EV_PER_A3_IN_BAR
from esgap.potential import Potential, write_toml

ROOT = Path(__file__).parents[2]
ES_GAP = ROOT / "potentials" / "li7p3s11" / "es-gap"
FIELD = np.array([0.03, -0.05, 0.02])  # V/Angstrom

DECK = """
units metal
atom_style charge
box tilt large
read_data {reference}
write_dump all custom reference id xu yu zu modify sort id format float %.17g
clear
units metal
atom_style charge
box tilt large
variable potential index {potential}
variable engine index native
read_data {data}
include ${{potential}}/potential.lmp
{fix}
compute virial all pressure NULL virial
thermo_style custom step pe c_virial[1] c_virial[2] c_virial[3] c_virial[4] c_virial[5] c_virial[6]
thermo_modify norm no
run 0
print "RESULT $(pe:%.17g) $(c_virial[1]:%.17g) $(c_virial[2]:%.17g) $(c_virial[3]:%.17g) $(c_virial[4]:%.17g) $(c_virial[5]:%.17g) $(c_virial[6]:%.17g)"
write_dump all custom forces fx fy fz modify sort id format float %.17g
"""


@pytest.fixture(scope="module")
def relaxed() -> Atoms:
    return read(ROOT / "inputs" / "structures" / "li7p3s11-relaxed.extxyz")


def shaken(atoms: Atoms) -> Atoms:
    """Off its minimum, strained, and with an atom in another image."""
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell @ (np.eye(3) + np.array([[0.01, 0.004, 0.0], [0.002, -0.006, 0.003], [0.0, 0.005, 0.008]])), scale_atoms=True)
    atoms.rattle(0.05, seed=3)
    return atoms


def by_lmp(folder: Path, atoms: Atoms, reference: Atoms, field=None, scale=None, folder_of=ES_GAP) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy (eV), forces and stress (eV/Angstrom^3) by the real lmp from files."""
    potential = Potential.load(folder_of)
    for name, cell in (("data", atoms), ("data.reference", reference)):
        write_data(folder / name, cell, potential.elements, potential.electrostatics.charges)
    fix = ""
    if field is not None:
        ex, ey, ez = to_lammps_vector(field, atoms.cell)
        fix = f"fix field all efield/pbc {ex:.17g} {ey:.17g} {ez:.17g} reference reference scale {scale or potential.electrostatics.field_scale}\nfix_modify field energy yes virial yes"
    (folder / "in").write_text(DECK.format(potential=folder_of, data="data", reference="data.reference", fix=fix))
    lmp = Path(sys.executable).with_name("lmp")
    done = subprocess.run([lmp, "-in", "in", "-log", "none"], cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-2000:]
    energy, xx, yy, zz, xy, xz, yz = map(float, re.search(r"^RESULT (.*)$", done.stdout, flags=re.M)[1].split())
    stress = -np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) / EV_PER_A3_IN_BAR
    forces = np.loadtxt(folder / "forces", skiprows=9)
    return energy, from_lammps_vector(forces, atoms.cell), from_lammps_tensor(stress, atoms.cell)


def assert_same(atoms: Atoms, energy, forces, stress) -> None:
    assert abs(atoms.get_potential_energy() - energy) / len(atoms) < 1e-8
    np.testing.assert_allclose(atoms.get_forces(), forces, rtol=0, atol=1e-8)
    found = atoms.get_stress(voigt=False)
    if atoms.calc.field is not None:
        # A field has no symmetric stress, it turns the dipole. lmp counts a shear of its box (x moves by y), ASE the symmetric strain.
        dipole, field = (to_lammps_vector(v, atoms.cell) for v in (atoms.calc.results["dipole"], atoms.calc.field))
        whole = -np.outer(field, dipole) / atoms.get_volume()
        shear = np.triu(whole) + np.triu(whole, 1).T
        found = found + from_lammps_tensor(shear - (whole + whole.T) / 2, atoms.cell)
        assert np.abs(shear - whole).max() > 1e-6
    np.testing.assert_allclose(found, stress, rtol=0, atol=1e-9)
    assert abs(atoms.get_potential_energies().sum() - energy) < 1e-8 * len(atoms)


def test_equal_to_lmp(tmp_path, relaxed):
    atoms = shaken(relaxed)
    atoms.calc = ESGAP(ES_GAP)
    assert_same(atoms, *by_lmp(tmp_path, atoms, relaxed))


def test_equal_to_lmp_in_an_orthogonal_box(tmp_path):
    """LAMMPS chooses its mesh otherwise in an orthogonal box."""
    random = np.random.default_rng(2)
    corners = (np.stack(np.meshgrid(*[range(3)] * 3), -1).reshape(-1, 3)[:21] + 0.5) * 3.2
    atoms = Atoms("Li7P3S11", corners + random.uniform(-0.3, 0.3, (21, 3)), cell=np.diag([9.6, 10.1, 10.4]), pbc=True)
    atoms.calc = ESGAP(ES_GAP)
    assert_same(atoms, *by_lmp(tmp_path, atoms, atoms))


def test_equal_to_lmp_in_a_field(tmp_path, relaxed):
    """The dipole is counted from the reference positions, moved with the strained cell as the fix does in a box of its own."""
    atoms = shaken(relaxed)
    moved = relaxed.copy()
    moved.set_cell(atoms.cell, scale_atoms=True)
    atoms.calc = ESGAP(ES_GAP, field=FIELD, reference=relaxed)
    assert_same(atoms, *by_lmp(tmp_path, atoms, moved, FIELD))
    without = atoms.copy()
    without.calc = ESGAP(ES_GAP)
    work = -atoms.calc.results["dipole"] @ FIELD
    assert abs(work) > 1e-3
    np.testing.assert_allclose(atoms.get_potential_energy() - without.get_potential_energy(), work, rtol=1e-8)


def test_field_on_scaled_charges(tmp_path, relaxed):
    """`field_scale`: the field acts on 1.7 times the charges, in the calculator and in the fix; energy, forces and stress of the ions stay."""
    shipped = Potential.load(ES_GAP)
    scaled = tmp_path / "scaled"
    shutil.copytree(ES_GAP, scaled)
    write_toml(shipped.model_copy(update={"electrostatics": shipped.electrostatics.model_copy(update={"field_scale": 1.7})}), scaled)
    atoms = shaken(relaxed)
    moved = relaxed.copy()
    moved.set_cell(atoms.cell, scale_atoms=True)
    atoms.calc = ESGAP(scaled, field=FIELD, reference=relaxed)
    assert_same(atoms, *by_lmp(tmp_path, atoms, moved, FIELD, scale=1.7))
    plain = atoms.copy()
    plain.calc = ESGAP(ES_GAP, reference=relaxed)
    np.testing.assert_allclose(atoms.get_dipole_moment(), 1.7 / shipped.electrostatics.field_scale * plain.get_dipole_moment(), rtol=1e-12)


@pytest.fixture
def with_dipoles(tmp_path) -> Path:
    return polarisable("li7p3s11/es-gap", tmp_path / "with-dipoles")


def test_dipoles_are_equal_to_lmp(tmp_path, relaxed, with_dipoles):
    atoms = shaken(relaxed)
    atoms.calc = ESGAP(with_dipoles)
    assert_same(atoms, *by_lmp(tmp_path, atoms, relaxed, folder_of=with_dipoles))
    fixed = atoms.copy()
    fixed.calc = ESGAP(ES_GAP)
    assert atoms.get_potential_energy() < fixed.get_potential_energy() - 0.1


def test_dipoles_feel_a_field(tmp_path, relaxed, with_dipoles):
    """Energy, forces and stress of the real lmp; the energy's slope is the dipole of charges and dipoles together."""
    atoms, moved = shaken(relaxed), relaxed.copy()
    moved.set_cell(atoms.cell, scale_atoms=True)
    atoms.calc = ESGAP(with_dipoles, field=FIELD, reference=relaxed)
    energy, forces, _ = by_lmp(tmp_path, atoms, moved, FIELD, folder_of=with_dipoles)
    assert abs(atoms.get_potential_energy() - energy) / len(atoms) < 1e-8
    np.testing.assert_allclose(atoms.get_forces(), forces, rtol=0, atol=2e-6)
    dipole, slope = atoms.get_dipole_moment(), []
    for axis in np.eye(3):
        high, low = (ESGAP(with_dipoles, field=np.array(FIELD) + sign * 1e-3 * axis, reference=relaxed).get_potential_energy(atoms) for sign in (1, -1))
        slope.append(-(high - low) / 2e-3)
    np.testing.assert_allclose(dipole, slope, rtol=0, atol=1e-4)
    numbers = FiniteDifferenceCalculator(ESGAP(with_dipoles, field=FIELD, reference=relaxed, coulomb=Coulomb(9.0, "1e-8")), eps_disp=None, eps_strain=1e-4)
    np.testing.assert_allclose(atoms.get_stress(), numbers.get_stress(atoms), rtol=0, atol=1e-5)
    plain = ESGAP(ES_GAP, reference=relaxed)
    plain.calculate(atoms)
    assert np.abs(dipole - plain.results["dipole"]).max() > 0.1


def test_stress_and_forces_are_derivatives(relaxed):
    atoms = shaken(relaxed)
    coulomb = Coulomb(cutoff=9.0, accuracy="1e-8")  # mesh and pairs change with strain: a jump of 1e-6 eV is 6e-6 here
    atoms.calc = ESGAP(ES_GAP, field=FIELD, reference=relaxed, coulomb=coulomb)
    numbers = FiniteDifferenceCalculator(atoms.calc, eps_disp=None, eps_strain=1e-4)
    np.testing.assert_allclose(atoms.get_stress(), numbers.get_stress(atoms), rtol=0, atol=1e-5)
    step = np.zeros((len(atoms), 3))
    step[5, 1] = 1e-3
    energies = []
    for sign in (1, -1):
        other = atoms.copy()
        other.positions += sign * step
        other.calc = atoms.calc
        energies.append(other.get_potential_energy())
    np.testing.assert_allclose(atoms.get_forces()[5, 1], (energies[1] - energies[0]) / 2e-3, rtol=0, atol=1e-5)


def test_whole_cell_vectors_of_an_atom_count_in_the_dipole_only(relaxed):
    atoms, other = relaxed.copy(), relaxed.copy()
    other.positions[0] += relaxed.cell[0]
    for a in (atoms, other):
        a.calc = ESGAP(ES_GAP, field=FIELD, reference=relaxed)
    np.testing.assert_allclose(other.get_forces(), atoms.get_forces(), rtol=0, atol=1e-8)
    potential = Potential.load(ES_GAP)
    charge = potential.electrostatics.field_scale * potential.charge_of(relaxed.symbols[0])
    np.testing.assert_allclose(other.get_potential_energy() - atoms.get_potential_energy(), -charge * relaxed.cell[0] @ FIELD, rtol=1e-7)


def energy_of(atoms: Atoms) -> float:
    return atoms.get_potential_energy()


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_copies_and_other_processes(relaxed, start):
    """A pickled calculator works in another process, of its own LAMMPS, with the field that it had."""
    atoms = shaken(relaxed)
    atoms.calc = ESGAP(ES_GAP, field=FIELD, reference=relaxed)
    here = atoms.get_potential_energy()
    tasks = [atoms.copy() for _ in range(2)]
    for task, calculator in zip(tasks, (copy.deepcopy(atoms.calc), pickle.loads(pickle.dumps(atoms.calc)))):
        calculator.reset()
        task.calc = calculator
    with multiprocessing.get_context(start).Pool(2) as pool:
        there = pool.map(energy_of, tasks)
    np.testing.assert_allclose(there, here, rtol=1e-12)


def test_without_charges(relaxed):
    atoms = shaken(relaxed)
    atoms.calc = ESGAP(ROOT / "potentials/li7p3s11/gap", uncertainty=True)
    alone = atoms.copy()
    alone.calc = GAP(ROOT / "potentials/li7p3s11/gap/gap.xml")
    np.testing.assert_allclose(atoms.get_potential_energy(), alone.get_potential_energy(), rtol=1e-14)
    assert atoms.calc.results["energies_stddev"].shape == (len(atoms),)


def test_refusals(relaxed):
    with pytest.raises(EsgapError, match="has no charges and cannot feel a field"):
        ESGAP(ROOT / "potentials/li7p3s11/gap", field=FIELD, reference=relaxed)
    with pytest.raises(EsgapError, match="a field needs `reference`"):
        ESGAP(ES_GAP, field=FIELD)
    with pytest.raises(EsgapError, match="not those of `reference`"):
        ESGAP(ES_GAP, reference=relaxed[::-1]).get_potential_energy(relaxed)
    with pytest.raises(EsgapError, match="has no element Na"):
        ESGAP(ES_GAP).get_potential_energy(Atoms("Na", cell=[5, 5, 5], pbc=True))
    with pytest.raises(EsgapError, match=r"pbc is \[False, False, False\]"):
        ESGAP(ES_GAP).get_potential_energy(Atoms("Li", cell=[5, 5, 5]))
    with pytest.raises(EsgapError, match="LAMMPS cannot evaluate the electrostatics of Li: "):
        ESGAP(ES_GAP, coulomb=Coulomb(cutoff=-1.0, accuracy="1e-6")).get_potential_energy(Atoms("Li", cell=[5, 5, 5], pbc=True))


def test_a_gap_with_electrostatics_is_not_evaluated_alone_without_a_word():
    with pytest.raises(EsgapError, match=r"gap\.xml is the short-range part of Li7P3S11/es-gap, whose energy includes electrostatics: use esgap"):
        GAP(ES_GAP / "gap.xml")
    GAP(ES_GAP / "gap.xml", alone=True)


def test_committee_of_a_whole_potential(relaxed, tmp_path):
    """Charges and field add the same to every member."""
    folder = without_committee(ES_GAP, tmp_path / "es-gap")
    write_committee(folder / "gap.xml", 2)
    atoms = shaken(relaxed)
    whole = ESGAP(folder, field=FIELD, reference=relaxed, committee=True)
    part = GAP(folder / "gap.xml", committee=True, alone=True)
    added = whole.get_potential_energy(atoms) - part.get_potential_energy(atoms)
    assert abs(added) > 1.0
    np.testing.assert_allclose(whole.results["committee_energies"] - part.results["committee_energies"], added, atol=1e-8, rtol=0)
    assert len(whole.results["committee_energies"]) == 2
