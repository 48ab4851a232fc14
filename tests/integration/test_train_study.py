"""Kind train on a toy: LiCl with a Lennard-Jones potential as the reference. Two generations, resumed between."""

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from esgap.calculators import ESGAP
from esgap.gapfit.toy import crystal
from esgap.pipeline import read_result

REFERENCE = dict(sigma=2.3, epsilon=0.2, rc=5.0, smooth=True)

FIT = """
kind = "fit"
material = "LiCl"
elements = ["Li", "Cl"]
data = "not-used.extxyz"
[sigma]
energy = 0.001
force = 0.02
virial = 0.01
[distance_2b]
cutoff = 5.0
n_sparse = 8
delta = 1.0
theta = 0.8
[[soap]]
cutoff = 4.0
n_max = 2
l_max = 1
atom_sigma = 0.6
delta = 0.2
n_sparse = { Li = 6, Cl = 6 }
[[model]]
name = "gap"
[[model]]
name = "es-gap"
[model.electrostatics]
charges = { Li = 0.2, Cl = -0.2 }
zeta = { Li = 1.0, Cl = 1.2 }
n = { Li = 1, Cl = 1 }
cutoff = 5.0
"""

STUDY = """
kind = "train"
fit = "fit.toml"
structure = "crystal.extxyz"
start = ["known.extxyz"]
holdout_every = 3
generations = 1
[ase]
calculator = "ase.calculators.lj:LennardJones"
arguments = { sigma = 2.3, epsilon = 0.2, rc = 5.0, smooth = true }
[generate]
strained = 1
[md]
temperatures = [400.0]
time = 0.04
sample_every = 0.01
choose = 1
[relax]
max_steps = 10
choose = 0
[candidates]
files = ["images.extxyz"]
choose = 1
[observable]
cells = "pair.extxyz"
max_steps = 60
"""


@pytest.fixture
def study(tmp_path):
    """The files of the study; the labelled ones have ASE's own keys."""
    known = [crystal(seed) for seed in range(8)]
    for atoms in known:
        atoms.calc = LennardJones(**REFERENCE)
        atoms.calc = SinglePointCalculator(atoms, energy=atoms.get_potential_energy(), forces=atoms.get_forces(), stress=atoms.get_stress())
    write(tmp_path / "known.extxyz", known, format="extxyz")
    cells = [bulk("LiCl", "rocksalt", a=a, cubic=True) for a in (5.1, 5.2)]
    write(tmp_path / "crystal.extxyz", cells[0], format="extxyz")
    write(tmp_path / "pair.extxyz", cells, format="extxyz")
    image = cells[0].copy()
    image.positions[1] += [0.2, 0.1, 0]
    write(tmp_path / "images.extxyz", [image, known[0]], format="extxyz")  # the second one is labelled already
    (tmp_path / "fit.toml").write_text(FIT)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_two_generations(study, esgap, tmp_path):
    first = esgap("run", "study.toml", "-o", "out")
    assert first.returncode == 0, first.stderr
    assert "ended by generations = 1" in first.stdout
    before = (tmp_path / "out/generation-0/models/es-gap/potential.toml").stat().st_mtime_ns
    study.write_text(STUDY.replace("generations = 1", "generations = 2"))
    second = esgap("run", "study.toml", "-o", "out")
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "out/generation-0/models/es-gap/potential.toml").stat().st_mtime_ns == before, "the first fit is kept"

    result = read_result(tmp_path / "out")
    rows = result.rows("generations")
    assert [row.generation for row in rows] == [0, 1] and [row.fitted for row in rows] == [6, 8]
    data = [read(tmp_path / f"out/generation-{g}/labels.extxyz", ":") for g in (0, 1)]
    held = [[atoms for atoms in frames if atoms.info["split"] == "test"] for frames in data]
    assert len(held[0]) == len(held[1]) == 3, "held out once and for all"
    for one, other in zip(*held):
        np.testing.assert_allclose(one.positions, other.positions, rtol=0, atol=1e-8)
    check_labels(data[1])
    check_choice(tmp_path, result)
    check_errors(tmp_path, result, held[1])
    assert (tmp_path / "models/gap/potential.toml").is_file() and not (tmp_path / "models/es-gap/posterior.npy").exists()
    assert rows[1].observable.value == pytest.approx(observable(ESGAP(tmp_path / "models/es-gap"), tmp_path), abs=1e-3)
    assert {"energies.png", "forces.png", "calibration.png", "labels.extxyz"} <= {file.name for file in (tmp_path / "out").iterdir()}


