"""A study of kind md from the command line: run, killed and resumed, compared, and the same from a dump made elsewhere."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from places import BIN, CIF, ENV

from esgap.lammps.trajectory import read_trajectory

STUDY = f"""
kind = "md"
title = "short"
structure = "{CIF}"
potential = "li7p3s11/gap"
temperatures = [800, 1000]
seeds = [1]
[dynamics]
timestep = 0.004
equilibration = 0.04
production = 2.0
sample_every = 0.02
segment = 0.4
[transport]
fit_from = 0.2
[run]
cores = 2
"""

FOREIGN = """
kind = "md"
[trajectory]
dump = "all.dump"
elements = ["Li", "P", "S"]
timestep = 0.004
temperature = 800
[transport]
fit_from = 0.2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The study, killed with -9 once and resumed."""
    home = tmp_path_factory.mktemp("md")
    (home / "study.toml").write_text(STUDY)
    words = [BIN / "esgap", "run", "study.toml", "-o", "out"]
    first = subprocess.Popen(words, cwd=home, env=ENV, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not list(home.glob("out/runs/**/md.restart")) and time.monotonic() < until and first.poll() is None:
        time.sleep(0.05)
    assert first.poll() is None, "it ended before it could be killed"
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run(words, cwd=home, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "out"


def test_no_frame_is_lost_or_doubled(folder):
    runs = sorted(folder.glob("runs/li7p3s11/gap/*/seed1"))
    assert [run.parent.name for run in runs] == ["1000K", "800K"]
    for run in runs:
        found = read_trajectory(sorted(run.glob("md.*.dump")))
        assert found.steps.tolist() == list(range(0, 501, 5)) and not found.notes


def test_result(folder):
    result = json.loads((folder / "result.json").read_text())
    rows = result["tables"]["conductivity"]
    assert [row["temperature"] for row in rows] == [800, 1000]
    for row in rows:
        assert row["potential"] == "li7p3s11/gap" and row["verdict"].startswith("not converged")  # 2 ps say little
        assert row["diffusion_coefficient"]["unit"] == "Angstrom^2/ps" and row["conductivity_collective"]["unit"] == "mS/cm"
        assert row["volume"]["value"] == pytest.approx(829.367, abs=0.01)
        for name in ("diffusion_coefficient", "conductivity_nernst_einstein", "conductivity_collective"):
            assert row[name]["low"] <= row[name]["value"] <= row[name]["high"]
    hops = pd.read_csv(folder / "hops.csv")
    assert list(hops.columns)[:11] == ["hop", "ion", "from", "to", "start_ps", "end_ps", "dx", "dy", "dz", "event", "contribution"]
    for name in ("msd.png", "convergence.png", "report.html", "sites.csv", "conductivity.csv"):
        assert (folder / name).is_file(), name


def test_a_dump_made_elsewhere_gives_the_same(folder, tmp_path):
    """One file, without neither structure nor potential; then the same with images in place of unwrapped positions."""
    dumps = sorted((folder / "runs/li7p3s11/gap/800K/seed1").glob("md.*.dump"))
    (tmp_path / "all.dump").write_text("".join(file.read_text() for file in dumps))
    text = FOREIGN.replace("[trajectory]", f'reference = "{folder}"\n[trajectory]', 1)
    (tmp_path / "other.toml").write_text(text.replace('"Li", "P", "S"', '"P", "Li", "S"'))
    other = subprocess.run([BIN / "esgap", "run", "other.toml", "-o", "other"], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert other.returncode == 1 and "type 1 is Li in all.dump, but P in trajectory.elements" in " ".join(other.stderr.split())
    (tmp_path / "study.toml").write_text(text)
    done = subprocess.run([BIN / "esgap", "run", "study.toml", "-o", "out"], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    mine, theirs = (pd.read_csv(where / "conductivity.csv").iloc[0] for where in (folder, tmp_path / "out"))
    for name in ("diffusion_coefficient", "conductivity_nernst_einstein_high", "conductivity_collective_low", "haven_ratio", "hops_per_ion"):
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-9, atol=0, equal_nan=True)
    ratio = pd.read_csv(tmp_path / "out" / "comparison.csv").iloc[0]
    assert (ratio.potential, ratio.reference) == ("-", "li7p3s11/gap") and ratio.ratio_nernst_einstein == pytest.approx(1.0)
    assert ratio.ratio_nernst_einstein_low < 1 < ratio.ratio_nernst_einstein_high and ratio.differ == "do not differ within their intervals"
    again = subprocess.run([BIN / "esgap", "analyse", tmp_path / "out"], cwd=tmp_path.parent, env=ENV, text=True, capture_output=True)
    assert again.returncode == 0, again.stderr  # the dump is found from another folder, too


def test_a_run_that_breaks_counts_up_to_there(folder, tmp_path):
    """A P put onto an S from the middle on: the verdict says so, and the numbers are those of what came before."""
    dumps = sorted((folder / "runs/li7p3s11/gap/800K/seed1").glob("md.*.dump"))
    frames = "".join(file.read_text() for file in dumps).split("ITEM: TIMESTEP\n")[1:]
    (tmp_path / "before.dump").write_text("".join("ITEM: TIMESTEP\n" + frame for frame in frames[:90]))
    broken = []
    for k, frame in enumerate(frames):
        lines = frame.splitlines(keepends=True)
        rows = {n: line.split() for n, line in enumerate(lines) if line.split()[2:3] in (["P"], ["S"])}
        bonds = [(np.linalg.norm(np.subtract(*(np.array(r[3:], float) for r in (one, rows[m])))), n, m) for n, one in rows.items() for m in rows if one[2] == "P" and rows[m][2] == "S"]
        _, p, s = min(bonds)
        if k >= 90:
            lines[p] = " ".join(rows[p][:3] + rows[s][3:]) + "\n"
        broken.append("ITEM: TIMESTEP\n" + "".join(lines))
    (tmp_path / "all.dump").write_text("".join(broken))
    found = []
    for name in ("all", "before"):
        (tmp_path / f"{name}.toml").write_text(FOREIGN.replace("all.dump", f"{name}.dump"))
        done = subprocess.run([BIN / "esgap", "run", f"{name}.toml", "-o", name], cwd=tmp_path, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        found.append(pd.read_csv(tmp_path / name / "conductivity.csv").iloc[0])
    assert "1 run broke" in found[0].verdict and "broke" not in found[1].verdict
    assert " apart at " in json.loads((tmp_path / "all" / "result.json").read_text())["notes"][0]
    assert found[0].length == pytest.approx(found[1].length, abs=0.021)  # it is broken from one frame on; the frame before is the last
    assert found[0].diffusion_coefficient == pytest.approx(found[1].diffusion_coefficient, rel=0.2)


def test_bonds_that_open_are_named(folder, tmp_path):
    """The S nearest to a P is 1.5 Angstrom further off from 1 ps on: its bond is open from there; without that, none is."""
    dumps = sorted((folder / "runs/li7p3s11/gap/800K/seed1").glob("md.*.dump"))
    frames = "".join(file.read_text() for file in dumps).split("ITEM: TIMESTEP\n")[1:]
    first = [line.split() for line in frames[0].splitlines()]
    p, s = ([row for row in first if row[2:3] == [element]] for element in "PS")
    vectors = np.array([row[3:] for row in s], float) - np.array(p[0][3:], float)
    nearest = int(np.argmin(np.linalg.norm(vectors, axis=1)))
    away = 1.5 * vectors[nearest] / np.linalg.norm(vectors[nearest])
    pulled = []
    for k, frame in enumerate(frames):
        rows = [line.split() for line in frame.splitlines()]
        for row in rows if k >= 50 else []:
            if row[:1] == s[nearest][:1] and row[2:3] == ["S"]:
                row[3:] = map(str, np.array(row[3:], float) + away)
        pulled.append("ITEM: TIMESTEP\n" + "".join(" ".join(row) + "\n" for row in rows))
    found = {}
    for name, text in (("pulled", "".join(pulled)), ("whole", "".join("ITEM: TIMESTEP\n" + frame for frame in frames))):
        (tmp_path / f"{name}.dump").write_text(text)
        (tmp_path / f"{name}.toml").write_text(FOREIGN.replace("all.dump", f"{name}.dump") + "[bonds]\ntime = 0.1\n")
        done = subprocess.run([BIN / "esgap", "run", f"{name}.toml", "-o", name], cwd=tmp_path, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        (found[name],) = pd.read_csv(tmp_path / name / "bonds.csv").to_dict("records")
    assert (found["whole"]["bonds"], found["whole"]["opened"], found["whole"]["verdict"]) == (24, 0, "ok") and 2.2 < found["whole"]["longest"] < 3.0
    assert found["pulled"]["opened"] >= 1 and found["pulled"]["first"] == pytest.approx(1.0) and found["pulled"]["verdict"].startswith("opened: P ")


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('kind = "md"', 'kind = "md"\nstructure = "a.cif"', "[trajectory] was given with `structure`"),
        ("temperature = 800", "temperature = 0", "trajectory.temperature"),
        ('elements = ["Li", "P", "S"]', 'elements = ["Na", "P", "S"]', "mobile = 'Li' is none of the elements"),
        ('dump = "all.dump"', 'dump = "none.dump"', "no dump"),
        ("[transport]", "[transport]\ncharge = 2", "transport.charge given beside [trajectory]"),
        ('kind = "md"', 'kind = "md"\ntemperatures = [600]\nseeds = [3]', "temperatures, seeds given beside [trajectory]"),
    ],
)
def test_bad_input_is_one_sentence(old, new, words, tmp_path):
    assert old in FOREIGN
    (tmp_path / "study.toml").write_text(FOREIGN.replace(old, new))
    done = subprocess.run([BIN / "esgap", "run", "study.toml", "-o", "out"], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
