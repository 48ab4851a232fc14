"""Endpoints of a path from the hops of a run folder of kind md, written as that kind writes it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.studies.load import validate
from esgap.studies.neb.report import final_legs
from esgap.studies.neb.states import read_states
from esgap.studies.neb.study import Study

CELL = np.array([[9.0, 0.0, 0.0], [2.0, 8.0, 0.0], [-3.0, 1.0, 7.0]])
START = np.array([[1.0, 1, 1], [4, 1, 1], [7.5, 1, 1], [2, 5, 3], [6, 5, 3]])
ELEMENTS = ["Li", "Li", "Li", "S", "S"]
RUN = "runs/li7p3s11/es-gap/800K/seed1"
HOPS = [(1, 0, 1.0, 1.2), (2, 2, 1.0, 1.2), (3, 0, 3.0, 3.2)]  # hop, atom, ps, ps; the first two together
STEP = np.array([2.0, 0.0, 0.0])  # Angstrom, of each hop; atom 2 crosses the boundary


def positions(time: float) -> np.ndarray:
    """With a drift of all atoms."""
    x = START + time * np.array([0.0, 0.05, 0.0])
    for _, atom, start, end in HOPS:
        x[atom] += np.clip((time - start) / (end - start), 0, 1) * STEP
    return x


@pytest.fixture
def md(tmp_path):
    """A run folder with 5 ps in two segments."""
    home = tmp_path / "md" / RUN
    home.mkdir(parents=True)
    (_, xy, xz), (_, ly, yz) = (0, 2, -3), (0, 8, 1)
    bounds = f"{min(0, xy, xz, xy + xz)} {9 + max(0, xy, xz, xy + xz)} {xy}\n{min(0, yz)} {ly + max(0, yz)} {xz}\n0 7 {yz}"
    for first in (0, 1250):
        frames = []
        for step in range(first, first + 1250, 25):
            atoms = "\n".join(f"{i + 1} 1 {s} " + " ".join(f"{v:.10g}" for v in x) for i, (s, x) in enumerate(zip(ELEMENTS, positions(step * 0.002))))
            frames.append(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n5\nITEM: BOX BOUNDS xy xz yz pp pp pp\n{bounds}\nITEM: ATOMS id type element xu yu zu\n{atoms}\n")
        (home / f"md.{first:010d}.dump").write_text("".join(frames))
    job = {"name": RUN, "command": ["lmp", "-in", "in.md", "-var", "timestep", "0.002"], "outputs": [f"{RUN}/md.{k:010d}.dump" for k in (0, 1250)] + [f"{RUN}/md.data"]}
    (tmp_path / "md" / "plan.json").write_text(json.dumps({"study": {}, "jobs": [job]}))
    hops = pd.DataFrame([{"hop": n, "ion": atom + 1, "start_ps": start, "end_ps": end, "run": RUN} for n, atom, start, end in HOPS])
    hops.to_csv(tmp_path / "md" / "hops.csv", index=False)
    return tmp_path / "md"


def states(md, **endpoints):
    content = {"kind": "neb", "potential": "li7p3s11/es-gap", "endpoints": {"from": "md", **endpoints}}
    return read_states(validate(Study, content, md.parent / "study.toml"))


def test_states_before_and_after_a_hop(md):
    found = states(md, hop=1)
    before, after = (atoms.positions for atoms in found.atoms)
    np.testing.assert_allclose(after - before, [STEP, [0, 0, 0], STEP, [0, 0, 0], [0, 0, 0]], rtol=0, atol=1e-9)
    np.testing.assert_allclose(before - before[3] - (START - START[3]), 0, atol=1e-9)
    np.testing.assert_allclose(found.atoms[0].cell.array, CELL, rtol=0, atol=1e-9)
    assert found.notes == [f"hop 1 of {RUN}: Li 1, means over 21 and 37 frames; Li 3 change their site too"]


def test_others_stay_where_they_were(md):
    found = states(md, hop=1, others="keep")
    before, after = (atoms.positions for atoms in found.atoms)
    np.testing.assert_allclose(after - before, [STEP, *[[0, 0, 0]] * 4], rtol=0, atol=1e-9)
    assert found.notes[0].endswith("Li 3 are kept where they were, as all other atoms")


def test_a_dump_made_elsewhere(md):
    """Types instead of elements, which the study of kind md names; its run is the dump."""
    files = sorted(str(file) for file in (md / RUN).glob("*.dump"))
    for file in map(Path, files):
        file.write_text(re.sub(r"^(\d) 1 (Li|S) ", lambda m: f"{m[1]} {1 + (m[2] == 'S')} ", file.read_text(), flags=re.M).replace("type element", "type"))
    given = {"dump": files, "drop_cut": False, "timestep": 0.002, "elements": ["Li", "S"]}
    (md / "plan.json").write_text(json.dumps({"study": {"trajectory": given}, "jobs": []}))
    found = states(md, hop=1)
    assert list(found.atoms[0].symbols) == ELEMENTS
    np.testing.assert_allclose((found.atoms[1].positions - found.atoms[0].positions)[0], STEP, rtol=0, atol=1e-9)


def test_consecutive_hops_are_legs(md):
    found = states(md, hop=(1, 3))
    assert len(found.atoms) == 3
    np.testing.assert_allclose(found.atoms[2].positions[0] - found.atoms[1].positions[0], STEP, rtol=0, atol=1e-9)
    assert found.notes[1].endswith("no other ion moves")


@pytest.mark.parametrize(
    "change, endpoints, sentence",
    [
        (lambda md: (md / "hops.csv").unlink(), {}, "holds no hops.csv"),
        (lambda md: None, {"hop": 7}, "no hop 7 in"),
        (lambda md: None, {"run": "elsewhere"}, "of the run elsewhere"),
        (lambda md: pd.concat([pd.read_csv(md / "hops.csv")] * 2).to_csv(md / "hops.csv", index=False), {}, "stands 2 times"),
        (lambda md: pd.read_csv(md / "hops.csv").drop(columns="run").to_csv(md / "hops.csv"), {}, "has no column run"),
        (lambda md: (md / "plan.json").write_text('{"study": {}, "jobs": []}'), {}, "has no run runs/"),
        (lambda md: pd.read_csv(md / "hops.csv").assign(end_ps=9.0).to_csv(md / "hops.csv"), {}, "but the trajectory runs from 0 to 4.95 ps"),
    ],
)
def test_what_is_wrong_with_a_hop_is_one_sentence(md, change, endpoints, sentence):
    change(md)
    with pytest.raises(EsgapError, match=sentence):
        states(md, **{"hop": 1} | endpoints)


def test_files_are_unwrapped_against_each_other(tmp_path):
    """The last state wrapped into the cell and shifted as a whole: the path is that of the ion alone."""
    first = Atoms(ELEMENTS, positions=START, cell=CELL, pbc=True)
    last = first.copy()
    last.positions[2] += STEP / 2
    last.positions += [0.3, 0.2, -1.1]
    last.wrap()
    for name, atoms in (("a", first), ("b", last)):
        atoms.write(tmp_path / f"{name}.extxyz")
    study = validate(Study, {"kind": "neb", "potential": "x", "endpoints": {"initial": "a.extxyz", "final": "b.extxyz"}}, tmp_path / "study.toml")
    one, two = (atoms.positions for atoms in read_states(study).atoms)
    np.testing.assert_allclose(two - one, [[0, 0, 0], [0, 0, 0], STEP / 2, [0, 0, 0], [0, 0, 0]], rtol=0, atol=1e-7)
    assert np.abs(read(tmp_path / "b.extxyz").positions - two).max() > 5


def test_one_state_twice_is_no_path(tmp_path):
    atoms = Atoms(["Li", "S"], positions=[[0, 0, 0], [3, 3, 3]], cell=[9, 9, 9], pbc=True)
    for name in ("a", "b"):
        write(tmp_path / f"{name}.extxyz", atoms)
    content = {"kind": "neb", "potential": "li7p3s11/es-gap", "endpoints": {"initial": "a.extxyz", "final": "b.extxyz"}}
    with pytest.raises(EsgapError, match="a.extxyz and .*b.extxyz are one state"):
        read_states(validate(Study, content, tmp_path / "study.toml"))


def test_legs_of_a_split_path_take_the_place_of_the_whole():
    assert final_legs(["I", "II", "IIa", "IIb", "III"]) == ["I", "IIa", "IIb", "III"]
