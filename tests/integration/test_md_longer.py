"""A finished study of kind md with a larger `production`: its runs go on where they ended, and nothing is computed twice."""

import json
import shutil
import subprocess
import time

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


def write(folder, production, **changed):
    text = STUDY.replace("PRODUCTION", str(production))
    for key, value in changed.items():
        text = text.replace(f"{key} = ", f"{key} = {value} # ")
    (folder / "study.toml").write_text(text)


def esgap(folder, verb, production, out, **changed):
    write(folder, production, **changed)
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
    assert [length(home / "out"), length(finished)] == pytest.approx([0.4, 0.8])

    done = stamps(finished)
    assert "(kept)" in succeeded(esgap(tmp_path, "run", 0.8, "out")).stdout and stamps(finished) == done
    page = (finished / "report.html").read_text()
    assert f"{first['seconds'] + record['seconds']:.0f} s of computing" in page


def length(folder):
    return json.loads((folder / "result.json").read_text())["tables"]["conductivity"][0]["length"]["value"]


def test_and_back(home, finished, tmp_path):
    """Shorter again, nothing is lost; killed in a run that was meant to be far too long, also."""
    for production, at_once in ((0.8, False), (0.4, True), (0.8, True)):
        before = {file.name: file.stat().st_mtime_ns for file in (finished / RUN).glob("md.*.dump")}
        succeeded(esgap(tmp_path, "run", production, "out"))
        assert length(finished) == pytest.approx(production)
        assert ({file.name: file.stat().st_mtime_ns for file in (finished / RUN).glob("md.*.dump")} == before) == at_once
    write(tmp_path, 400)
    process = subprocess.Popen([BIN / "esgap", "run", "study.toml", "-o", "out"], cwd=tmp_path, env=ENV, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (finished / RUN / "md.0000000400.dump").is_file() and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    succeeded(esgap(tmp_path, "run", 0.8, "out"))
    assert length(finished) == pytest.approx(0.8) and len(json.loads((finished / RUN / "run.json").read_text())["earlier"]) == 4


@pytest.mark.parametrize("recorded", [True, False])
def test_by_hand_it_goes_on_too(recorded, home, finished, tmp_path):
    if not recorded:  # as if the first run had been by hand, too
        (finished / RUN / "run.json").unlink()
        plan = (finished / "plan.json").read_bytes()
        refused(esgap(tmp_path, "run", 0.8, "out"), "not started by `esgap run`", "--adopt")
        assert (finished / "plan.json").read_bytes() == plan and (finished / RUN / "finished").is_file()
    succeeded(esgap(tmp_path, "deck", 0.8, "out"))
    refused(analyse(tmp_path), "holds no finished job")
    by_hand = subprocess.run(["make"], cwd=finished, env=ENV, text=True, capture_output=True)
    assert by_hand.returncode == 0, by_hand.stderr
    same_frames(frames(finished / RUN), frames(home / "whole" / RUN))
    succeeded(analyse(tmp_path))
    assert length(finished) == pytest.approx(0.8)
    status = subprocess.run([BIN / "esgap", "status", "out"], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert "by hand" in status.stdout
    if recorded:  # and back under records
        succeeded(esgap(tmp_path, "run", 0.8, "out"))
        assert len(json.loads((finished / RUN / "run.json").read_text())["earlier"]) == 1


def analyse(folder):
    return subprocess.run([BIN / "esgap", "analyse", "out"], cwd=folder, env=ENV, text=True, capture_output=True)


def test_run_by_hand_it_is_adopted_and_goes_on(home, finished, tmp_path):
    (finished / RUN / "run.json").unlink()
    write(tmp_path, 0.8)
    succeeded(subprocess.run([BIN / "esgap", "run", "study.toml", "-o", "out", "--adopt"], cwd=tmp_path, env=ENV, text=True, capture_output=True))
    same_frames(frames(finished / RUN), frames(home / "whole" / RUN))
    assert "adopted" in json.loads((finished / RUN / "run.json").read_text())["earlier"][0]


def test_one_seed_first_the_other_later(finished, tmp_path):
    """Each goes on from its own length; where one can not, none is touched."""
    other = finished / RUN.replace("seed1", "seed2")
    succeeded(esgap(tmp_path, "run", 0.4, "out", seeds="[1, 2]"))
    dump = next(other.glob("md.*.dump"))
    text = dump.read_text()
    dump.write_text(text + "\n")
    done = stamps(finished)
    refused(esgap(tmp_path, "run", 0.8, "out", seeds="[1, 2]"), "was changed after its job had finished")
    assert stamps(finished) == done
    dump.write_text(text)
    succeeded(esgap(tmp_path, "run", 0.8, "out"))
    again = succeeded(esgap(tmp_path, "run", 0.8, "out", seeds="[1, 2]"))
    assert again.stdout.count("(kept)") == 1
    assert len(frames(other).steps) == len(frames(finished / RUN).steps) == 201


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"timestep": 0.001}, "variable production, variable timestep changed"),
        ({"segment": 0.1}, "variable production, variable segment changed"),
        ({"equilibration": 0.04}, "variable equilibration, variable production changed"),
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
    refused(esgap(tmp_path, "run", 0.8, "out"), "results of another study (variable production changed, but 0.5 ps are not whole segments of 0.2 ps)")
