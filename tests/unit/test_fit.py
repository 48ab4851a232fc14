"""Fit studies, training files, model cards: everything of `esgap fit` that needs neither lmp nor gap_fit."""

from hashlib import md5

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from places import ROOT, TRAINING
from tiny_fit import FIT

from esgap.errors import EsgapError
from esgap.lammps.static import Labels, baseline
from esgap.potential import Electrostatics, Potential
from esgap.record import write_json
from esgap.studies.contract import Result
from esgap.studies.evaluate.configurations import read_configurations
from esgap.studies.fit.accuracy import rmse, summary
from esgap.studies.fit.analyse import Errors
from esgap.studies.fit.card import model_card
from esgap.studies.fit.data import counts, held_out, read_labels
from esgap.studies.fit.gap_files import relabel, shorten
from esgap.studies.fit.gap_fit import found_targets, write_training_file
from esgap.studies.fit.report import figures
from esgap.studies.fit.study import Study
from esgap.studies.fit.terms import Sigma
from esgap.studies.load import load_study

SHIPPED = ROOT / "potentials" / "li7p3s11"


def changed(tmp_path, old, new):
    text = FIT.read_text()
    assert old in text
    path = tmp_path / "fit.toml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_shipped_study_is_that_of_the_shipped_potentials():
    """Settings, data and baseline; the cell is neutral."""
    study = load_study(SHIPPED / "fit.toml")
    assert [model.name for model in study.model] == ["gap", "es-gap", "es-gap-dipoles"] and study.publish == SHIPPED
    assert all(file.is_file() and file.parent == SHIPPED / "training" for file in study.files)
    for model in study.model:
        potential = Potential.load(SHIPPED / model.name)
        assert potential.electrostatics == model.electrostatics and potential.gap.cutoff == study.cutoff
        if model.electrostatics:
            charges = model.electrostatics.charges
            assert 7 * charges["Li"] + 3 * charges["P"] + 11 * charges["S"] == pytest.approx(0, abs=1e-9)
        recorded = {key: value for key, value in potential.fit.items() if key in Study.model_fields and key not in ("data", "engine")}
        assert {"sigma", "soap", "holdout_every"} <= set(recorded)
        assert Study.model_validate(study.model_dump(mode="json", exclude_none=True) | recorded) == study, f"{model.name} was fitted with other settings than fit.toml has"


def test_worked_case_of_evaluate_takes_what_the_shipped_fits_hold_out():
    fit, case = load_study(SHIPPED / "fit.toml"), load_study(ROOT / "inputs/evaluate/study.toml")
    configurations, _ = read_labels(fit)
    held = [atoms.positions.round(6).tolist() for atoms, tested in zip(configurations, held_out(fit, configurations)) if tested]
    chosen = [atoms.positions.round(6).tolist() for atoms in read_configurations(case)]
    assert chosen and all(positions in held for positions in chosen), "a configuration of inputs/evaluate was fitted: correct `configurations`, `split` and `select`"


