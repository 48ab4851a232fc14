"""The evaluation core of GAP through its Python binding: against quippy, against differences, and what it refuses."""

import copy
import hashlib
import multiprocessing
import os
import pickle
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.fd import FiniteDifferenceCalculator
from ase.calculators.morse import MorsePotential
from ase.io import read
from quippy.descriptors import Descriptor as QuippyDescriptor
from quippy.potential import Potential as Quippy

from esgap.calculators import GAP, Descriptor, kernels
from esgap.errors import EsgapError

ROOT = Path(__file__).parents[2]
ENERGY, FORCE, STRESS = 5e-9, 1e-7, 1e-6  # eV/atom, eV/Angstrom, relative: the limits that pair_style gap promises


def labelled(atoms: Atoms) -> Atoms:
    """`atoms` with energy, forces and virial of a Morse potential: something to fit, nothing physical."""
    atoms.calc = MorsePotential(epsilon=0.8, r0=2.35, rho0=4.0)
    atoms.info.update(dft_energy=atoms.get_potential_energy(), dft_virial=-atoms.get_stress(voigt=False) * atoms.get_volume())
    atoms.arrays["dft_force"] = atoms.get_forces()
    atoms.calc = None
    return atoms


def rattled(atoms: Atoms, count: int, elements=("Si",)) -> list[Atoms]:
    rng = np.random.default_rng(5)
    out = []
    for seed in range(count):
        copy = atoms.copy()
        copy.symbols = rng.permutation(np.resize(elements, len(copy)))
        copy.set_cell(copy.cell @ (np.eye(3) + rng.uniform(-0.04, 0.04, (3, 3))), scale_atoms=True)
        copy.rattle(0.15, seed=seed)
        out.append(labelled(copy))
    return out


def soap(n_species=1, z=14, species="14", cutoff=4.5, **keys) -> str:
    keys = dict(n_max=4, l_max=3, atom_sigma=0.5, zeta=4) | keys
    words = " ".join(f"{key}={value}" for key, value in keys.items())
    return (
        f"soap {words} cutoff={cutoff} n_sparse=12 delta=0.5 covariance_type=dot_product sparse_method=cur_points add_species=F "
        f"n_species={n_species} Z={z} species_Z={{{{{species}}}}}"
    )


def pair(a, b, cutoff=4.5) -> str:
    return (
        f"distance_2b Z1={a} Z2={b} cutoff={cutoff} n_sparse=8 covariance_type=ard_se delta=1.0 theta_uniform=0.8 "
        "sparse_method=uniform add_species=F"
    )


def agree(xml: Path, atoms: Atoms):
    """The energy, forces, stress and atomic energies of the file `xml` by esgap and by quippy."""
    ours, theirs = atoms.copy(), atoms.copy()
    ours.calc, theirs.calc = GAP(xml), Quippy(param_filename=str(xml))
    assert ours.get_potential_energy() == pytest.approx(theirs.get_potential_energy(), abs=ENERGY * len(atoms), rel=0)
    np.testing.assert_allclose(ours.get_potential_energies(), theirs.get_potential_energies(), atol=1e-8, rtol=0)
    np.testing.assert_allclose(ours.get_forces(), theirs.get_forces(), atol=FORCE, rtol=0)
    if atoms.cell.rank == 3:
        scale = np.abs(theirs.get_stress()).max()
        np.testing.assert_allclose(ours.get_stress(), theirs.get_stress(), atol=STRESS * scale, rtol=0)
    assert np.abs(ours.get_forces()).max() > 0.01, "forces too small to compare"


SI_KEYS = {
    "defaults": {},
    "no centre": {"central_weight": 0.0},
    "light centre": {"central_weight": 0.4},
    "zeta 1": {"zeta": 1},
    "zeta 2": {"zeta": 2},
    "zeta not whole": {"zeta": 2.5},
    "l_max 0": {"l_max": 0},
    "n_max 1": {"n_max": 1},
    "n_max 8": {"n_max": 8},
    "n_max 9": {"n_max": 9, "l_max": 1},
    "n_max 12": {"n_max": 12},
    "l_max 9": {"n_max": 2, "l_max": 9},
    "narrow transition": {"cutoff_transition_width": 0.2},
    "wide transition": {"cutoff_transition_width": 4.5},
    "narrow atoms": {"atom_sigma": 0.3},
}


