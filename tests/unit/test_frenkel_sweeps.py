"""The rounds of a Frenkel study and its tables, with relaxations of a model whose jumps are known in place of LAMMPS's: what is asked for, and what is made of it.

Along y the pair falls into a deeper state B at +0.1 and stays in it on the way back; the crystal gives way at +0.2. Along z its relaxation runs away at +0.1.
On the negative sides nothing happens.
"""

import json

import numpy as np
import pandas as pd
import pytest
from ase.io import read
from ase.io.lammpsdata import read_lammps_data
from places import CIF
from plain_potentials import without_committee

from esgap.jobs.job import Job
from esgap.lammps.frame import from_lammps_vector, to_lammps_vector
from esgap.pipeline import analyse, make_deck
from esgap.physics.field import field_vector
from esgap.plan import Plan
from esgap.errors import EsgapError
from esgap.studies.frenkel.report import figures
from esgap.studies.load import load_study

PAIR = "Li4-i1-2.75"
STUDY = f"""
kind = "frenkel"
structure = "{CIF}"
potential = "li7p3s11/es-gap"
[defect]
separation = 2.5
pairs = ["{PAIR}"]
[field]
values = [-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25]
directions = ["y", "z"]
[electrostatics]
cutoff = 10.0
order = 7
"""
CHI = 9.0  # e Angstrom^2/V, of the crystal
ENERGY = {"perfect": 0.0, "lost": -0.5, "made": 0.7, "B": 0.65}
DIPOLE = {"perfect": 0.0, "lost": 0.0, "made": 1.0, "B": 2.5}  # along y, e Angstrom
ALPHA = 2.0  # of the pair