def test_a_study_is_read_with_its_defaults():
    study = load_study(FIT)
    assert study.cutoff == 6.0 and study.publish == FIT.parent
    assert study.data.resolve() == TRAINING
    terms = study.gap_terms()
    assert terms.count("distance_2b") == 6 and "Z1=15 Z2=16" in terms
    for z in (3, 15, 16):
        assert f" Z={z} n_species=3 species_Z={{{{3 15 16}}}}" in terms


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("holdout_every", "holdout_evry", "unknown key 'holdout_evry': did you mean 'holdout_every'"),
        ("l_max = 3", "l_max = 3\ncentral = 1", "unknown key 'soap.0.central': did you mean 'zeta'"),
        ("cutoff = 10.0", "cutoff = 10.0\ncharge = 3", "unknown key 'model.1.electrostatics.charge': did you mean 'charges'"),
        ("n_max =", "nmax =", "unknown key 'soap.0.nmax': did you mean 'n_max'"),
        ("cutoff = 10.0", "cutof = 10.0", r"electrostatics\.cutof"),
        ("theta = 1.0", "theta = -1.0", "distance_2b.theta"),
        ("P = 200, S = 350 }", "P = 200, Na = 5 }", "soap.n_sparse names Na"),
        ("charges = { Li = 0.5, ", "charges = { ", "charges of model es-gap and `elements` differ by Li"),
        ("[sigma]", "[sigma", "is not valid TOML"),
        ("seed = 1", 'engine = "gap_fit"\ncommittee = 4', 'committee needs engine = "native"'),
        ("sparse_decimals = 13", 'engine = "gap_fit"\nsparse_decimals = 6', 'sparse_decimals = 6 needs engine = "native"'),
        ("sparse_decimals = 13", "sparse_decimals = 3", "greater than or equal to 4"),
        ("[sigma]", "[sigma]\nforce_of = { Na = 0.1 }", "sigma.force_of names Na"),
        ("seed = 1", "e0 = { Li = -200.0, P = -190.0 }", "e0 has no energy of S"),
        ('virial = "dft_virial"', 'virial = "dft_virial"\nstress = "dft_stress"', "keys: give virial or stress, not both"),
        ("cutoff_transition_width = 2.0", "cutoff_transition_width = 0.001", "cutoff_transition_width = 0.001"),
        ("l_max = 3", "l_max = 25", "soap.0.l_max"),
        ("seed = 1", 'sparse_from = "gap/gap.xml"', "sparse_from brings its own terms"),
    ],
)
def test_bad_study_is_one_sentence(tmp_path, old, new, message):
    with pytest.raises(EsgapError, match=message) as caught:
        load_study(changed(tmp_path, old, new))
    assert "\n" not in str(caught.value)


def test_missing_study(tmp_path):
    with pytest.raises(EsgapError, match="no study file"):
        load_study(tmp_path / "fit.toml")


def test_missing_data_and_missing_key(tmp_path):
    study = load_study(FIT)
    with pytest.raises(EsgapError, match="no training data"):
        read_labels(study.model_copy(update={"data": tmp_path / "none.extxyz"}))
    with pytest.raises(EsgapError, match=r"no configuration of .* has 'energy'"):
        read_labels(study.model_copy(update={"keys": study.keys.model_copy(update={"energy": "energy"})}))
    with pytest.raises(EsgapError, match="contains Li, which `elements` of the study lacks"):
        read_labels(study.model_copy(update={"elements": ("P", "S")}))