@pytest.fixture(scope="module")
def si(gap_fit, tmp_path_factory):
    """A function that fits a Si potential (2-body + SOAP) with the keys of a line of SI_KEYS."""
    configurations = rattled(bulk("Si", cubic=True), 4)

    def fit(name: str) -> Path:
        folder = tmp_path_factory.mktemp("si")
        return gap_fit(folder, configurations, "gap={" + pair(14, 14) + " : " + soap(**SI_KEYS[name]) + "}")

    return fit


@pytest.mark.parametrize("name", SI_KEYS)
def test_si_equals_quippy(si, name):
    # The cell of two atoms is smaller than the cutoff: atoms neighbour their own images.
    atoms = bulk("Si")
    atoms.rattle(0.1, seed=3)
    agree(si(name), atoms)


@pytest.fixture(scope="module")
def zns(gap_fit, tmp_path_factory):
    """A two-element potential; sulphur has two soap terms of different cutoffs, zinc one."""
    configurations = rattled(bulk("Si", cubic=True), 5, ("Zn", "S"))
    terms = [pair(30, 30), pair(16, 30), soap(2, 30, "16 30"), soap(2, 16, "16 30", n_max=5), soap(2, 16, "16 30", cutoff=3.5, l_max=1)]
    return gap_fit(tmp_path_factory.mktemp("zns"), configurations, "gap={" + " : ".join(terms) + "}")


@pytest.mark.parametrize("cell", ["triclinic", "cluster", "atoms apart"])
def test_two_elements_equal_quippy(zns, cell):
    atoms = rattled(bulk("Si", cubic=True), 1, ("Zn", "S"))[0]
    if cell == "cluster":
        atoms = Atoms(atoms.symbols, atoms.positions)
    if cell == "atoms apart":  # one sulphur has no neighbour at all
        atoms = Atoms("Zn2S", [[0, 0, 0], [2.3, 0.2, 0.1], [12, 0, 0]], cell=[30, 30, 30], pbc=True)
    agree(zns, atoms)


def test_li_p_s_equal_quippy(tiny_gap):
    atoms = read(ROOT / "inputs" / "structures" / "li7p3s11.cif")
    atoms.rattle(0.05, seed=7)
    agree(tiny_gap, atoms)


def test_forces_and_stress_are_derivatives(zns):
    atoms = rattled(bulk("Si", cubic=True), 1, ("Zn", "S"))[0]
    atoms.calc = GAP(zns)
    forces, stress = atoms.get_forces(), atoms.get_stress()
    atoms.calc = FiniteDifferenceCalculator(GAP(zns), eps_disp=1e-4, eps_strain=1e-5)
    np.testing.assert_allclose(atoms.get_forces(), forces, atol=2e-6, rtol=0)
    np.testing.assert_allclose(atoms.get_stress(), stress, atol=1e-7, rtol=0)


def test_rotation_leaves_energies(zns):
    atoms = rattled(bulk("Si", cubic=True), 1, ("Zn", "S"))[0]
    atoms = Atoms(atoms.symbols, atoms.positions, calculator=GAP(zns))
    before, forces = atoms.get_potential_energies(), atoms.get_forces()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]  # may be a reflection: energies do not mind
    atoms.positions = atoms.positions @ turn
    np.testing.assert_allclose(atoms.get_potential_energies(), before, atol=1e-10, rtol=0)
    np.testing.assert_allclose(atoms.get_forces(), forces @ turn, atol=1e-9, rtol=0)


