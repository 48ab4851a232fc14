"""pair_style gap against pair_style quip, the Python binding, itself on other rank counts, and differences; what it refuses."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read
from harness import difference_forces, difference_stress, evaluate, launch
from quippy.potential import Potential as Quippy

from esgap.calculators import GAP
from esgap.potential import Potential

ROOT = Path(__file__).parents[2]
READ = "units metal\natom_style charge\nread_data data.test\n"
ENERGY, FORCE, STRESS = 5e-9, 1e-7, 1e-6  # eV/atom, eV/Angstrom, relative to the largest component: what the manual promises


def gap(xml, elements="Li P S") -> str:
    return READ + f"pair_style gap\npair_coeff * * {xml} {elements}\n"


def quip(xml) -> str:
    label = re.search(r'<Potential label="(\S+)"', xml.read_text())[1]
    return READ + f'pair_style quip\npair_coeff * * {xml} "Potential xml_label={label}" 3 15 16\n'


@pytest.fixture(params=["triclinic", "orthogonal", "smaller than the cutoff"])
def cell(request, li7p3s11, data_file):
    """Atoms written as data.test. The triclinic crystal's shortest height is 5.5 Angstrom, the cutoff 5."""
    atoms = li7p3s11
    if request.param == "orthogonal":
        atoms = atoms.copy()
        atoms.set_cell([8.0, 9.0, 11.5], scale_atoms=True)
    if request.param == "smaller than the cutoff":
        atoms = Atoms("Li2PS", [[0, 0, 0], [2.0, 1.9, 0.2], [0.1, 2.1, 2.2], [2.1, 0.2, 2.0]], cell=[4.1, 4.0, 4.2], pbc=True)
    data_file(atoms)
    return atoms


def compare(one, two, atoms):
    assert abs(one.energy - two.energy) < ENERGY * len(atoms)
    np.testing.assert_allclose(one.forces, two.forces, atol=FORCE, rtol=0)
    np.testing.assert_allclose(one.stress, two.stress, atol=STRESS * np.abs(two.stress).max(), rtol=0)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_equals_quip(cell, tiny_gap, tmp_path, ranks):
    compare(evaluate(gap(tiny_gap), tmp_path, ranks), evaluate(quip(tiny_gap), tmp_path), cell)


def test_ranks_agree(cell, tiny_gap, tmp_path):
    one, two, four = (evaluate(gap(tiny_gap), tmp_path, n) for n in (1, 2, 4))
    for other in (two, four):
        assert other.energy == pytest.approx(one.energy, rel=1e-12)
        np.testing.assert_allclose(other.forces, one.forces, atol=1e-10, rtol=0)
        np.testing.assert_allclose(other.stress, one.stress, atol=1e-10 * np.abs(one.stress).max(), rtol=0)


def test_binding_and_atomic_energies(li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    atoms = read(tmp_path / "data.test", format="lammps-data", atom_style="charge", units="metal")
    atoms.calc = GAP(tiny_gap)
    result = evaluate(gap(tiny_gap) + "compute e all pe/atom\n", tmp_path, ranks=2, peratom="c_e")
    assert result.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-10 * len(atoms))
    np.testing.assert_allclose(result.forces, atoms.get_forces(), atol=1e-10, rtol=0)
    np.testing.assert_allclose(result.stress, -atoms.get_stress()[[0, 1, 2, 5, 4, 3]], atol=1e-10 * np.abs(result.stress).max(), rtol=0)
    np.testing.assert_allclose(result.peratom[:, 0], atoms.get_potential_energies(), atol=1e-10, rtol=0)
    np.testing.assert_allclose(result.peratom[:, 0], Quippy(param_filename=str(tiny_gap)).get_potential_energies(atoms), atol=1e-8, rtol=0)


