"""`esgap fit` with the real lmp and both engines on a tiny study, and the baseline against an independent pair style."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from places import ENV, ROOT
from places import TRAINING as DATA
from tiny_fit import FIT, tiny_fit

from esgap import pipeline
from esgap.errors import EsgapError
from esgap.gapfit.xml import read_model
from esgap.lammps.data import write_data
from esgap.lammps.frame import from_lammps_vector
from esgap.lammps.static import BASELINE_KSPACE, baseline, evaluate
from esgap.potential import Potential, read_toml
from esgap.studies.fit.accuracy import predict
from esgap.studies.fit.gap_fit import run_gap_fit
from esgap.studies.fit.native import evaluate as by_gap
from esgap.studies.load import load_study

STATIC = """
units metal
atom_style charge
box tilt large
read_data data
include ${{potential}}/potential.lmp
# A mesh of 1e-6 accuracy is for dynamics; the baseline was summed to this one.
{kspace}
run 0 post no
print "$(pe:%.17g)" file energy
write_dump all custom forces fx fy fz modify sort id format float %.17g
"""


@pytest.fixture(scope="module")
def shipped():
    return load_study(FIT, "fit")


@pytest.fixture(scope="module")
def configurations():
    return read(DATA, "1:8:3")  # triclinic, strained, no force vanishes by symmetry


@pytest.fixture
def tiny(tmp_path):
    """A function that writes the shipped study, made tiny, into a folder of its own, with some text replaced."""
    return partial(tiny_fit, tmp_path)


def with_sparse_points(study: Path, xml: str, model: str, more: str = "") -> Path:
    """Another study of the same data, with the sparse points of `xml` instead of its own terms."""
    text = re.sub(r"\[distance_2b\][^~]*\[\[model\]\]\nname = .*", f'[[model]]\nname = "{model}"', study.read_text())
    other = study.with_name("other.toml")
    other.write_text(re.sub(r"seed = .*(\nengine = .*)?", f'sparse_from = "{xml}"\n{more}', text))
    return other


def run(study: Path):
    """`esgap fit STUDY`; result and lines of the published potentials."""
    folder = study.parent / "run"
    result = pipeline.run(study, folder, lambda *arguments, **keywords: None, "fit")
    return result, pipeline.publish(folder)


def test_baseline_forces_and_virial_are_derivatives_of_its_energy(shipped, configurations):
    es, h = shipped.model[1].electrostatics, 1e-4
    atoms = configurations[0]
    moved = []
    for axis in range(3):
        for step in (h, -h):
            moved.append(atoms.copy())
            moved[-1].positions[5, axis] += step
    strains = [(i, j) for i in range(3) for j in range(3)]
    for i, j in strains:
        for step in (h, -h):
            strain = np.eye(3)
            strain[i, j] += step
            moved.append(atoms.copy())
            moved[-1].set_cell(atoms.cell.array @ strain.T, scale_atoms=True)
    here, *there = baseline([atoms, *moved], shipped.elements, es)
    slope = -np.diff([[b.energy, a.energy] for a, b in zip(there[::2], there[1::2])]).ravel() / (2 * h)
    # Ewald at 1e-8 relative force accuracy: energies of neighbouring cells carry about 1e-8 eV of noise, over 2h.
    assert here.forces[5] == pytest.approx(slope[:3], abs=2e-4)
    assert here.virial.ravel() == pytest.approx(slope[3:], abs=5e-3)


def test_baseline_agrees_with_streitz_mintmire_style(shipped, configurations, tmp_path):
    """coul/streitz with chi = J = Z = 0 is the same 1s-1s interaction, in other code."""
    es = shipped.model[1].electrostatics
    (tmp_path / "es.streitz").write_text("# UNITS: metal\n" + "".join(f"{s} 0 0 0 {es.zeta[s]} 0\n" for s in shipped.elements))
    commands = f"pair_style coul/streitz 12.0 ewald\npair_coeff * * {tmp_path}/es.streitz Li P S\nkspace_style {BASELINE_KSPACE}"
    ours, theirs = baseline(configurations, shipped.elements, es), evaluate(configurations, shipped.elements, commands, charges=es.charges)
    for a, b in zip(ours, theirs, strict=True):
        assert a.energy == pytest.approx(b.energy, abs=1e-4)
        assert np.allclose(a.forces, b.forces, atol=1e-5)
        assert np.allclose(a.virial, b.virial, atol=1e-3)


def test_tiny_fit_writes_two_potentials_with_committees(tiny):
    study = tiny((r"seed = .*", "seed = 1\ncommittee = 2\nlearning = [0.6]"))
    result, lines = run(study)
    assert len(lines) == 2 and all("held-out RMSE" in line for line in lines)
    gap, es_gap = (Potential.load(study.parent / name) for name in ("gap", "es-gap"))
    assert gap.electrostatics is None and es_gap.charge_of("P") == 2.5
    # Same configurations and settings: the records differ in what the fit found alone.
    own = {"seconds", "bytes", "log_evidence", "singular_values", "error_bars", "learning_curve", "baseline"}
    assert {k: v for k, v in gap.fit.items() if k not in own} == {k: v for k, v in es_gap.fit.items() if k not in own}
    assert gap.fit["engine"] == "native" and "quippy-ase" not in gap.fit["versions"]
    held = read(DATA, "1:9:2")
    for potential in (gap, es_gap):
        assert (potential.folder / "potential.lmp").read_text() == potential.lammps_include()
        card = (potential.folder / "README.md").read_text()
        assert "| energy (meV/atom) |" in card and "log marginal likelihood" in card and "2 members of a committee" in card
        assert potential.gap.members == ("gap.member-01.xml", "gap.member-02.xml") and len(potential.gap.files) == 3 + 6 + 3 + 3
        # Five configurations and 100 weights: the fit must follow the labels it saw far better than no fit.
        train, left_out = potential.errors["train"], potential.errors["left_out"]
        assert train["energy"] < 5.0 and all(train["force"][s] < 0.8 * train["force_rms"][s] for s in "PS")
        assert left_out["energy"] > train["energy"] and left_out["configurations"] == 5
        bars = potential.fit["error_bars"]
        assert bars["members"] == bars["calibrated_on"] == bars["tested_on"] == 2
        assert bars["factor"] == max(bars["factors"].values()) and set(bars["factors"]) == {"energies", "forces"} and min(bars["factors"].values()) > 0
        # pair_style gap's evaluation, quippy's, and the errors in the record: one potential
        for file in (potential.gap.file, *potential.gap.members):
            ours, theirs = by_gap_alone(potential, file, held), predict(potential.folder / file, held)
            for a, b, atoms in zip(ours, theirs, held, strict=True):
                assert a.energy == pytest.approx(b.energy, abs=5e-9 * len(atoms))
                assert np.allclose(a.forces, b.forces, atol=1e-7) and np.abs(a.forces).max() > 0.1
    errors = [e.energy - a.info["dft_energy"] for e, a in zip(by_gap_alone(gap, "gap.xml", held), held, strict=True)]
    assert gap.errors["held_out"]["energy"] == pytest.approx(1e3 * np.sqrt(np.mean(np.square(errors))) / 42, abs=2e-4)
    members = [[e.energy for e in by_gap_alone(gap, file, held)] for file in gap.gap.members]
    assert np.abs(np.subtract(*members)).min() > 1e-4, "members that agree are no committee"
    assert {row.part for row in result.rows("errors")} == {"train", "held_out", "left_out"}
    assert [row.members for row in result.rows("fits")] == [2, 2]
    # The learning curve: of three of the five configurations, then of all, on the same held-out four.
    curve = [row for row in result.rows("learning") if (row.potential, row.element) == ("gap", "P")]
    assert [row.fitted for row in curve] == [3, 5] and "Learning curve" in (gap.folder / "README.md").read_text()
    assert curve[1].force_rmse.value == gap.errors["held_out"]["force"]["P"] != curve[0].force_rmse.value > 0.1


def by_gap_alone(potential, file, configurations):
    """The GAP of a potential folder without its electrostatics; away from potential.toml, which would object."""
    folder = potential.folder / "alone"
    folder.mkdir(exist_ok=True)
    for name in potential.gap.files:
        (folder / name).write_bytes((potential.folder / name).read_bytes())
    return by_gap(folder / file, configurations)


def test_standard_keys_without_virials_and_given_sparse_points(tiny):
    study = tiny((r"\[\[model\]\]\nname = \"gap\"", '[[model]]\nname = "forces"'), (r"\n# Half[^~]*", "\n"), (r"\[keys\][^\[]*", ""))
    frames = read(study.parent / "few.extxyz", ":")
    for k, atoms in enumerate(frames):
        labels = {"forces": atoms.arrays["dft_force"]} | ({"energy": atoms.info["dft_energy"]} if k else {})
        atoms.info, atoms.calc = {}, SinglePointCalculator(atoms, **labels)
        del atoms.arrays["dft_force"]
    write(study.parent / "few.extxyz", frames)
    assert "energy=" in (study.parent / "few.extxyz").read_text() and "stress" not in (study.parent / "few.extxyz").read_text()
    run(study)
    first = Potential.load(study.parent / "forces")
    assert "8 energies, forces of 9 configurations, 0 virials" in (study.parent / "run/models/forces/log").read_text()
    assert "virial" not in first.errors["train"] and first.errors["train"]["energy"] < 5.0
    # its sparse points, given to another study of the same data, give the same potential
    other = with_sparse_points(study, "forces/gap.xml", "again")
    pipeline.run(other, study.parent / "run2", lambda *a, **k: None, "fit")
    again = read_model(study.parent / "run2/models/again/gap.xml")
    np.testing.assert_allclose(again.weights, read_model(first.xml).weights, rtol=1e-6, atol=1e-4)


def test_what_the_data_do_not_determine_is_one_sentence_and_leaves_the_old_potential(tiny):
    study = tiny((r"holdout_every = .*", "holdout_every = 9\ncommittee = 2"))
    (study.parent / "gap").mkdir()
    (study.parent / "gap" / "potential.toml").write_text("old")
    with pytest.raises(EsgapError, match="failed"):
        run(study)
    assert "two at least: hold more configurations out" in (study.parent / "run/models/gap/log").read_text()
    assert (study.parent / "gap" / "potential.toml").read_text() == "old"


@pytest.mark.parametrize(
    "break_it, message",
    [
        (lambda a: a.arrays["dft_force"].__setitem__((3, 1), np.nan), "configuration 4 of .*'dft_force' is not finite"),
        (lambda a: a.info.update(dft_virial=[1.0, 2, 3, 4, 5, 6]), "'dft_virial' has 6 numbers, expected 3 x 3"),
        (lambda a: a.arrays["dft_force"].__imul__(1e5), "no forces in eV/Angstrom"),
        (lambda a: a.symbols.__setitem__(0, "Na"), "contains Na, which `elements` of the study lacks"),
        (lambda a: a.info.update(dft_energy="none"), "'dft_energy' holds no numbers"),
    ],
)
def test_labels_are_checked_before_anything_is_written(tiny, break_it, message, tmp_path):
    study = tiny()
    frames = read(study.parent / "few.extxyz", ":")
    break_it(frames[4])
    write(study.parent / "few.extxyz", frames)
    with pytest.raises(EsgapError, match=message):
        pipeline.run(study, tmp_path / "run", lambda *a, **k: None, "fit")
    assert not (tmp_path / "run" / "plan.json").exists()


def test_gap_fit_does_the_same_study(tiny):
    study = tiny((r"seed = .*", 'seed = 1\nengine = "gap_fit"'), (r"\n# Half[^~]*", "\n"))
    run(study)
    gap = Potential.load(study.parent / "gap")
    assert len(gap.gap.files) == 1 + 6 + 3 + 3 and gap.fit["rounding"]["energy"] < 1e-9 and gap.fit["engine"] == "gap_fit"
    assert gap.errors["train"]["energy"] < 5.0 and "left_out" not in gap.errors
    # With gap_fit's sparse points the native engine gives gap_fit's potential.
    other = with_sparse_points(study, "gap/gap.xml", "native", "sparse_jitter = 1e-10")
    pipeline.run(other, study.parent / "run2", lambda *a, **k: None, "fit")
    frames = read(study.parent / "few.extxyz", ":")
    native = by_gap(study.parent / "run2/models/native/gap.xml", frames)
    assert "sparse points of a given file" in (study.parent / "run2/models/native/README.md").read_text()
    assert read_toml(study.parent / "run2/models/native/potential.toml").gap.cutoff == gap.gap.cutoff == 4.0
    for a, b, atoms in zip(native, by_gap_alone(gap, "gap.xml", frames), frames, strict=True):
        assert abs(a.energy - b.energy) / len(atoms) < 1e-6
        assert np.allclose(a.forces, b.forces, atol=1e-5)


def test_gap_fit_that_fails_is_one_sentence_and_keeps_its_output(tiny):
    # No pair is that near: gap_fit has nothing to fit a term to and dies.
    near = (r"\[distance_2b\]\ncutoff = .*", "[distance_2b]\ncutoff = 0.5\ncutoff_transition_width = 0.2")
    study = tiny((r"seed = .*", 'seed = 1\nengine = "gap_fit"'), near, (r"\n# Half[^~]*", "\n"))
    with pytest.raises(EsgapError, match="failed") as caught:
        run(study)
    assert "\n" not in str(caught.value)
    assert "gap_fit failed" in (study.parent / "run/models/gap/log").read_text()
    assert (study.parent / "run/models/gap/gap_fit.log").is_file()


@pytest.mark.parametrize("engine", ["quip", "native"])
@pytest.mark.parametrize("name", ["gap", "es-gap"])
def test_shipped_potential_in_lammps_is_gap_plus_baseline(name, engine, shipped, configurations, tmp_path):
    """potential.lmp in lmp against quippy's GAP plus the baseline: the sum of the fit is the sum of the simulation."""
    potential = Potential.load(ROOT / "potentials" / "li7p3s11" / name)
    atoms = configurations[1]
    write_data(tmp_path / "data", atoms, potential.elements, potential.electrostatics.charges if potential.electrostatics else None)
    (tmp_path / "in.test").write_text(STATIC.format(kspace=f"kspace_style {BASELINE_KSPACE}" if potential.electrostatics else ""))
    lmp = [Path(sys.executable).parent / "lmp", "-in", "in.test", "-var", "potential", potential.folder, "-var", "engine", engine]
    done = subprocess.run(list(map(str, lmp)), cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout
    forces = from_lammps_vector(np.loadtxt(tmp_path / "forces", skiprows=9), atoms.cell)

    expected = predict(potential.xml, [atoms])[0] + baseline([atoms], shipped.elements, potential.electrostatics)[0]
    # 5e-9 eV/atom is the agreement of the two engines; the label itself is -10000 eV.
    assert float((tmp_path / "energy").read_text()) == pytest.approx(expected.energy, abs=1e-6)
    assert np.allclose(forces, expected.forces, atol=1e-6)


def test_gap_fits_own_reason_is_shown(tiny, tmp_path):
    """What it says after SYSTEM ABORT, not its last line, which is empty or STOP 1."""
    study = load_study(tiny((r"seed = .*", 'seed = 1\nengine = "gap_fit"')), "fit")
    (tmp_path / "work").mkdir()
    with pytest.raises(EsgapError, match=r"gap_fit failed with .*SYSTEM ABORT: read_fit_xyz: at_file train.xyz.*: its output is .*gap_fit.log"):
        run_gap_fit(study, tmp_path / "work", tmp_path)  # no train.xyz there
    assert "SYSTEM ABORT" in (tmp_path / "gap_fit.log").read_text()
