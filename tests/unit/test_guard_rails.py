"""What would give a wrong number in silence is refused with a sentence: cores in the file, labels, baselines, references, units."""

import re
import shutil

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.io import read, write
from ase.units import Bohr, Hartree
from places import ROOT, TRAINING
from tiny_fit import FIT

from esgap.doctor import checks
from esgap.errors import EsgapError
from esgap.physics.consistency import other_units, work
from esgap.gap_file import check_xml
from esgap.potential import Potential, densities, read_toml, write_toml
from esgap.record import sha256
from esgap.studies.fit.data import read_labels
from esgap.studies.fit.deck import deck
from esgap.studies.load import load_study

SHIPPED = ROOT / "potentials" / "li7p3s11"
CALL = 'init_args="IP GAP label=Li7P3S11_es_gap"'


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped ES-GAP."""
    return shutil.copytree(SHIPPED / "es-gap", tmp_path / "es-gap")


def rewrite(folder, old: str, new: str) -> None:
    """Another XML, its hash in potential.toml made to fit: not damaged, but made so."""
    xml, toml = folder / "gap.xml", folder / "potential.toml"
    before, text = sha256(xml), xml.read_text()
    assert old in text
    xml.write_text(text.replace(old, new, 1))
    toml.write_text(toml.read_text().replace(before, sha256(xml)))


XML_FAULTS = [
    (CALL, 'init_args="Sum init_args_pot1={IP GAP label=Li7P3S11_es_gap} init_args_pot2={IP Coulomb}"', r"Coulomb core \(Coulomb\).*count beside"),
    ('do_core="F"', 'do_core="T" core_ip_args="IP Coulomb"', r"Coulomb core \(Coulomb\)"),
    ('do_core="F"', 'do_core="T" core_ip_args="IP Glue"', r"fitted with a core \(IP Glue\), which its call 'IP GAP label=Li7P3S11_es_gap' leaves out"),
    ('<GAP_params label="Li7P3S11_es_gap"', '<GAP_params label="GAP_2021"', r"labels of .* differ \(Potential has Li7P3S11_es_gap, GAP_params has GAP_2021"),
    (CALL, 'init_args="IP GAP label=GAP_2021"', "labels of .* differ .*init_args has GAP_2021"),
]


@pytest.mark.parametrize("old, new, sentence", XML_FAULTS)
def test_doctor_refuses_what_the_file_adds_or_drops(folder, monkeypatch, old, new, sentence):
    for name in ("versions", "mpi", "plugin", "fit"):  # of the installation
        monkeypatch.setattr(f"esgap.doctor.{name}", lambda *args: (True, ""))
    rewrite(folder, old, new)
    found = {name: (ok, line) for name, ok, line in checks(str(folder))}
    assert not found["potential"][0] and re.search(sentence, found["potential"][1]), found


@pytest.mark.parametrize("old, new, sentence", XML_FAULTS[:3])
def test_fit_refuses_sparse_points_of_a_file_with_a_core(folder, tmp_path, old, new, sentence):
    from esgap.studies.contract import Workspace

    rewrite(folder, old, new)
    study = load_study(FIT, "fit").model_copy(update={"sparse_from": folder / "gap.xml", "distance_2b": None, "soap": ()})
    with pytest.raises(EsgapError, match=sentence):
        list(deck(study, Workspace(tmp_path, tmp_path)))


def test_label_of_the_toml(folder):
    check_xml(folder / "gap.xml", "Li7P3S11_es_gap")
    with pytest.raises(EsgapError, match="potential.toml has another"):
        check_xml(folder / "gap.xml", "another")


def test_other_electrostatics_than_the_subtracted_ones(folder, tmp_path):
    """Charges changed later, in potential.toml and potential.lmp alike: the GAP belongs to others."""
    potential = read_toml(folder / "potential.toml")
    recorded = potential.model_copy(update={"fit": potential.fit | {"baseline": densities(potential.electrostatics)}})
    write_toml(recorded, folder)
    assert Potential.load(folder).electrostatics == potential.electrostatics
    es = potential.electrostatics
    write_toml(recorded.model_copy(update={"electrostatics": es.model_copy(update={"field_scale": 1.4, "cutoff": 9.0})}), folder)
    assert Potential.load(folder).electrostatics.field_scale == 1.4, "what does not change the baseline is free"
    write_toml(recorded.model_copy(update={"electrostatics": es.model_copy(update={"charges": {s: q / 2 for s, q in es.charges.items()}})}), folder)
    with pytest.raises(EsgapError, match=r"other electrostatics \(charges\) than the baseline that was subtracted"):
        Potential.load(folder)
    write_toml(recorded.model_copy(update={"electrostatics": None}), folder)
    with pytest.raises(EsgapError, match=r"\(charges, n, zeta\)"):
        Potential.load(folder)


@pytest.fixture(scope="module")
def frames():
    return read(TRAINING, ":")


def labels(folder, frames, **changes):
    write(folder / "labels.extxyz", frames, format="extxyz")
    return read_labels(load_study(FIT, "fit").model_copy(update={"data": folder / "labels.extxyz", **changes}))


def changed(frames, energy=1.0, force=1.0, virial=1.0):
    out = [atoms.copy() for atoms in frames]
    for atoms in out:
        atoms.info["dft_energy"] *= energy
        atoms.arrays["dft_force"] *= force
        atoms.info["dft_virial"] = virial * np.reshape(atoms.info["dft_virial"], (3, 3))
    return out


UNITS = [
    ({"force": Bohr / Hartree}, "look like forces in Hartree/Bohr"),
    ({"force": Bohr / Hartree, "virial": 1 / Hartree}, "look like forces in Hartree/Bohr"),
    ({"energy": 1 / Hartree}, "look like energies in Hartree"),
    ({"energy": 1 / Hartree, "force": Bohr / Hartree, "virial": 1 / Hartree}, "or energies in Hartree and forces in Hartree/Bohr"),
    ({"virial": -1.0}, "look like virials of the opposite sign"),
    ({"force": -1.0, "virial": -1.0}, "gradients, forces of the opposite sign"),
]


@pytest.mark.parametrize("factors, words", UNITS)
def test_labels_of_other_units_are_named(frames, tmp_path, factors, words):
    with pytest.raises(EsgapError, match=words):
        labels(tmp_path, changed(frames, **factors))


@pytest.mark.parametrize("count", [9, 20, 50])
def test_right_units_and_too_few_pairs_pass(frames, tmp_path, count):
    assert len(labels(tmp_path, frames[:count])[0]) == count
    assert other_units(work(frames[:1], [0.0], [frames[0].arrays["dft_force"]], [None])) == ""


def rattled(amplitude, strain, seed):
    """Frames of a Lennard-Jones LiCl, far from harmonic, and their energies, forces and virials; those of one cell have no virials."""
    random, frames = np.random.default_rng(seed), []
    for _ in range(20):
        atoms = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
        change = random.uniform(-strain, strain, (3, 3))
        atoms.set_cell(atoms.cell @ (np.eye(3) + (change + change.T) / 2), scale_atoms=True)
        atoms.positions += random.normal(scale=amplitude, size=atoms.positions.shape)
        atoms.calc = LennardJones(sigma=2.3, epsilon=0.2, rc=6.0, smooth=True)
        frames.append(atoms)
    virials = [-atoms.get_stress(voigt=False) * atoms.get_volume() if strain else None for atoms in frames]
    return frames, [atoms.get_potential_energy() for atoms in frames], [atoms.get_forces() for atoms in frames], virials


@pytest.mark.parametrize("amplitude, strain", [(0.05, 0.0), (0.1, 0.0), (0.15, 0.0), (0.02, 0.08), (0.05, 0.05), (0.1, 0.08)])
def test_right_units_of_strongly_rattled_cells_pass(amplitude, strain):
    assert [other_units(work(*rattled(amplitude, strain, seed))) for seed in range(3)] == [""] * 3


@pytest.mark.parametrize("factor", [Bohr / Hartree, Bohr])
def test_other_units_of_strongly_rattled_cells_are_refused_under_no_wrong_name(factor):
    """There the third order changes the ratio by a fifth: neither Hartree/Bohr nor eV/Bohr is told for sure, and no other unit is named."""
    for seed in range(3):
        frames, energies, forces, virials = rattled(0.1, 0.0, seed)
        words = other_units(work(frames, energies, [factor * one for one in forces], virials))
        found = re.fullmatch(r"labels that do not fit .* \(the energies need forces x ([0-9.]+)\)", words)
        assert found and 0.75 < float(found[1]) * factor < 1.05, words


def test_energies_of_two_codes(frames, tmp_path):
    shifted = changed(frames)
    for atoms in shifted[::3]:
        atoms.info["dft_energy"] += 200.0 * len(atoms)
    with pytest.raises(EsgapError, match="both Li7P3S11, have energies of -239.* and -39.* eV/atom: they come from two codes"):
        labels(tmp_path, shifted)


def test_energies_of_two_settings(frames, tmp_path):
    marked = changed(frames)
    for i, atoms in enumerate(marked):
        if i > 5:
            atoms.info["settings"] = "bb" if i > 30 else "aa"
    with pytest.raises(EsgapError, match=r"energies of 2 settings, aa \(first in configuration 6\), bb \(first in configuration 31\)"):
        labels(tmp_path, marked)
    with pytest.raises(EsgapError, match="energies of 2 settings"):
        labels(tmp_path, marked, settings=("aa",))
    labels(tmp_path, marked, settings=("aa", "bb"))
    labels(tmp_path, marked[:31])
