"""The reader of dumps: what was written comes back, from any cell and any columns; what cannot be trusted is refused by name."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esgap.errors import EsgapError
from esgap.lammps.trajectory import read_trajectory

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def frame(step, cell, origin, positions, ids, columns="xu yu zu", clock=False) -> str:
    """A frame as LAMMPS writes it, atoms in the order given."""
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell
    low = origin + [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = origin + [lx + max(0, xy, xz, xy + xz), ly + max(0, yz), lz]
    box = "".join(f"{a:.16e} {b:.16e} {c:.16e}\n" for a, b, c in zip(low, high, (xy, xz, yz)))
    rows = np.asarray(positions, float)
    if columns == "x y z ix iy iz":
        images = np.floor((rows - origin) @ np.linalg.inv(cell)).astype(int)
        rows = rows - images @ cell
    lines = [" ".join(map(repr, map(float, row))) + (" " + " ".join(map(str, images[i])) if columns.endswith("iz") else "") for i, row in enumerate(rows)]
    atoms = "".join(f"{i} {1 + i % 2} {'LiS'[:2] if i % 2 == 0 else 'S'} {line} \n" for i, line in zip(ids, lines))
    head = "ITEM: TIME\n0.1\n" if clock else ""
    return f"{head}ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(ids)}\nITEM: BOX BOUNDS xy xz yz pp pp pp\n{box}ITEM: ATOMS id type element {columns} \n{atoms}"


@st.composite
def runs(draw):
    """A cell, an origin, and the unwrapped positions of a few atoms that move less than half a cell a frame."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths, tilt = random.uniform(4, 15, 3), random.uniform(-0.5, 0.5, 3)
    cell = np.array([[lengths[0], 0, 0], [tilt[0] * lengths[0], lengths[1], 0], [tilt[1] * lengths[0], tilt[2] * lengths[1], lengths[2]]])
    frames, atoms = draw(st.integers(2, 6)), draw(st.integers(1, 5))
    fractional = np.cumsum(random.uniform(-0.45, 0.45, (frames, atoms, 3)), axis=0)
    return random, cell, random.uniform(-3, 3, 3), fractional


@SETTINGS
@given(runs(), st.sampled_from(["xu yu zu", "x y z ix iy iz"]), st.booleans())
def test_what_was_written_comes_back(tmp_path, run, columns, clock):
    random, cell, origin, fractional = run
    positions, ids = fractional @ cell + origin, np.arange(1, fractional.shape[1] + 1)
    text = ""
    for k, rows in enumerate(positions):
        order = random.permutation(len(ids))
        text += frame(10 * k, cell, origin, rows[order], ids[order], columns, clock)
    file = tmp_path / "a.dump"
    file.write_text(text)
    found = read_trajectory([file])
    np.testing.assert_allclose(found.positions, positions, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.cells, np.broadcast_to(cell, found.cells.shape), rtol=0, atol=1e-9)
    assert found.ids.tolist() == ids.tolist() and found.steps.tolist() == [10 * k for k in range(len(positions))]
    assert found.elements.tolist() == ["Li" if i % 2 == 0 else "S" for i in ids] and found.types.tolist() == [1 + i % 2 for i in ids]


@SETTINGS
@given(runs(), st.sampled_from(["xu yu zu", "x y z ix iy iz"]))
def test_atoms_that_only_follow_a_breathing_cell_stay(tmp_path, run, columns):
    """Fixed fractional positions, many images from home: the cell's own images would turn its breathing into jumps."""
    random, cell, origin, fractional = run
    home = fractional[0] % 1.0 + random.integers(-20, 20, fractional[0].shape)
    scales = 1 + 0.02 * random.standard_normal(len(fractional))
    text = "".join(frame(k, cell * s, origin, home @ (cell * s) + origin, np.arange(1, len(home) + 1), columns) for k, s in enumerate(scales))
    file = tmp_path / "a.dump"
    file.write_text(text)
    moved = read_trajectory([file]).positions
    bound = np.abs(scales - scales[0]).max() * np.linalg.norm(cell, axis=1).sum()  # of an atom inside the cell
    assert np.abs(moved - moved[0]).max() <= bound + 1e-9