@pytest.mark.parametrize(
    "line",
    [
        "soap n_max=8 l_max=4 atom_sigma=0.5 cutoff=6.0 cutoff_transition_width=1.0 n_species=3 Z=3 species_Z={3 15 16}",
        "soap n_max=12 l_max=7 atom_gaussian_width=0.3 cutoff=5.0 central_weight=0.3 n_species=2 Z=15 species_Z={16 15}",
        "soap n_max=1 l_max=0 atom_sigma=1.0 cutoff=4.0 n_species=1 Z=16 species_Z=16",
    ],
)
def test_descriptors_equal_quippy(line):
    atoms = read(ROOT / "inputs" / "structures" / "li7p3s11.cif")
    atoms.rattle(0.05, seed=7)
    ours, theirs = Descriptor(line).calculate(atoms), QuippyDescriptor(line).calc(atoms)["data"]
    np.testing.assert_allclose(ours, theirs, atol=1e-12, rtol=0)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-13, rtol=0)


@pytest.mark.parametrize("potential", ["tiny_gap", "zns"])
def test_variance_equals_quippy(potential, request):
    xml = request.getfixturevalue(potential)
    atoms = read(ROOT / "inputs" / "structures" / "li7p3s11.cif") if potential == "tiny_gap" else rattled(bulk("Si", cubic=True), 1, ("Zn", "S"))[0]
    atoms.rattle(0.1, seed=8)
    atoms.calc = GAP(xml, uncertainty=True)
    atoms.get_potential_energy()
    oracle = Quippy(param_filename=str(xml), calc_args="local_gap_variance")
    oracle.calculate(atoms, properties=["energy"])
    np.testing.assert_allclose(atoms.calc.results["energies_stddev"] ** 2, oracle.extra_results["atoms"]["local_gap_variance"], rtol=1e-6, atol=0)


