"""What LAMMPS leaves: read exactly, and any truncation or garbling is a sentence or the right value, never another exception."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.dump import read_cell, read_dump
from esgap.lammps.log import problem, read_thermo
from esgap.lammps.neb import read_history, read_images
from esgap.lammps.relaxation import read_relaxation
from esgap.lammps.trajectory import read_trajectory

ATOMS = 3
LOG = """\
LAMMPS (22 Jul 2025 - Update 4)
read_data data.perfect
  {atoms} atoms
run 0
   Step          PotEng
         0   -1.5
Loop time of 1.3e-05 on 1 procs for 0 steps with {atoms} atoms
minimize 0.0 0.01 2000 20000
WARNING: Energy due to 1 extra global DOFs will be included in minimizer energies
   Step          PotEng         f_field    v_dipole_x    v_dipole_y    v_dipole_z       Fnorm
{rows}
Loop time of 2.5 on 1 procs for 20 steps with {atoms} atoms

Minimization stats:
  Stopping criterion = force tolerance
  Energy initial, next-to-last, final =
Total # of neighbors = 1234
Total wall time: 0:00:03
"""
DUMP = "ITEM: TIMESTEP\n20\nITEM: NUMBER OF ATOMS\n{atoms}\nITEM: BOX BOUNDS xy xz yz pp pp pp\n0 9 0\n0 9 0\n0 9 0\nITEM: ATOMS id type xu yu zu fx fy fz\n{rows}"


def log_text(rows) -> str:
    lines = [f"{10 * step:7d}   " + "   ".join(f"{value:.17g}" for value in row) for step, row in enumerate(rows)]
    lines.insert(1, "WARNING: Bond atoms missing (src/ntopo.cpp:58)")
    return LOG.format(atoms=ATOMS, rows="\n".join(lines))


def dump_text(values) -> str:
    """Rows of atoms (positions, forces) in another order than that of the ids."""
    return DUMP.format(atoms=len(values), rows="".join(f"{i + 1} 1 " + " ".join(f"{x:.17g}" for x in values[i]) + "\n" for i in reversed(range(len(values)))))


RANDOM = np.random.default_rng(1)
ROWS, VALUES = RANDOM.normal(size=(3, 6)).tolist(), RANDOM.normal(size=(ATOMS, 6))
GOOD = {"log.lammps": log_text(ROWS), "relaxed.dump": dump_text(VALUES)}

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
damages = st.tuples(st.sampled_from(["cut", "replace", "insert", "delete", "double"]), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6))
words = st.sampled_from([b"nan", b"-inf", b" ", b"\n", b"\x00", b"1e999", b"Step", b"Loop time of", "²".encode(), b"-", b".", b"\xff", b"ITEM: ATOMS id"])


def damaged(text: str, damage, word: bytes | None = None) -> bytes:
    what, where, noise = damage
    raw, noise = text.encode(), word or noise
    at = int(where * len(raw))
    ends = {"cut": b"", "replace": noise + raw[at + len(noise) :], "insert": noise + raw[at:], "delete": raw[at + len(noise) :], "double": raw[max(0, at - 40) :]}
    return raw[:at] + ends[what]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("job")


def write(folder, **files):
    for name, content in (GOOD | files).items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@settings(max_examples=50, deadline=None, derandomize=True)
@given(rows=st.lists(st.lists(finite, min_size=6, max_size=6), min_size=2, max_size=4))
def test_every_number_is_read_exactly(folder, rows):
    write(folder, **{"log.lammps": log_text(rows)})
    thermo = read_thermo(folder / "log.lammps")
    np.testing.assert_array_equal(thermo.to_numpy()[:, 1:], rows)
    relaxed = read_relaxation(folder)
    assert relaxed.first_energy == -1.5 and relaxed.energy == rows[-1][0] and relaxed.field_energy == rows[-1][1] and relaxed.steps == 10 * (len(rows) - 1)
    np.testing.assert_array_equal(relaxed.dipole, rows[-1][2:5])
    np.testing.assert_array_equal(relaxed.positions, VALUES[:, :3])
    assert relaxed.max_force == np.linalg.norm(VALUES[:, 3:], axis=1).max() and relaxed.criterion == "force tolerance"
    assert relaxed.squared_force == pytest.approx((VALUES[:, 3:] ** 2).sum(), rel=1e-14)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(where=st.floats(0, 1, exclude_max=True), name=st.sampled_from(sorted(GOOD)))
def test_cut_off_anywhere(folder, where, name):
    """The right numbers or a sentence, nothing between."""
    text = GOOD[name]
    write(folder, **{name: text[: int(where * len(text))]})
    try:
        relaxed = read_relaxation(folder)
    except EsgapError as error:
        assert name in str(error) and "delete" in str(error)
    else:
        assert relaxed.energy == ROWS[-1][0]
        np.testing.assert_array_equal(relaxed.positions, VALUES[:, :3])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(damage=damages, word=st.none() | words, name=st.sampled_from(sorted(GOOD)))
def test_garbled_anywhere(folder, damage, word, name):
    """A digit that became another cannot be told; whatever else happened is a sentence."""
    write(folder, **{name: damaged(GOOD[name], damage, word)})
    job = Job(name="job", command=("lmp",), inputs={}, outputs=())
    assert isinstance(problem(job.model_copy(update={"name": "."}), folder), str | None)
    try:
        relaxed = read_relaxation(folder)
    except EsgapError as error:
        assert "\n" not in str(error).replace(str(folder), "")
    else:
        assert np.isfinite([relaxed.energy, relaxed.field_energy, relaxed.max_force, *relaxed.dipole]).all() and relaxed.positions.shape == (ATOMS, 3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_at_the_end_of_a_run_is_a_problem(folder, value):
    """Not the last finite line before it."""
    write(folder, **{"log.lammps": log_text([*ROWS, [value, *ROWS[0][1:]]])})
    assert "ends in nan" in problem(Job(name=".", command=("lmp",), inputs={}, outputs=()), folder)
    with pytest.raises(EsgapError, match="ends in nan"):
        read_relaxation(folder)


@pytest.mark.parametrize("old, new", [("2 1 ", "3 1 "), ("1 1 ", "7 1 "), ("3 1 ", "3 1 9.0 "), ("id type", "id kind xu")])
def test_dump_of_other_atoms(folder, old, new):
    text = DUMP.format(atoms=ATOMS, rows=GOOD["relaxed.dump"].split("fx fy fz\n")[1].replace(old, new, 1)) if old[0].isdigit() else GOOD["relaxed.dump"].replace(old, new)
    (folder / "other.dump").write_text(text)
    with pytest.raises(EsgapError, match="damaged"):
        read_dump(folder / "other.dump")


def test_dump_of_several_frames(folder):
    """The first of them would be another state than the last."""
    (folder / "two.dump").write_text(2 * GOOD["relaxed.dump"])
    with pytest.raises(EsgapError, match="damaged"):
        read_dump(folder / "two.dump")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(damage=damages, word=st.none() | words)
def test_cell_of_a_garbled_dump(folder, damage, word):
    write(folder, **{"relaxed.dump": damaged(GOOD["relaxed.dump"], damage, word)})
    try:
        cell, origin = read_cell(folder / "relaxed.dump")
    except EsgapError:
        return
    assert cell.shape == (3, 3) and np.isfinite(cell).all() and np.isfinite(origin).all()


BAND = """\
LAMMPS (22 Jul 2025 - Update 4)
Running on 3 partitions of processors
    Step     MaxReplicaForce  MaxAtomForce      GradV0         GradV1         GradVc          EBF            EBR            RDT            RD1            PE1
         0   0.5   0.25   0.1   0.2   0.3   0.19   0.03   3.4   0   -20137.5
        90   0.4   0.16   0.1   0.2   0.3   0.18   0.03   3.4   0   -20137.5
