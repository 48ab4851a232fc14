"""Parts of kind train: start, guard, when it ends."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import read, write
from places import CIF, TRAINING

from esgap.jobs.job import Job
from esgap.record import write_json
from esgap.studies.common.reference import LABEL
from esgap.studies.train.choose import Chooser, same
from esgap.studies.train.generation import Generation, failed, known
from esgap.studies.train.guard import NEAR, Guard, shortest_distances
from esgap.studies.train.start import generated
from esgap.studies.train.stop import finished, improved, settled
from esgap.studies.train.study import Candidates, Generate, Study


def test_it_ends_after_two_generations_that_bring_nothing():
    errors = [{"energy": 4.0, "Li": 0.2}, {"energy": 2.0, "Li": 0.19}, {"energy": 1.95, "Li": 0.19}, {"energy": 2.5, "Li": 0.182}]
    assert improved(errors, 0.05) == [True, True, False, False]
    assert [finished(errors[:n], 0.05) for n in range(1, 5)] == [False, False, False, True]
    better = [*errors[:3], {"energy": 2.5, "Li": 0.15}]
    assert not finished(better, 0.05)


def test_the_observable_must_settle_too():
    errors = [{"energy": 1.0}] * 4
    assert settled([0.9, 0.7, 0.71, None], 0.02) == [False, False, True, False]
    assert finished(errors, 0.05, [0.9, 0.7, 0.71, 0.70], 0.02)
    assert not finished(errors, 0.05, [0.9, 0.7, 0.71, 0.75], 0.02)
    assert not finished(errors, 0.05, [0.9, 0.7, 0.71, None], 0.02)


@pytest.fixture(scope="module")
def crystal():
    return read(CIF)


def test_generated_configurations(crystal):
    section = Generate(rattled=2, strained=2, distributions=2, amplitude=0.1, strain=0.04)
    one, two = (list(generated(crystal, section)) for _ in range(2))
    assert [atoms.info["tag"] for atoms in one] == ["rattled-0", "rattled-1", "strained-0", "strained-1", "distribution-0", "distribution-1"]
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(one, two))
    moved = np.concatenate([one[k].positions - crystal.positions for k in (0, 1)])
    assert np.std(moved) == pytest.approx(0.1, rel=0.15)
    for atoms in one[2:4]:
        strain = np.linalg.solve(crystal.cell.array, atoms.cell.array) - np.eye(3)
        np.testing.assert_allclose(strain, strain.T, rtol=0, atol=1e-12)
        assert 0.001 < np.abs(strain).max() <= 0.04
    frame = np.array(crystal.symbols) != "Li"
    for atoms in one[4:]:
        shift = np.linalg.norm(atoms.positions - crystal.positions, axis=1)
        assert shift[frame].max() < 0.1 and np.sum(shift[~frame] > 1.0) >= 3, "anions stay, several ions have moved"
        lithium = atoms[~frame]
        assert np.min(lithium.get_all_distances(mic=True)[~np.eye(len(lithium), dtype=bool)]) > 2.2


def test_guard_knows_the_shortest_distances_of_the_data(tmp_path):
    frames = read(TRAINING, ":4")
    known = shortest_distances(frames)
    assert known["P", "S"] == min(a.get_all_distances(mic=True)[np.ix_(a.numbers == 15, a.numbers == 16)].min() for a in frames)
    assert 3.0 < known["P", "P"] <= NEAR and set(known) == {("Li", "Li"), ("Li", "P"), ("Li", "S"), ("P", "P"), ("P", "S"), ("S", "S")}
    write(tmp_path / "data.extxyz", frames, format="extxyz")
    guard = Guard.of(tmp_path / "data.extxyz", 0.85)
    assert guard.wrong(frames[0]) is None
    phosphorus = np.flatnonzero(frames[0].numbers == 15)[:2]
    fused = frames[0].copy()
    fused.set_distance(*phosphorus, 2.2, fix=0, mic=True)
    assert "P-" in guard.wrong(fused)
    strange = frames[0].copy()
    strange.numbers[0] = 17
    assert guard.wrong(strange) == "Cl, of which the labels hold none"
    lost = frames[0].copy()
    lost.positions[3] = np.nan
    assert guard.wrong(lost) == "positions that are no numbers"


def test_the_same_configuration_is_known_by_its_images():
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [2.5, 0.1, 0]], cell=[5, 5, 5.5], pbc=True)
    image = atoms.copy()
    image.positions[0] += [5, 0, -5.5]
    assert same(atoms, image)
    image.positions[0] += [0.01, 0, 0]
    assert not same(atoms, image) and not same(atoms, atoms.repeat((1, 1, 2)))


def test_what_failed_is_not_chosen_again():
    """A configuration whose label did not converge is in no data; known like those that have one."""
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [2.5, 0.1, 0]], cell=[5, 5, 5.5], pbc=True)
    other = Atoms("LiCl", positions=[[0, 0, 0], [2.5, 0.2, 0]], cell=[5, 5, 5.5], pbc=True)
    chooser = Chooser.__new__(Chooser)
    chooser.guard, chooser.data, chooser.failed = Guard({}), [], [atoms.copy()]
    assert chooser.new([atoms, other]) == [other]


def test_failed_labels_are_handed_to_the_choice(tmp_path):
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [2.5, 0.1, 0]], cell=[5, 5, 5.5], pbc=True)
    jobs = []
    good = {"energy": -1.0, "forces": [[0, 0, 0], [0, 0, 0]], "virial": [[0, 0, 0]] * 3, "settings": "aa", "seconds": 1.0, "charges": None}
    for name, label in (("good", good), ("bad", {"reason": "no convergence"})):
        write(tmp_path / f"{name}.extxyz", atoms)
        (tmp_path / name).mkdir()
        write_json(tmp_path / name / LABEL, label)
        jobs.append(Job(name=name, command=("true",), inputs={"configuration": f"{name}.extxyz"}, outputs=(f"{name}/{LABEL}",)))
    assert len(known(jobs, tmp_path)) == len(failed(jobs, tmp_path)) == 1
    (tmp_path / "generation-1").mkdir()
    generation = Generation(1, Study.model_construct(md=None, relax=None, candidates=Candidates(files=["x"])), None, "gap")
    (job,) = generation.sampling(1, failed(jobs, tmp_path), tmp_path)
    assert f"failed={generation.failed}" in job.command and generation.failed in job.inputs.values()
    assert len(read(tmp_path / generation.failed, ":")) == 1
    (job,) = generation.sampling(1, [], tmp_path)
    assert not any("failed" in word for word in job.command), "a run without them is the same as before"