class Model:
    """Relaxes a job at once and leaves what in.defect leaves."""

    def __init__(self, folder):
        self.folder, self.state = folder, {}
        self.crystal = read(CIF)

    def run(self, job: Job) -> None:
        which, direction, value = (job.tags[key] for key in ("cell", "direction", "field"))
        before = self.state.get(job.inputs["start"].removesuffix("/relaxed.data"), "perfect" if which == "perfect" else "made")
        state, force, extra = before, 0.004, 0.0
        if (direction, value) == ("y", 0.1) and before == "made":
            state = "B"
        if (direction, value) == ("y", 0.2) and before == "perfect":
            state = "lost"
        if direction == "z" and value >= 0.1 and which == PAIR:
            force, extra = 1.0, -26.0
        self.state[job.name] = state
        field = field_vector(direction, value, self.crystal.cell.array)
        chi = CHI + ALPHA * (which == PAIR)
        dipole = DIPOLE[state] * np.array([0, 1.0, 0]) + chi * field
        energy = -1000 + ENERGY[state] + extra - DIPOLE[state] * field[1] - chi * field @ field / 2
        positions = self.crystal.positions.copy()
        if which == PAIR:
            positions[6] += [-0.02807934, -0.85295677, 2.61575783]
        if state == "B":
            positions[0] += 1.8
        self.write(job, energy, dipole, positions, force)

    def write(self, job: Job, energy, dipole, positions, force) -> None:
        out = self.folder / job.name
        out.mkdir(parents=True)
        dipole, positions = (to_lammps_vector(vectors, self.crystal.cell.array) for vectors in (dipole, positions))
        head = "Step PotEng f_field v_dipole_x v_dipole_y v_dipole_z"
        line = " ".join(map(repr, map(float, [energy, 0.0, *dipole])))
        (out / "log.lammps").write_text(f"{head}\n0 {line}\n9 {line}\nLoop time of 1 on 1 procs\nStopping criterion = max force\nTotal wall time: 0:00:01\n")
        atoms = "".join(f"{k} 1 {x!r} {y!r} {z!r} {force if k == 1 else 0.0} 0.0 0.0\n" for k, (x, y, z) in enumerate(positions.tolist(), start=1))
        lines = ["ITEM: TIMESTEP", "9", "ITEM: NUMBER OF ATOMS", str(len(positions)), "ITEM: BOX BOUNDS pp pp pp", "0 1", "0 1", "0 1", "ITEM: ATOMS id type xu yu zu fx fy fz"]
        (out / "relaxed.dump").write_text("\n".join(lines) + "\n" + atoms)
        (out / "relaxed.data").write_text("\n")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of the finished study, its result, and the jobs that each round asked for."""
    folder = tmp_path_factory.mktemp("sweeps")
    (folder / "study.toml").write_text(STUDY)
    study, out = load_study(folder / "study.toml"), folder / "out"
    model, rounds = Model(out), []
    while True:
        plan = make_deck(study, out)
        todo = [job for job in plan.jobs if not (out / job.name).is_dir()]
        if not todo:
            break
        for job in todo:
            model.run(job)
        rounds.append({job.name.removeprefix("points/li7p3s11/es-gap/1x1x1/") for job in todo})
    return out, analyse(out), rounds


def test_points_are_relaxed_a_few_ahead_and_sweeps_end(finished):
    out, _, rounds = finished
    assert rounds[0] == {f"{cell}/{point}" for cell in ("perfect", PAIR) for point in ("zero", "y+0.05", "y-0.05", "z+0.05", "z-0.05")}
    assert rounds[1] == {f"{cell}/{point}" for cell in ("perfect", PAIR) for point in ("y+0.1", "y+0.15", "y-0.1", "y-0.2", "z+0.1", "z+0.15", "z-0.1", "z-0.2")}
    every = set().union(*rounds)
    kept = {job.name.removeprefix("points/li7p3s11/es-gap/1x1x1/") for job in Plan.load(out).jobs}
    assert "perfect/y+0.2" in kept and not {"perfect/y+0.25", f"{PAIR}/y+0.2", f"{PAIR}/y+0.25"} & kept, "the crystal gave way"
    assert f"{PAIR}/z+0.1" in kept and f"{PAIR}/z+0.2" not in every, "the relaxation ran away"
    back = {name for name in every if name.endswith("back")}
    assert back == {f"{PAIR}/y+{v}.back" for v in (0.1, 0.05, 0.0)} | {f"perfect/y+{v}.back" for v in (0.15, 0.1, 0.05, 0.0)}


def test_only_points_of_known_states_are_listed(finished):
    _, result, _ = finished
    rows = {(row.direction, row.field, row.sweep): row for row in result.rows("formation_energy")}
    assert sorted(key[1:] for key in rows if key[0] == "y") == [
        (-0.2, "out"), (-0.1, "out"), (-0.05, "out"), (0.0, "back"), (0.05, "back"), (0.05, "out"), (0.1, "back"), (0.1, "out"), (0.15, "out"),
    ]  # fmt: skip
    assert max(row.field for key, row in rows.items() if key[0] == "z") == 0.05
    assert min(row.formation_energy.value for row in rows.values()) > 0
    for (direction, field, sweep), row in rows.items():
        left = direction == "y" and (field >= 0.1 or sweep == "back")
        assert (row.state == "intact") != left and row.state in ("intact", "A: ion 1 left its site")
    assert rows["y", 0.05, "out"].formation_energy.value == pytest.approx(0.7 - 0.05 - ALPHA * 0.05**2 / 2, abs=1e-9)
    assert rows["y", 0.05, "back"].formation_energy.value == pytest.approx(0.65 - 0.125 - ALPHA * 0.05**2 / 2, abs=1e-9), "hysteresis"
    assert rows["-", 0.0, "out"].verdict == "state A: ion 1 left its site lies 0.050 eV lower"


def test_limits_states_and_the_lowest_curve(finished):
    out, result, _ = finished
    limits = {(row.cell, row.direction): row for row in result.rows("limits")}
    assert set(limits) == {("perfect", "y"), (PAIR, "y"), (PAIR, "z")}
    assert (limits["perfect", "y"].held, limits["perfect", "y"].lost) == (0.15, 0.2)
    assert limits[PAIR, "z"].what.endswith("the relaxation runs away")
    states = {row.cell: row for row in result.rows("states")}
    assert set(states) == {"perfect", PAIR}
    assert states[PAIR].energy.value == pytest.approx(-0.05, abs=1e-9) and states[PAIR].at_field == 0.0
    kept = read(out / states[PAIR].file)
    np.testing.assert_allclose(kept.positions[0], read(CIF).positions[0] + 1.8, atol=1e-6)
    assert "the perfect cell is not the lowest known without field, its state A: same sites lies 0.500 eV lower" in result.notes[0]
    lowest = {(row.direction, row.field): row for row in result.rows("equilibrium")}
    assert lowest["-", 0.0].formation_energy.value == pytest.approx(0.65 + 0.5, abs=1e-9) and lowest["-", 0.0].state.startswith("A")
    assert lowest["z", 0.05].formation_energy.value == pytest.approx(0.7 - ALPHA * 0.05**2 / 2, abs=1e-9) and lowest["z", 0.05].state == "intact"


def test_response_of_the_intact_pair(finished):
    _, result, _ = finished
    (row,) = result.rows("response")
    assert row.verdict == "state A: ion 1 left its site lies 0.050 eV lower", "that of the pair without field"
    assert row.points == 9 and row.formation_energy.value == pytest.approx(0.7, abs=1e-8)
    assert row.dipole_y.value == pytest.approx(1.0, abs=1e-7) and row.alpha_yy.value == pytest.approx(ALPHA, abs=1e-6) and row.alpha_xx is None
    zero = {row.direction: row for row in result.rows("zero_energy")}
    assert zero["+y"].field.value == pytest.approx((np.sqrt(1 + 2 * ALPHA * 0.7) - 1) / ALPHA, abs=1e-6)
    held = {name: one.verdict.rpartition(", ")[2] for name, one in zero.items() if "beyond" in one.verdict}
    assert held["+y"] == "0.05 V/Angstrom", "along the other side of y and along z it is known in larger fields"
    assert all(one.verdict.startswith(row.verdict) for one in zero.values())


def test_lowest_known_says_which_states_were_not_followed(finished):
    """State A of the perfect cell was met along y alone: along z it lies 0.5 eV lower by its dipole, which is that of the perfect cell; state A of the pair as well."""
    _, result, _ = finished
    lowest = {(row.direction, row.field): row for row in result.rows("equilibrium")}
    assert lowest["-", 0.0].verdict == "ok" and lowest["-", 0.0].formation_energy.high == lowest["-", 0.0].formation_energy.value
    along = lowest["z", 0.05]
    assert along.verdict == (
        f"state A of {PAIR} was not followed here: by its dipole it would be {0.05 - ALPHA * 0.05**2 / 2:.3f} eV lower; "
        "state A of the perfect cell was not followed here: by its dipole it would be 0.500 eV lower"
    )
    energy = along.formation_energy
    assert energy.low == pytest.approx(0.65, abs=1e-9) and energy.high == pytest.approx(energy.value + 0.5, abs=1e-9)


def test_the_polar_figure_is_of_the_response_of_the_table(tmp_path):
    """In three directions the file that the figure is drawn of has the numbers of the table, and where they were measured."""
    out = run(tmp_path, STUDY.replace('["y", "z"]', '["x", "y", "z"]'), Model)
    result = analyse(out)
    (row,), (one,) = result.rows("response"), json.loads((out / "response.json").read_text())
    assert one["parameters"][:3] == [row.formation_energy.value, row.dipole_x.value, row.dipole_y.value] and one["freedom"] == 4 * row.points - 10
    assert len(one["fields"]) == row.points and [0.0, 0.05, 0.0] in one["fields"] and [0.0, 0.1, 0.0] not in one["fields"]
    assert "zero_energy" in dict(figures(result, out))


def test_points_that_are_not_converged_are_counted(tmp_path):
    """The verdict of the response is that of its points."""

    class Loose(Model):
        def write(self, job, energy, dipole, positions, force):
            super().write(job, energy, dipole, positions, 0.02 if (job.tags["direction"], job.tags["field"]) == ("z", -0.1) else force)

    result = analyse(run(tmp_path, STUDY, Loose))
    assert result.rows("response")[0].verdict.endswith("; 1 of 9 points not converged")
    assert all("; 1 of 9 points not converged" in row.verdict for row in result.rows("zero_energy"))


def run(tmp_path, text, model):
    """The folder of a study of which `model` runs all jobs."""
    potential = without_committee("li7p3s11/es-gap", tmp_path / "potentials")
    (tmp_path / "study.toml").write_text(text.replace('"li7p3s11/es-gap"', f'"{potential}"'))
    study, out = load_study(tmp_path / "study.toml"), tmp_path / "out"
    runner = model(out)
    while todo := [job for job in make_deck(study, out).jobs if not (out / job.name).is_dir()]:
        for job in todo:
            runner.run(job)
    return out


SIZES = f"""
kind = "frenkel"
structure = "{CIF}"
supercells = [[1, 2, 1], [2, 3, 2]]
potential = "li7p3s11/es-gap"
[defect]
separation = 4.0
reach = 5.0
pairs = 2
[field]
values = []
[electrostatics]
cutoff = 10.0
order = 7
"""


class SizeModel(Model):
    """Energies of candidates by their distance; every cell relaxes by the same shift from cell to cell, and by another around its pair, which it keeps when it is there."""

    def run(self, job: Job) -> None:
        if job.tags["what"] == "screen":
            found = pd.read_csv(self.folder / "pairs.csv")
            (self.folder / job.name).mkdir(parents=True)
            lines = ["1,-1000.0", *(f"{atom + 1},{-1000 + abs(distance - 4.5)!r}" for atom, distance in zip(found.atom, found.distance))]
            (self.folder / job.outputs[0]).write_text("\n".join(["id,energy", *lines]) + "\n")
            (self.folder / job.log).write_text("Total wall time: 0:00:01\n")
            return
        size = tuple(map(int, job.tags["supercell"].split("x")))
        crystal = self.crystal.repeat(size)
        key = size, job.tags["cell"]
        if job.tags["field"]:
            return self.answer(job, crystal, self.relaxed[key])
        start = read_lammps_data(self.folder / job.inputs["start"], units="metal", atom_style="charge", sort_by_id=True).positions
        moved = start - to_lammps_vector(crystal.positions, self.crystal.cell.array)
        near = np.linalg.norm(moved, axis=1) > 1.0  # the ion that was moved
        shift, around = np.array([0.02, 0.01, 0.0]), np.array([0.0, 0.0, 0.1])
        relaxed = start.copy()
        if not np.allclose(moved[~near], shift, atol=1e-4):
            relaxed[~near] = start[~near] + shift
        if near.any() and job.inputs["start"].startswith("cells/1x2x1"):
            relaxed[near] += around
        self.relaxed = getattr(self, "relaxed", {}) | {key: (near.any(), from_lammps_vector(relaxed, self.crystal.cell.array))}
        self.answer(job, crystal, self.relaxed[key])

    def answer(self, job, crystal, relaxed) -> None:
        pair, positions = relaxed
        images = len(crystal) // len(self.crystal)
        field = field_vector(job.tags["direction"], job.tags["field"], crystal.cell.array)
        dipole = self.dipole(images, pair)
        energy = -1000.0 * images + (0.7 + 20.0 / crystal.get_volume()) * pair - float(field @ dipole) - self.CHI * images * float(field @ field) / 2
        self.write(job, energy, dipole + self.CHI * images * field, positions, 0.004)

    CHI = 5.0  # e Angstrom^2/V, of one image of the structure

    def dipole(self, images, pair):
        return np.zeros(3)


def test_candidates_and_sizes(tmp_path):
    """The two of lowest unrelaxed energy are relaxed; the larger cell starts from what the smaller one relaxed to, and both extrapolate."""
    out = run(tmp_path, SIZES, SizeModel)
    result = analyse(out)
    assert rows_of_sizes(result) == ["1x2x1", "2x3x2", "infinite"] * 2
    listed = result.rows("candidates")
    assert [row.unrelaxed.value for row in listed] == sorted(row.unrelaxed.value for row in listed)
    chosen = [row for row in listed if row.formation_energy]
    assert chosen == listed[:2] and all(row.unrelaxed.value == pytest.approx(abs(row.distance.value - 4.5), abs=1e-5) for row in chosen)
    pair = chosen[0].pair
    crystal = read(CIF).repeat((2, 3, 2))
    start = read_lammps_data(out / f"cells/2x3x2/li7p3s11/es-gap/data.{pair}", units="metal", atom_style="charge", sort_by_id=True).positions
    moved = start - to_lammps_vector(crystal.positions, crystal.cell.array)
    far = np.linalg.norm(moved, axis=1)
    assert np.sum(far > 1.0) == 1 and far.max() == pytest.approx(chosen[0].distance.value, abs=0.2)
    np.testing.assert_allclose(moved[far < 1.0], np.tile([0.02, 0.01, 0.0], (503, 1)), atol=2e-3)
    rows = {row.supercell: row for row in result.rows("size") if row.pair == pair}
    assert rows["infinite"].formation_energy is None and rows["infinite"].verdict.startswith("the supercells have not one shape") and not rows["infinite"].sound
    assert rows["2x3x2"].perfect.value == pytest.approx(0, abs=1e-9)
    assert rows["2x3x2"].verdict == "ok" and rows["2x3x2"].corrected is None, "no dielectric tensor without fields"


def rows_of_sizes(result) -> list[str]:
    return [row.supercell for row in result.rows("size")]



class OneDipole(SizeModel):
    """The pair has a dipole, which in the second supercell is larger by `MORE`."""

    MORE = 0.1

    def dipole(self, images, pair):
        return pair * np.array([0.0, 1.5 + self.MORE * (images > 1), 0.0])


class TwoStates(OneDipole):
    MORE = 1.15


class Skew(OneDipole):
    """A crystal that answers across the field."""

    def write(self, job, energy, dipole, positions, force):
        super().write(job, energy, dipole + np.array([9.0 * len(positions) * job.tags["field"] * (job.tags["direction"] == "y"), 0.0, 0.0]), positions, force)


def sizes(tmp_path, model, fields="[]", shape="[2, 2, 2]"):
    """The result for one pair in two supercells."""
    text = SIZES.replace("[[1, 2, 1], [2, 3, 2]]", f"[[1, 1, 1], {shape}]").replace("separation = 4.0", "separation = 2.5").replace("pairs = 2", f'pairs = ["{PAIR}"]').replace("values = []", f"values = {fields}")
    return analyse(run(tmp_path, text, model))


def test_supercells_of_one_shape_have_a_line(tmp_path):
    result = sizes(tmp_path, OneDipole)
    assert rows_of_sizes(result) == ["1x1x1", "2x2x2", "infinite"]
    last = result.rows("size")[-1]
    assert last.formation_energy.value == pytest.approx(0.7, abs=1e-8) and last.verdict == "ok" and last.sound


def test_another_state_in_the_second_supercell_is_no_part_of_a_line(tmp_path):
    """The occupation is the same; the dipole is not."""
    result = sizes(tmp_path, TwoStates)
    assert rows_of_sizes(result) == ["1x1x1", "2x2x2"]
    assert [row.sound for row in result.rows("size")] == [True, False]
    assert result.rows("size")[1].verdict == "dipole 1.15 e Angstrom off that in the first supercell, another state: its images explain 0.00"


def test_cells_of_several_shapes_have_no_raw_line_and_images_are_taken_off(tmp_path):
    result = sizes(tmp_path, OneDipole, "[-0.05, 0.05]", "[1, 2, 1]")
    first, second, last = result.rows("size")
    assert last.formation_energy is None and "not one shape" in last.verdict
    assert last.corrected.value == pytest.approx(2 * second.corrected.value - first.corrected.value, abs=1e-9), "the second cell is twice the first"
    assert first.corrected.value == pytest.approx(first.formation_energy.value - first.image_energy.value, abs=1e-12) and first.image_energy.value != 0
    assert "size" in dict(figures(result, tmp_path / "out"))


def test_a_dielectric_tensor_that_is_none_leaves_the_other_tables(tmp_path):
    result = sizes(tmp_path, Skew, "[-0.05, 0.05]")
    assert [row.corrected for row in result.rows("size")] == [None, None, None] and result.rows("size")[-1].formation_energy.value == pytest.approx(0.7, abs=1e-8)
    assert "no energy of images from this cell: the dielectric tensor is not symmetric" in " ".join(result.notes) and len(result.rows("formation_energy")) > 2


def test_a_pair_by_its_places_needs_no_candidates(tmp_path):
    """42 atoms are too few for candidates 4 Angstrom apart, the default, but not for this pair."""
    crystal = read(CIF)
    vacancy = crystal.get_scaled_positions()[6]
    there = vacancy + crystal.cell.scaled_positions(np.array([[-0.028, -0.853, 2.616]]))[0]
    places = f"[[defect.places]]\nvacancy = {vacancy.tolist()}\ninterstitial = {there.tolist()}\n"
    text = STUDY.replace(f'[defect]\nseparation = 2.5\npairs = ["{PAIR}"]\n', places).replace('["y", "z"]', '["y"]')

    out = run(tmp_path, text, Model)
    assert not (out / "pairs.csv").exists()
    result = analyse(out)
    assert {row.pair for row in result.rows("formation_energy")} == {"given-1"} and result.rows("candidates") == []


@pytest.mark.parametrize("directions, said", [('["x", [1, 0, 0]]', "x and 1,0,0"), ("[[1, -1, 0], [-2, 2, 0]]", "1,-1,0 and -2,2,0"), ('["a", "x"]', "a and x")])
def test_directions_that_are_one_axis_are_refused(tmp_path, directions, said):
    (tmp_path / "study.toml").write_text(STUDY.replace('["y", "z"]', directions))
    with pytest.raises(EsgapError, match=f"field.directions has {said}, which are one axis"):
        make_deck(load_study(tmp_path / "study.toml"), tmp_path / "out")