Climbing replica = 2
    Step     MaxReplicaForce  MaxAtomForce      GradV0         GradV1         GradVc          EBF            EBR            RDT            RD1            PE1
        90   0.4   0.09   0.1   0.2   0.3   0.18   0.03   3.4   0   -20137.5
       156   0.4   0.04   0.1   0.2   0.3   0.17   0.02   3.3   0   -20137.25
"""
HEAD = "energy,field_energy,dipole_x,dipole_y,dipole_z\n"
IMAGES = {f"neb.0{k}.csv": HEAD + f"-10.{k},0.{k},1.0,2.0,3.0625\n" for k in (1, 2, 3)} | {f"neb.0{k}.dump": GOOD["relaxed.dump"] for k in (1, 2, 3)}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(damage=damages, word=st.none() | words)
def test_garbled_log_of_a_band(folder, damage, word):
    (folder / "log.lammps").write_bytes(damaged(BAND, damage, word))
    try:
        history, climber = read_history(folder / "log.lammps")
    except EsgapError as error:
        assert "log.lammps" in str(error)
        return
    assert np.isfinite(history.drop(columns="stage").to_numpy()).sum() and history.stage.iloc[-1] == "climb" and isinstance(climber, int)
    if damage[0] == "cut" and damage[1]:
        assert history.iloc[-1].step in (90, 156) and history.iloc[-1].length in (3.4, 3.3), "a cut line is not half a line"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(damage=damages, word=st.none() | words, name=st.sampled_from(sorted(IMAGES)))
def test_garbled_images_of_a_band(folder, damage, word, name):
    write(folder, **IMAGES | {name: damaged(IMAGES[name], damage, word)})
    try:
        images = read_images(folder, 3)
    except EsgapError as error:
        assert name in str(error)
        return
    assert images.positions.shape == images.forces.shape == (3, ATOMS, 3) and images.dipoles.shape == (3, 3)
    if damage[0] == "cut":
        np.testing.assert_array_equal(images.energies, [-10.1, -10.2, -10.3])
        np.testing.assert_array_equal(images.dipoles[:, 2], 3.0625)


FRAMES = "".join(
    f"ITEM: TIMESTEP\n{10 * k}\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 9\n0 9\n0 9\nITEM: ATOMS id type element xu yu zu\n"
    f"1 1 Li {k}.5 1 2\n2 2 S 3 {k}.25 5.0625\n"
    for k in range(4)
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(damage=damages, word=st.none() | words, drop_cut=st.booleans())
def test_garbled_trajectory(folder, damage, word, drop_cut):
    (folder / "md.dump").write_bytes(damaged(FRAMES, damage, word))
    try:
        found = read_trajectory([folder / "md.dump"], drop_cut)
    except EsgapError as error:
        assert "md.dump" in str(error) or "moves by" in str(error)
        return
    assert np.isfinite(found.positions).all() and found.positions.shape == (len(found.steps), 2, 3) and np.isfinite(found.cells).all()
    if damage[0] == "cut":
        np.testing.assert_array_equal(found.positions[:, 0, 0], np.arange(len(found.steps)) + 0.5)
        np.testing.assert_array_equal(found.positions[:, 1, 2], 5.0625)