@SETTINGS
@given(runs(), st.data())
def test_a_file_cut_anywhere_is_told_or_whole(tmp_path, run, data):
    _, cell, origin, fractional = run
    ids = np.arange(1, fractional.shape[1] + 1)
    frames = [frame(k, cell, origin, rows @ cell, ids) for k, rows in enumerate(fractional)]
    text = "".join(frames)
    cut = data.draw(st.integers(len(frames[0]), len(text) - 1))
    file = tmp_path / "a.dump"
    file.write_text(text[:cut])
    whole = int(np.searchsorted(np.cumsum([len(f) for f in frames]), cut, side="right"))
    # A cut within the line ITEM: TIMESTEP leaves nothing of the next frame.
    begun = cut - sum(map(len, frames[:whole])) > len("ITEM: TIMESTEP")
    if begun:
        with pytest.raises(EsgapError, match=rf"frame {whole + 1}\b.* is cut off"):
            read_trajectory([file])
    found = read_trajectory([file], drop_cut=True)
    assert len(found.steps) == whole
    np.testing.assert_allclose(found.positions, fractional[:whole] @ cell, rtol=0, atol=1e-9)


def test_a_frame_cut_in_the_middle_is_left_out_on_request(tmp_path):
    cell, ids = np.diag([10.0, 11.0, 12.0]), np.array([1, 2])
    frames = [frame(k, cell, np.zeros(3), np.full((2, 3), 0.1 * k), ids) for k in (0, 1, 2, 2, 3)]
    file = tmp_path / "a.dump"
    file.write_text("".join(frames[:2]) + frames[2][:-30] + "".join(frames[3:]))
    with pytest.raises(EsgapError, match=r"frame 3 \(step 2\) of .* is cut off"):
        read_trajectory([file])
    found = read_trajectory([file], drop_cut=True)
    assert found.steps.tolist() == [0, 1, 2, 3] and "frame 3 (step 2)" in found.notes[0]
    np.testing.assert_allclose(found.positions[:, 0, 0], [0, 0.1, 0.2, 0.3], rtol=0, atol=1e-12)


def test_frames_written_again_after_a_restart_replace_those_before(tmp_path):
    cell, ids = np.diag([10.0, 11.0, 12.0]), np.array([1])
    steps, x = (0, 1, 2, 3, 2, 3, 4), (0, 0.1, 0.2, 0.3, 1.2, 1.3, 1.4)
    file = tmp_path / "a.dump"
    file.write_text("".join(frame(s, cell, np.zeros(3), [[p, 0, 0]], ids) for s, p in zip(steps, x)))
    found = read_trajectory([file])
    assert found.steps.tolist() == [0, 1, 2, 3, 4] and "2 frames were written again" in found.notes[0]
    np.testing.assert_allclose(found.positions[:, 0, 0], [0, 0.1, 1.2, 1.3, 1.4], rtol=0, atol=1e-12)


CELL = np.array([[10.0, 0, 0], [2.0, 11.0, 0], [-3.0, 1.0, 12.0]])
BAD = {
    "no images": (lambda: frame(0, CELL, np.zeros(3), [[1, 1, 1]], [1]).replace("xu yu zu", "x y z"), "neither xu yu zu nor x y z with the images"),
    "no id": (lambda: frame(0, CELL, np.zeros(3), [[1, 1, 1]], [1]).replace("id type", "mol type"), "no column id"),
    "a jump": (lambda: frame(0, CELL, np.zeros(3), [[1, 1, 1]], [7]) + frame(1, CELL, np.zeros(3), [[1, 1, 7.5]], [7]), "atom 7 moves by 0.54 of the cell along c"),
    "a gap": (lambda: "".join(frame(s, CELL, np.zeros(3), [[1, 1, 1]], [1]) for s in (0, 5, 15)), "after step 5 comes 15"),
    "another atom": (lambda: frame(0, CELL, np.zeros(3), [[1, 1, 1]], [1]) + frame(1, CELL, np.zeros(3), [[1, 1, 1]], [2]), "ids of the atoms change"),
    "nan": (lambda: frame(0, CELL, np.zeros(3), [[1, 1, np.nan]], [1]), "cannot be read|no finite position"),
    "words": (lambda: frame(0, CELL, np.zeros(3), [[1, 1, 1]], [1]).replace("1.0 1.0 1.0 ", "one 1.0 1.0 "), "cannot be read"),
    "another format": (lambda: "# a log\n", "give a text dump"),
    "empty": (lambda: "", "give a text dump"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_trusted_is_refused(name, tmp_path):
    make, words = BAD[name]
    (tmp_path / "a.dump").write_text(make())
    with pytest.raises(EsgapError, match=words):
        read_trajectory([tmp_path / "a.dump"])


def test_no_dump(tmp_path):
    with pytest.raises(EsgapError, match="no dump"):
        read_trajectory([tmp_path / "none.dump"])
    with pytest.raises(EsgapError, match="no whole frame"):
        read_trajectory([])