def check_labels(frames):
    """Each label, adopted or computed, is the reference's."""
    for atoms in frames:
        exact = atoms.copy()
        exact.calc = LennardJones(**REFERENCE)
        assert atoms.info["dft_energy"] == pytest.approx(exact.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(atoms.arrays["dft_force"], exact.get_forces(), rtol=0, atol=1e-5)
        np.testing.assert_allclose(np.reshape(atoms.info["dft_virial"], (3, 3)), -exact.get_stress(voigt=False) * exact.get_volume(), rtol=0, atol=1e-5)


def check_choice(folder, result):
    """One of the dynamics, the image that was not known; what the model gave, against the labels."""
    chosen = result.rows("chosen")
    assert [(row.source, row.generation) for row in chosen] == [("candidates", 0), ("md", 0)]
    for row, atoms in zip(chosen, read(folder / "out/generation-0/choice/chosen.extxyz", ":"), strict=True):
        model = ESGAP(folder / "out/generation-0/models/es-gap")
        exact = atoms.copy()
        exact.calc, atoms.calc = LennardJones(**REFERENCE), model
        error = 1e3 * (atoms.get_potential_energy() - exact.get_potential_energy()) / len(atoms)
        assert row.energy_error.value == pytest.approx(error, abs=1e-3) and row.stddev.value > 0
    table = pd.read_csv(folder / "out" / "chosen.csv")
    assert table.configuration.tolist() == ["generation-0-candidates-0", "generation-0-md-0"]


def check_errors(folder, result, held):
    """The table's held-out error is the potential's."""
    differences = []
    for atoms in held:
        energy = atoms.info["dft_energy"]
        atoms.calc = ESGAP(folder / "models/es-gap")
        differences.append(1e3 * (atoms.get_potential_energy() - energy) / len(atoms))
    assert result.rows("generations")[1].energy_held_out.value == pytest.approx(np.sqrt(np.mean(np.square(differences))), abs=2e-3)
    parts = {(row.potential, row.part, row.element) for row in result.rows("errors") if row.generation == 1}
    assert {("gap", "held_out", "Li"), ("es-gap", "train", "Cl"), ("gap", "train", "all")} <= parts


def observable(calculator, folder) -> float:
    """Both cells are at a minimum by symmetry."""
    energies = []
    for atoms in read(folder / "pair.extxyz", ":"):
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())
    return energies[1] - energies[0]


def test_a_study_that_cannot_begin(study, main, tmp_path):
    """Before anything is computed, in a sentence."""
    for old, new, sentence in (
        ("holdout_every = 3", "holdout_every = 7", "1 of 9 labelled configurations of the start are held out: at least 2"),
        ('fit = "fit.toml"', 'fit = "fit.toml"\ndriver = "gapp"', "driver = 'gapp' is no model of"),
        ('cells = "pair.extxyz"', 'cells = "crystal.extxyz"', "has 1 cell: the observable"),
        ('start = ["known.extxyz"]', 'start = ["lost.extxyz"]', "no training data"),
    ):
        study.write_text(STUDY.replace(old, new).replace("[generate]\nstrained = 1\n", ""))
        done = main("deck", "study.toml", "-o", "out")
        wanted = sentence.replace("1 of 9", "1 of 8")
        assert done.returncode == 1 and wanted in " ".join(done.stderr.split()), done.stderr


def test_dynamics_end_where_they_become_unphysical(tmp_path):
    """Two atoms that approach each other: the frames before are kept, those after are not."""
    from esgap.studies.train.explore import BEFORE, Trail
    from esgap.studies.train.guard import Guard

    trail = Trail(Guard({("Cl", "Cl"): 0.0, ("Cl", "Li"): 2.0, ("Li", "Li"): 0.0}))
    atoms = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    cl = int(np.argmax(atoms.numbers == 17))
    li = int(np.argmin(np.where(atoms.numbers == 3, atoms.get_distances(cl, range(len(atoms)), mic=True), 9)))
    looked = 0
    for distance in np.arange(2.5, 1.5, -0.06):
        atoms.set_distance(cl, li, distance, fix=0, mic=True)
        looked += 1
        if not trail.look(atoms, keep=looked == 1):
            break
    assert "Cl-Li at 1.9" in trail.reason and distance < 2.0
    assert len(trail) == 1 + BEFORE
    assert min(frame.get_distance(cl, li, mic=True) for frame in trail) >= 2.0