def test_variance_is_that_of_gaussian_process(si):
    """Against the formula of variance.h in numpy, from the file and quippy's descriptors."""
    folder = si("zeta 2").parent
    text = (folder / "gap.xml").read_text()
    term = re.findall(r"<gpCoordinates.*?</gpCoordinates>", text, flags=re.DOTALL)[1]
    line = re.search(r"<descriptor>(.*)</descriptor>", term)[1]
    points = np.loadtxt(folder / re.search(r'sparseX_filename="([^"]*)"', term)[1]).reshape(12, -1)
    atoms = rattled(bulk("Si", cubic=True), 1)[0]
    p = QuippyDescriptor(line).calc(atoms)["data"]
    k, covariance = 0.25 * (p @ points.T) ** 2, 0.25 * (points @ points.T) ** 2 + 1e-6 * np.eye(12)
    expected = 0.25 + 1e-6 - np.sum(np.linalg.solve(np.linalg.cholesky(covariance), k.T) ** 2, axis=0)

    pair_term = re.search(r"\s*<gpCoordinates.*?</gpCoordinates>", text, flags=re.DOTALL)[0]
    (folder / "soap.xml").write_text(text.replace(pair_term, "").replace('n_coordinate="2"', 'n_coordinate="1"'))
    atoms.calc = GAP(folder / "soap.xml", uncertainty=True)
    atoms.get_potential_energy()
    np.testing.assert_allclose(atoms.calc.results["energies_stddev"] ** 2, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("limit", ["v3", "baseline"])
def test_older_processors_give_the_same(zns, limit, tmp_path):
    atoms = rattled(bulk("Si", cubic=True), 1, ("Zn", "S"))[0]
    atoms.write(tmp_path / "atoms.traj")
    atoms.calc = GAP(zns)
    script = f"""
from ase.io import read
from esgap.calculators import GAP, kernels
atoms = read({str(tmp_path / "atoms.traj")!r})
atoms.calc = GAP({str(zns)!r})
print(kernels(), repr(float(atoms.get_potential_energy())), repr(float(abs(atoms.get_forces()).sum())))
"""
    env = dict(os.environ, ESGAP_KERNELS=limit)
    done = subprocess.run([sys.executable, "-c", script], env=env, text=True, capture_output=True, check=True)
    name, energy, forces = done.stdout.split()
    assert name in ("baseline", f"x86-64-{limit}") and kernels() != "", done.stdout
    assert float(energy) == pytest.approx(atoms.get_potential_energy(), abs=1e-10)
    assert float(forces) == pytest.approx(np.abs(atoms.get_forces()).sum(), abs=1e-8)


@pytest.mark.parametrize("name", ["gap", "es-gap", "es-gap-dipoles"])
def test_shortened_descriptors_change_no_energy(name):
    """On configurations that the estimate did not see, from the training data to strongly rattled crystals."""
    xml = ROOT / "potentials" / "li7p3s11" / name / "gap.xml"
    short, whole = GAP(xml, alone=True), GAP(xml, shorten=False, alone=True)
    assert [t.used for t in whole.soap_terms] == [t.in_file - 1 for t in whole.soap_terms]
    assert sum(t.used for t in short.soap_terms) < 0.8 * sum(t.used for t in whole.soap_terms)
    assert all(t.energy == t.force == 0.0 for t in whole.soap_terms)
    frames = read(ROOT / "potentials" / "li7p3s11" / "training" / "li7p3s11-pbe.extxyz", "::15")
    crystal = read(ROOT / "inputs" / "structures" / "li7p3s11.cif")
    for amplitude in (0.05, 0.4):
        frames.append(crystal.copy())
        frames[-1].rattle(amplitude, seed=4)
    energy, force = 0.0, 0.0
    for atoms in frames:
        atoms.calc = None
        one, two = (calc.get_potential_energies(atoms) for calc in (short, whole))
        energy = max(energy, np.abs(one - two).max())
        force = max(force, np.abs(short.get_forces(atoms) - whole.get_forces(atoms)).max())
    assert 0 < energy < 5e-9 and 0 < force < 5e-8
    # The estimate is of the right size: forces add up over terms and neighbours.
    assert energy < 10 * max(t.energy for t in short.soap_terms)
    assert force < 20 * max(t.force for t in short.soap_terms)


def test_nothing_is_cut_that_counts(si):
    """One radial function for each l, or narrow atoms: all that is left is needed."""
    assert [(t.in_file, t.used) for t in GAP(si("n_max 1")).soap_terms] == [(5, 4)]
    term = GAP(si("l_max 0")).soap_terms[0]
    assert term.used == term.in_file - 1


def changed(old: str, new: str):
    return lambda folder: (folder / "gap.xml").write_text((folder / "gap.xml").read_text().replace(old, new, 1))


def sparse_file(change):
    """Change the text of a soap term's file of sparse points, and its checksum in the XML unless `change` is a tuple."""
    keep_checksum = isinstance(change, tuple)
    function = change[0] if keep_checksum else change

    def apply(folder: Path):
        path = max(folder.glob("gap.xml.sparseX.*"), key=lambda p: p.stat().st_size)
        before = path.read_text()
        path.write_text(function(before))
        if not keep_checksum:
            sums = [hashlib.md5(text.encode()).hexdigest() for text in (before, path.read_text())]
            changed(*sums)(folder)

    return apply


REFUSED = {
    "no file": (lambda folder: (folder / "gap.xml").unlink(), "gap.xml: cannot be opened"),
    "cut off XML": (lambda folder: (folder / "gap.xml").write_text((folder / "gap.xml").read_text()[:-300]), r"gap.xml:\d+: "),
    "mismatched tag": (changed("</gpSparse>", "</gpSparsX>"), r"gap.xml:\d+: </gpSparsX> closes <gpSparse>"),
    "another descriptor": (changed("distance_2b Z1", "angle_3b Z1"), r"gap.xml:\d+: the term angle_3b is not implemented"),
    "another kernel": (changed('covariance_type="2"', 'covariance_type="1"'), r"gap.xml:\d+: soap has another kernel"),
    "unknown key": (changed("soap n_max", "soap frobnicate=1 n_max"), r"gap.xml:\d+: soap has the key frobnicate"),
    "key not at its default": (changed("soap n_max", "soap diagonal_radial=T n_max"), r"gap.xml:\d+: soap has diagonal_radial=T"),
    "missing key": (changed("l_max=3", ""), r"gap.xml:\d+: the descriptor has no key l_max"),
    "not a number": (changed("atom_sigma=0.5", "atom_sigma=wide"), r"atom_sigma is 'wide', not a number"),
    "species miscounted": (changed("n_species=2", "n_species=3"), r"n_species=3 but 2 elements"),
    "centre not seen": (changed("species_Z={16 30}", "species_Z={16 31}"), r"a Z that is not in species_Z"),
    "core potential": (changed('do_core="F"', 'do_core="T"'), r"gap.xml:\d+: the potential has a core"),
    "a sum of potentials": (changed('init_args="IP GAP', 'init_args="Sum init_args_pot1={IP Glue} init_args_pot2={IP GAP'), "only a plain GAP"),
    "another potential beside": (changed("<GAP_params", "<Glue_params/><GAP_params"), r"<Glue_params> beside the GAP"),
    "mean": (changed('signal_mean=".00000000000000000E+000"', 'signal_mean="0.5"'), "signal_mean is not 0"),
    "term missing": (changed('n_coordinate="5"', 'n_coordinate="6"'), r"found 5 terms, expected n_coordinate=6"),
    "sparse point missing": (changed('<sparseX i="3"', '<sparseY i="3"'), r"sparse points are not numbered in order"),
    "altered sparse points": (sparse_file((lambda text: text.replace("1", "2", 1),)), r"has MD5 .* expected .*: it was altered"),
    "short sparse file": (sparse_file(lambda text: text[: len(text) // 2]), r"gap.xml.sparseX.*:\d+: (has \d+ numbers, expected|found something)"),
    "long sparse file": (sparse_file(lambda text: text + "1.0\n"), r"gap.xml.sparseX.*:\d+: found more numbers than expected"),
    "rubbish in sparse file": (sparse_file(lambda text: text.replace("\n", "\nnan\n", 1)), r"gap.xml.sparseX.*:2: found something that is no number"),
    "sparse file gone": (lambda folder: [p.unlink() for p in folder.glob("*.sparseX.*")], r"sparse points .* cannot be opened"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_place_and_reason(zns, tmp_path, case):
    change, message = REFUSED[case]
    for file in zns.parent.glob("gap.xml*"):
        shutil.copy(file, tmp_path)
    GAP(tmp_path / "gap.xml")
    change(tmp_path)
    with pytest.raises(EsgapError, match=message) as error:
        GAP(tmp_path / "gap.xml")
    assert "\n" not in str(error.value)


def test_atoms_without_a_place_of_their_own(zns):
    atoms = Atoms("Zn2S", [[0, 0, 0], [2.3, 0.2, 0.1], [0, 0, 0]], cell=[5, 5, 5], pbc=True)
    with pytest.raises(EsgapError, match=r"two atoms of Zn2S lie on one place \((0 and 2|2 and 0)\)"):
        GAP(zns).get_potential_energy(atoms)
    atoms.positions[1, 0] = np.nan
    with pytest.raises(EsgapError, match="atom 1 of Zn2S has no finite position"):
        GAP(zns).get_potential_energy(atoms)


def test_copies_and_other_processes(zns):
    """A copy is a calculator of its own; the settings go with it."""
    atoms = rattled(bulk("Si", cubic=True), 1, ("Zn", "S"))[0]
    calc = GAP(zns, uncertainty=True, shorten=False)
    energy = calc.get_potential_energy(atoms)
    for other in (copy.deepcopy(calc), pickle.loads(pickle.dumps(calc))):
        assert other.get_potential_energy(atoms) == energy and "energies_stddev" in other.results
        assert other.soap_terms == calc.soap_terms != GAP(zns).soap_terms
    rattles = [atoms.copy() for _ in range(4)]
    for seed, one in enumerate(rattles):
        one.rattle(0.05, seed=seed)
    expected = [calc.get_potential_energy(one) for one in rattles]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(calc.get_potential_energy, rattles)) == expected


def test_unknown_element(zns):
    with pytest.raises(EsgapError, match="atomic number 14, which the potential does not know"):
        GAP(zns).get_potential_energy(bulk("Si"))
