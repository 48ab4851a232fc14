"""A finished study of kind md with a larger `production`: its runs go on where they ended, and nothing is computed twice."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outcomes import refused, stamps, succeeded
from places import BIN, CIF, ENV

from esgap.lammps.trajectory import read_trajectory

STUDY = f"""
kind = "md"
structure = "{CIF}"
potential = "li7p3s11/gap"
temperatures = [800]
seeds = [1]
[dynamics]
timestep = 0.002
equilibration = 0.02
production = PRODUCTION
sample_every = 0.004
segment = 0.2
[transport]
fit_from = 0.04
"""
RUN = "runs/li7p3s11/gap/800K/seed1"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a run of 0.4 ps in `out`, one of 0.8 ps in `whole`."""
    folder = tmp_path_factory.mktemp("longer")
    for production, out in ((0.4, "out"), (0.8, "whole")):
        succeeded(esgap(folder, "run", production, out))
    return folder


def esgap(folder, verb, production, out, **changed):
    text = STUDY.replace("PRODUCTION", str(production))
    for key, value in changed.items():
        text = text.replace(f"{key} = ", f"{key} = {value} # ")
    (folder / "study.toml").write_text(text)
    return subprocess.run([BIN / "esgap", verb, "study.toml", "-o", out], cwd=folder, env=ENV, text=True, capture_output=True)


def frames(run):
    found = read_trajectory(sorted(run.glob("md.*.dump")))
    assert not found.notes
    return found


def same_frames(one, other):
    assert one.steps.tolist() == other.steps.tolist() == list(range(0, 401, 2))
    np.testing.assert_allclose(one.positions, other.positions, rtol=0, atol=1e-6)


@pytest.fixture
def finished(home, tmp_path):
    shutil.copytree(home / "out", tmp_path / "out", copy_function=shutil.copy2)
    return tmp_path / "out"


def test_it_goes_on_where_it_ended(home, finished, tmp_path):
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in (finished / RUN).glob("md.*.*")}
    assert len(before) == 4  # two segments, each a dump and a thermo output
    first = json.loads((finished / RUN / "run.json").read_text())
    succeeded(esgap(tmp_path, "run", 0.8, "out"))
    assert {name: ((finished / RUN / name).read_bytes(), (finished / RUN / name).stat().st_mtime_ns) for name in before} == before
    same_frames(frames(finished / RUN), frames(home / "whole" / RUN))
    record = json.loads((finished / RUN / "run.json").read_text())
    (earlier,) = record["earlier"]
    assert earlier == {key: first[key] for key in ("command", "started", "seconds", "finished", "outputs")}
    assert record["inputs"]["command"] == json.loads((home / "whole" / RUN / "run.json").read_text())["inputs"]["command"]
    lengths = [json.loads((folder / "result.json").read_text())["tables"]["conductivity"][0]["length"]["value"] for folder in (home / "out", finished)]
    assert lengths == pytest.approx([0.4, 0.8])

    done = stamps(finished)
    assert "(kept)" in succeeded(esgap(tmp_path, "run", 0.8, "out")).stdout and stamps(finished) == done
    refused(esgap(tmp_path, "run", 0.4, "out"), "results of another study (variable production changed)")
    assert stamps(finished) == done


@pytest.mark.parametrize("recorded", [True, False])
def test_by_hand_it_goes_on_too(recorded, home, finished, tmp_path):
    if not recorded:  # as if the first run had been by hand, too
        (finished / RUN / "run.json").unlink()
    succeeded(esgap(tmp_path, "deck", 0.8, "out"))
    refused(subprocess.run([BIN / "esgap", "analyse", "out"], cwd=tmp_path, env=ENV, text=True, capture_output=True), "holds no finished job")
    by_hand = subprocess.run(["make"], cwd=finished, env=ENV, text=True, capture_output=True)
    assert by_hand.returncode == 0, by_hand.stderr
    same_frames(frames(finished / RUN), frames(home / "whole" / RUN))


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"timestep": 0.001}, "variable timestep changed"),
        ({"segment": 0.1}, "variable segment changed"),
        ({"temperatures": "[800]", "equilibration": 0.04}, "variable equilibration changed"),
    ],
)
def test_with_other_settings_it_is_another_study(changed, words, finished, tmp_path):
    done = stamps(finished)
    refused(esgap(tmp_path, "run", 0.8, "out", **changed), f"results of another study ({words})")
    assert stamps(finished) == done


def test_what_was_edited_is_not_gone_on_with(finished, tmp_path):
    with open(next((finished / RUN).glob("md.*.dump")), "a") as file:
        file.write("\n")
    refused(esgap(tmp_path, "run", 0.8, "out"), "was changed after its job had finished")
    assert (finished / RUN / "run.json").is_file()


def test_of_another_version_it_is_not_gone_on_with(finished, tmp_path):
    file = finished / RUN / "run.json"
    record = json.loads(file.read_text())
    record["inputs"]["versions"]["lmp"] = record["inputs_hash"] = "of another year"
    file.write_text(json.dumps(record))
    refused(esgap(tmp_path, "run", 0.8, "out"), "was computed from other inputs (version of lmp changed)")
    assert file.is_file()


def test_a_cut_segment_is_not_gone_on_with(tmp_path):
    """0.5 ps are two and a half segments: what follows would have other files than a run that was whole."""
    succeeded(esgap(tmp_path, "run", 0.5, "out"))
    refused(esgap(tmp_path, "run", 0.8, "out"), "results of another study (variable production changed)")