def test_net_charge_is_refused_with_its_sum():
    es = Electrostatics(charges={"Li": 0.5, "S": -1.0}, zeta={"Li": 1.0, "S": 1.2}, n={"Li": 1, "S": 1}, cutoff=10.0)
    with pytest.raises(EsgapError, match=r"configuration 0 \(LiS\) has a net charge of -0.5 e"):
        baseline([Atoms("LiS", positions=[[0, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)], ("Li", "S"), es)


def test_training_file_holds_what_gap_fit_reads(tmp_path):
    study = load_study(FIT)
    atoms = Atoms("LiS", positions=[[0, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)
    reference = Labels(-1.0, np.array([[3.0, 0, 4.0], [0.1, 0, 0]]), np.eye(3))
    target = Labels(-1.5, np.array([[1.0, 0, 0], [0, 2.0, 0]]), np.arange(9.0).reshape(3, 3))
    write_training_file(tmp_path / "t.xyz", [(atoms, reference, target)], study)
    assert 'virial_target="0 1 2 3 4 5 6 7 8"' in (tmp_path / "t.xyz").read_text()
    back = read(tmp_path / "t.xyz")
    assert back.info["energy_target"] == -1.5
    assert np.allclose(back.arrays["force_target"], target.forces, atol=1e-8)
    expected = [max(study.sigma.force, 5.0 * study.sigma.force_relative), max(study.sigma.force, 0.1 * study.sigma.force_relative)]
    assert back.arrays["force_atom_sigma"] == pytest.approx(expected)


def test_sigma_by_element_by_size_and_by_config_type():
    sigma = Sigma(energy=0.001, force=0.03, force_relative=0.1, virial=0.02, force_of={"S": 0.05}, config_type={"melt": {"energy": 0.01, "force": 0.2, "force_relative": 0.0}})
    atoms, forces = Atoms("LiSS"), np.array([[0, 0, 0], [0, 0, 0], [0, 3.0, 4.0]])
    crystal = sigma.of(atoms, forces)
    assert crystal["sigma_energy"] == 0.001 and crystal["sigma_virial"] == 0.02
    assert crystal["sigma_forces"] == pytest.approx([0.03, 0.05, 0.5])
    atoms.info["config_type"] = "melt"
    melt = sigma.of(atoms, forces)
    assert melt["sigma_energy"] == 0.01 and melt["sigma_virial"] == 0.02 and melt["sigma_forces"] == pytest.approx([0.2] * 3)
    assert sigma.of(atoms, None)["sigma_forces"] == pytest.approx([0.2] * 3)


def one_frame(tmp_path, **results):
    """A study of one-frame data with the standard names, as ASE writes them."""
    atoms = Atoms("LiS", positions=[[0, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)
    atoms.calc = SinglePointCalculator(atoms, **results)
    write(tmp_path / "few.extxyz", [atoms, atoms])
    return load_study(FIT).model_copy(update={"data": tmp_path / "few.extxyz", "keys": None, "holdout_every": 2})


def test_standard_names_of_ase_are_labels(tmp_path):
    stress = np.array([0.1, 0.2, 0.3, 0.04, 0.05, 0.06])
    _, labels = read_labels(one_frame(tmp_path, energy=-3.0, forces=np.ones((2, 3)), stress=stress))
    assert labels[0].energy == -3.0 and np.array_equal(labels[1].forces, np.ones((2, 3)))
    assert labels[0].virial == pytest.approx(-125 * np.array([[0.1, 0.06, 0.05], [0.06, 0.2, 0.04], [0.05, 0.04, 0.3]]))
    assert counts(labels) == "2 energies, forces of 2 configurations, 2 virials"


def test_data_may_lack_labels_but_not_all(tmp_path):
    _, labels = read_labels(one_frame(tmp_path, forces=np.ones((2, 3))))
    assert labels[0].energy is None and labels[0].virial is None
    assert (labels[0] - Labels(1.0, np.ones((2, 3)), np.eye(3))).energy is None
    with pytest.raises(EsgapError, match="configuration 0 of .* has none of 'energy', 'forces', 'stress'"):
        read_labels(one_frame(tmp_path, magmom=1.0))


def test_stress_in_another_unit_is_refused(tmp_path):
    with pytest.raises(EsgapError, match="'stress' reaches 45, which is no stress in eV/Angstrom"):
        read_labels(one_frame(tmp_path, stress=np.array([45.0, 1, 1, 0, 0, 0])))


def test_targets_that_gap_fit_did_not_find():
    log = "Number of target energies (property name: e) found: 43\nNumber of target virials (property name: v) found: 0\n"
    assert found_targets(log) == {"energies": 43, "virials": 0}


def test_relabel_renames_files_and_all_references(tmp_path):
    old = "GAP_2026_1_1_0_9_9_9_123"
    (tmp_path / "gap.xml").write_text(f'<{old}>\n<Potential label="{old}"/>\n<x sparseX_filename="gap.xml.sparseX.{old}7"/>\n</{old}>\n')
    (tmp_path / f"gap.xml.sparseX.{old}7").write_text("1.0\n")
    assert relabel(tmp_path, "LiPS_gap") == "LiPS_gap"
    assert (tmp_path / "gap.xml.sparseX.LiPS_gap7").read_text() == "1.0\n"
    text = (tmp_path / "gap.xml").read_text()
    assert old not in text and 'sparseX_filename="gap.xml.sparseX.LiPS_gap7"' in text


def coordinates(file, dimensions):
    return f'<gpCoordinates dimensions="{dimensions}" zeta="4" sparseX_filename="{file.name}" sparseX_md5sum="{md5(file.read_bytes()).hexdigest()}">\n'


def test_shorten_rounds_soap_and_corrects_its_checksum(tmp_path):
    values = np.array([0.317442405012665, -4.78186283411526e-7, 2.70065076717294, 0.25, -3.0e-9, 1.0, 10.0])
    pair, soap = tmp_path / "gap.xml.sparseX.L1", tmp_path / "gap.xml.sparseX.L2"
    for file in (pair, soap):
        file.write_text("".join(f"{v:.20e}\n" for v in values + (file is pair)))
    (tmp_path / "gap.xml").write_text(coordinates(pair, 1) + coordinates(soap, 7))
    shorten(tmp_path, 8)
    assert np.array_equal(np.loadtxt(pair), values + 1)  # distances: untouched
    assert soap.read_text().split() == [".31744241", "-.00000048", "2.70065077", ".25", "0.", "1.", "10."]
    assert (tmp_path / "gap.xml").read_text() == coordinates(pair, 1) + coordinates(soap, 7)


def test_errors_by_element():
    atoms = Atoms("LiS", positions=[[0, 0, 0], [2, 0, 0]])
    label = Labels(1.0, np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]), np.zeros((3, 3)))
    found = Labels(1.02, np.array([[1.1, 0.9, 1.1], [2.0, 2.0, 2.3]]), np.eye(3) * 0.006)
    errors = summary([(atoms, label, found - label)])
    assert errors["energy"] == pytest.approx(10.0)  # 0.02 eV on two atoms
    assert errors["force"] == pytest.approx({"Li": 0.1, "S": 0.3 / np.sqrt(3)}, abs=1e-4)
    assert errors["force_rms"] == {"Li": 1.0, "S": 2.0}
    assert errors["virial"] == pytest.approx(3.0 / np.sqrt(3), abs=1e-4)


@pytest.mark.parametrize("folder", sorted(p.parent for p in ROOT.glob("potentials/*/*/potential.toml")), ids=lambda p: p.name)
def test_shipped_card_is_the_rendered_one(folder):
    assert (folder / "README.md").read_text() == model_card(Potential.load(folder))


def test_card_names_the_expected_errors_of_single_kinds():
    line = next(line for line in model_card(Potential.load(SHIPPED / "es-gap-dipoles")).splitlines() if line.startswith("| regularisation"))
    assert "; md_400K_v0.98: energy 0.005, force 0.1, virial 0.1;" in line


def test_split_decides_who_is_tested_before_the_count():
    study = load_study(FIT).model_copy(update={"holdout_every": 2})
    configurations = [Atoms("Li", info={"split": mark} if mark else {}) for mark in ("", "test", "train", "", "", "test", "")]
    assert list(held_out(study, configurations)) == [False, True, False, True, False, True, True]
    with pytest.raises(EsgapError, match="split=valid: give train or test"):
        held_out(study, [Atoms("Li", info={"split": "valid"})])


def test_errors_of_groups_are_given_apart():
    def found(n, energy):
        return Labels(energy, np.zeros((n, 3)), None)

    configurations = [Atoms("Li2", info={"config_type": kind}) for kind in ("md_300K", "md_800K", "relaxed", "relaxed")]
    held = np.array([False, True, True, True])
    groups = {"MD": np.array([True, True, False, False]), "relaxed": np.array([False, False, True, True])}
    errors = rmse(configurations, [found(2, 0.0)] * 4, [found(2, energy) for energy in (0.1, 0.002, 0.004, 0.004)], held, groups)
    assert {part: (e["configurations"], e["energy"]) for part, e in errors.items()} == {"train": (1, 50.0), "held_out": (3, 1.7321), "held_out MD": (1, 1.0), "held_out relaxed": (2, 2.0)}


@pytest.mark.parametrize("forces, drawn", [({}, []), ({"Li": [{"held_out": False, "pairs": [[0.0, 0.1], [1.0, 1.1]]}]}, ["parity_a"])], ids=["energies alone", "forces"])
def test_labels_without_forces_have_no_parity_of_forces(tmp_path, forces, drawn):
    (tmp_path / "models/a").mkdir(parents=True)
    write_json(tmp_path / "models/a/parity.json", {"forces": forces})
    tables = {"errors": [Errors(potential="a", element="all", configurations=3, part="train")]}
    assert [name for name, _ in figures(Result(kind="fit", title="", tables=tables), tmp_path)] == drawn