def test_atomic_stresses_add_up(li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    columns = " ".join(f"c_total[{k}]" for k in range(1, 7))
    script = gap(tiny_gap) + f"compute s all stress/atom NULL virial\ncompute total all reduce sum c_s[*]\nthermo_style custom step {columns}\n"
    result = evaluate(script, tmp_path, ranks=2, columns=columns + " vol")
    total = [result.thermo[f"c_total[{k}]"] for k in range(1, 7)]
    pressures = [result.thermo[k] for k in ("Pxx", "Pyy", "Pzz", "Pxy", "Pxz", "Pyz")]
    np.testing.assert_allclose(total, -np.array(pressures) * result.thermo["Volume"], rtol=1e-10, atol=0)


def test_forces_and_stress_are_derivatives(li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    result = evaluate(gap(tiny_gap), tmp_path)
    np.testing.assert_allclose(result.forces[[0, 14, 20]], difference_forces(gap(tiny_gap), tmp_path, [1, 15, 21]), atol=1e-7, rtol=0)
    # A small step: the cutoff function has a kink in its second derivative, and pairs lie close to it.
    np.testing.assert_allclose(result.stress, difference_stress(gap(tiny_gap), tmp_path, h=1e-5), atol=1e-6 * np.abs(result.stress).max(), rtol=0)


@pytest.mark.parametrize("ranks", [1, 4])
def test_lone_atoms_and_empty_domains(tiny_gap, data_file, tmp_path, ranks):
    atoms = Atoms("PS2Li", [[1, 1, 1], [3, 1.2, 1], [1.1, 2.9, 1.3], [30, 30, 30]], cell=[40, 40, 40], pbc=True)
    data_file(atoms)
    atoms.calc = GAP(tiny_gap)
    result = evaluate(gap(tiny_gap) + "compute e all pe/atom\nfix u all pair 1 gap stddev 1\n", tmp_path, ranks, peratom="c_e f_u")
    np.testing.assert_allclose(result.peratom[:, 0], atoms.get_potential_energies(), atol=1e-10, rtol=0)
    np.testing.assert_allclose(result.forces, atoms.get_forces(), atol=1e-10, rtol=0)
    compare(result, evaluate(quip(tiny_gap), tmp_path), atoms)


def test_molecular_dynamics_at_constant_pressure_follows_quip(li7p3s11, data_file, tiny_gap, tmp_path):
    """25 steps that change cell and neighbour lists: the trajectories part only by rounding."""
    data_file(li7p3s11)
    steps = "velocity all create 600 3\nfix 1 all npt temp 600 600 0.05 tri 0 0 0.5\ntimestep 0.001\nneigh_modify delay 0 every 1 check yes\nrun 25\n"
    native, reference = (evaluate(script + steps, tmp_path, ranks=2, columns="vol") for script in (gap(tiny_gap), quip(tiny_gap)))
    assert native.thermo["Volume"] == pytest.approx(reference.thermo["Volume"], rel=1e-9)
    assert abs(native.energy - reference.energy) < 1e-6
    np.testing.assert_allclose(native.forces, reference.forces, atol=1e-5, rtol=0)


def test_null_leaves_a_type_to_other_styles(li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    atoms = read(tmp_path / "data.test", format="lammps-data", atom_style="charge", units="metal")
    styles = f"pair_style hybrid/overlay gap lj/cut 4.0\npair_coeff * * gap {tiny_gap} Li P NULL\npair_coeff 3 3 lj/cut 0.01 3.0\npair_coeff 1*2 3 lj/cut 0.0 1.0\n"
    part = "compute g all pair gap\n"
    result = evaluate(READ + styles + part, tmp_path, ranks=2, columns="c_g")
    rest = atoms[atoms.numbers != 16]
    rest.calc = GAP(tiny_gap)
    assert result.thermo["c_g"] == pytest.approx(rest.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(result.forces[atoms.numbers != 16], rest.get_forces(), atol=1e-10, rtol=0)


def test_two_potentials_at_a_time(li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    alone = evaluate(gap(tiny_gap), tmp_path)
    shipped = ROOT / "potentials" / "li7p3s11" / "gap" / "gap.xml"
    other = evaluate(gap(shipped), tmp_path)
    both = READ + f"pair_style hybrid/overlay gap gap\npair_coeff * * gap 1 {tiny_gap} Li P S\npair_coeff * * gap 2 {shipped} Li P S\n"
    result = evaluate(both, tmp_path, ranks=2)
    assert result.energy == pytest.approx(alone.energy + other.energy, rel=1e-12)
    np.testing.assert_allclose(result.forces, alone.forces + other.forces, atol=1e-10, rtol=0)


@pytest.mark.parametrize("ranks", [1, 4])
def test_uncertainty_on_request(li7p3s11, data_file, tiny_gap, tmp_path, ranks):
    data_file(li7p3s11)
    atoms = read(tmp_path / "data.test", format="lammps-data", atom_style="charge", units="metal")
    oracle = Quippy(param_filename=str(tiny_gap), calc_args="local_gap_variance")
    oracle.calculate(atoms, properties=["energy"])
    result = evaluate(gap(tiny_gap) + "fix u all pair 2 gap stddev 1\n", tmp_path, ranks, peratom="f_u")
    np.testing.assert_allclose(result.peratom[:, 0] ** 2, oracle.extra_results["atoms"]["local_gap_variance"], rtol=1e-6, atol=0)
    plain = evaluate(gap(tiny_gap), tmp_path, ranks)
    assert plain.energy == result.energy
    assert np.array_equal(plain.forces, result.forces)


def test_uncertainty_moves_with_its_atoms(li7p3s11, data_file, tiny_gap, tmp_path):
    """After atoms have changed ranks, the values are those of a fresh start from the same positions."""
    data_file(li7p3s11)
    fixes = "fix u all pair 5 gap stddev 1\n"
    run = "velocity all create 2000 3\nfix 1 all nve\nrun 20\n"
    moved = evaluate(gap(tiny_gap) + fixes + run + "write_data data.moved nocoeff\n", tmp_path, 4, peratom="f_u")
    again = evaluate((gap(tiny_gap) + fixes).replace("data.test", "data.moved"), tmp_path, 1, peratom="f_u")
    np.testing.assert_allclose(moved.peratom, again.peratom, rtol=1e-6, atol=0)


def length(n_max: int, l_max: int, species: int = 3) -> int:
    """Of a power spectrum: pairs of radial functions of all elements for each l, and the constant."""
    return n_max * species * (n_max * species + 1) // 2 * (l_max + 1) + 1


def test_shortened_descriptors_on_request_only(li7p3s11, data_file, tmp_path):
    """The log states what was cut and the estimate; `shorten no` keeps all, and the results agree to the promised limits."""
    data_file(li7p3s11)
    potential = Potential.load(ROOT / "potentials" / "li7p3s11" / "es-gap")
    script = gap(potential.xml)
    short, whole = (evaluate(s, tmp_path, ranks=2) for s in (script, script.replace("pair_style gap", "pair_style gap shorten no")))
    line = r"soap of (\w+), cutoff (\S+) Angstrom: D = (\d+) in the file, (\d+) used, estimated change (\S+) eV an atom, (\S+) eV/Angstrom"
    cut, kept = (re.findall(line, result.log) for result in (short, whole))
    assert [term[:3] for term in cut] == [term[:3] for term in kept]
    soaps = [(symbol, f"{soap['cutoff']:g}", length(soap["n_max"], soap["l_max"])) for soap in potential.fit["soap"] for symbol in soap["n_sparse"]]
    assert [(symbol, cutoff, int(d)) for symbol, cutoff, d, *_ in kept] == soaps and len(soaps) > 2
    assert [int(term[3]) for term in kept] == [d - 1 for *_, d in soaps]
    assert sum(int(term[3]) for term in cut) < 0.8 * sum(int(term[3]) for term in kept)
    assert all(0 <= float(term[4]) <= 2e-9 and 0 < float(term[5]) <= 2e-8 for term in cut)  # an energy may be the same to the last digit
    assert 0 < abs(short.energy - whole.energy) < 5e-9 * len(li7p3s11)
    np.testing.assert_allclose(short.forces, whole.forces, atol=5e-8, rtol=0)


REFUSED = {
    "unknown element": (lambda s: s.replace("Li P S", "Li P O"), "has no element O"),
    "no symbol": (lambda s: s.replace("Li P S", "3 15 16"), "has no element 3"),
    "too few elements": (lambda s: s.replace("Li P S", "Li P"), "one element for each of the 3 atom types"),
    "arguments": (lambda s: s.replace("pair_style gap", "pair_style gap 5.0"), "was given 5.0, expected `shorten` or `committee` with yes or no"),
    "keyword without value": (lambda s: s.replace("pair_style gap", "pair_style gap shorten"), "was given shorten without yes or no"),
    "units": (lambda s: s.replace("units metal", "units real"), "works in units metal"),
    "newton off": (lambda s: s.replace("atom_style", "newton off\natom_style"), "needs `newton on`"),
    "types of nobody": (lambda s: s.replace("Li P S", "Li P NULL"), "All pair coeffs are not set"),
    "atoms at one place": (lambda s: s + "set atom 1*2 x 0 y 0 z 0\n", "are at the same place"),
    "a file that is not there": (lambda s: s.replace("gap.xml", "gip.xml"), "gip.xml: cannot be opened"),
}


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("case", REFUSED)
def test_refused(li7p3s11, data_file, tiny_gap, tmp_path, case, ranks):
    data_file(li7p3s11)
    change, message = REFUSED[case]
    done = launch(change(gap(tiny_gap)) + "run 0\n", tmp_path, ranks)
    errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
    assert done.returncode != 0 and len(errors) == 1 and message in errors[0], done.stdout


def test_damaged_file_stops_all_ranks(li7p3s11, data_file, tiny_gap, tmp_path):
    data_file(li7p3s11)
    for file in tiny_gap.parent.glob("gap.xml*"):
        shutil.copy(file, tmp_path)
    with open(max(tmp_path.glob("gap.xml.sparseX.*")), "a") as file:
        file.write("0.5\n")
    done = launch(gap("gap.xml") + "run 0\n", tmp_path, ranks=2)
    assert done.returncode != 0
    assert re.search(r"ERROR: pair_style gap: gap.xml.sparseX.*:\d+: found more numbers than expected \d+", done.stdout), done.stdout
