"""The Frenkel study from the command line, with the real lmp and the shipped potentials on the 42-atom cell."""

import json
import shutil
import signal
import subprocess
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from harness import BARE_LMP
from outcomes import refused, stamps, succeeded, table
from places import BIN, ENV, ROOT
from processes import processes_in

from esgap import plugin
from esgap.potential import Potential

JOBS = 2 * 3 + 2  # two cells at three fields, and two at zero field for the potential to compare
PAIR, POINTS = "Li4-i1-2.75", "points/li7p3s11/es-gap/1x1x1"
ONE_FIELD = ("[-0.1, 0.0, 0.1]", "[0.0]")


def test_run_gives_tables_figure_and_records(study, esgap, tmp_path):
    done = succeeded(esgap("run", study(), "-o", "out"))
    out = tmp_path / "out"
    rows = pd.DataFrame(table(out))
    assert list(rows.field) == [0.0, 0.1, -0.1, 0.0]
    assert list(rows.potential) == ["li7p3s11/es-gap"] * 3 + ["li7p3s11/gap"]
    assert rows.verdict.str.fullmatch("ok|outside the data: .*").all() and (rows.state == "intact").all() and (rows.max_force <= 0.3).all()
    result = json.loads((out / "result.json").read_text())
    assert result["kind"] == "frenkel" and result["schema"] == 2 and not result["notes"]
    quantity = result["tables"]["formation_energy"][0]["formation_energy"]
    committee = bool(Potential.load("li7p3s11/es-gap").gap.members)
    assert quantity["unit"] == "eV" and (quantity["low"] is not None) == (quantity["high"] is not None) == committee

    # The table once more, from the numbers in the logs.
    energies = {name: last_energy(out / POINTS / name / "y+0.1/log.lammps") for name in (PAIR, "perfect")}
    row = rows[rows.field == 0.1].iloc[0]
    assert row.formation_energy == pytest.approx(energies[PAIR] - energies["perfect"], abs=1e-9)
    zero = rows.iloc[0]
    assert row.frozen == pytest.approx(zero.formation_energy - 0.1 * zero.dipole_y, abs=1e-9)
    assert row.frozen + row.relaxation == pytest.approx(row.formation_energy, abs=1e-9)
    assert abs(zero.dipole_y) > 1e-3, "the pair has a dipole"

    record = json.loads((out / "run.json").read_text())
    assert record["versions"]["lammps"].startswith("2025.7.22") and len(record["jobs"]) == JOBS
    job = json.loads((out / POINTS / PAIR / "y+0.1/run.json").read_text())
    assert job["seconds"] > 0 and "-var" in job["command"] and job["inputs"]["versions"]["lmp"].startswith("22 Jul 2025")
    assert result["provenance"]["jobs"][f"{POINTS}/{PAIR}/y+0.1"]["inputs_hash"] == job["inputs_hash"]
    csv = pd.read_csv(out / "formation_energy.csv")
    np.testing.assert_array_equal(csv.formation_energy, rows.formation_energy)
    assert (out / "formation_energy.png").stat().st_size > 10_000
    assert f"{(rows.verdict == 'ok').sum()} of 4 ok" in (out / "report.html").read_text()
    assert f"{JOBS}/{JOBS} " in done.stdout

    # Again: everything is kept, nothing computed.
    before = stamps(out)
    assert len(before) == JOBS
    again = succeeded(esgap("run", study(), "-o", "out"))
    assert again.stdout.count("(kept)") == JOBS
    assert stamps(out) == before

    # A potential, field or deck that changed is refused, not mixed in and not overwritten.
    refused(esgap("run", study(("force = 0.3", "force = 0.25")), "-o", "out"), "results of another study (variable force changed)")
    assert stamps(out) == before

    # A new field value costs only its own two jobs.
    more = succeeded(esgap("run", study(("values = [-0.1, 0.0, 0.1]", "values = [-0.1, 0.0, 0.1, 0.15]")), "-o", "out"))
    assert more.stdout.count("(kept)") == JOBS and len(stamps(out)) == JOBS + 2

    # Elsewhere, where neither the study nor the potentials are: the same numbers.
    shutil.move(out, tmp_path / "moved")
    numbers = table(tmp_path / "moved")
    (tmp_path / "study.toml").unlink()
    succeeded(esgap("analyse", "moved"))
    assert table(tmp_path / "moved") == numbers
    succeeded(esgap("report", "moved"))

    # A field on the way lost: the others stay.
    shutil.rmtree(tmp_path / "moved" / POINTS / PAIR / "y+0.1")
    succeeded(esgap("analyse", "moved"))
    assert table(tmp_path / "moved") == [row for row in numbers if row["field"] != 0.1]


def test_killed_run_resumes_with_finished_points(study, esgap, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen([BIN / "esgap", "run", study(), "-o", "out"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(stamps(out)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while processes_in(out) and time.monotonic() < deadline + 30:  # the system ends the children, not at once
        time.sleep(0.02)
    assert not processes_in(out), "no lmp goes on writing without its parent"
    finished = stamps(out)
    assert 2 <= len(finished) < JOBS, "killed in the middle"
    again = succeeded(esgap("run", study(), "-o", "out"))
    assert again.stdout.count("(kept)") == len(finished)
    assert {name: stamp for name, stamp in stamps(out).items() if name in finished} == finished


def test_interrupted_run_says_what_to_do(study, tmp_path):
    """Ctrl-C: one sentence, exit code 130, no process left behind."""
    out = tmp_path / "out"
    words = [BIN / "esgap", "run", study(), "-o", "out"]
    listens = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where the tests run in the background
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=listens)
    deadline = time.monotonic() + 120
    while not any(out.glob("points/**/log.lammps")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and said == "esgap: interrupted; finished jobs are kept, the same command resumes\n"
    assert not processes_in(out) and not (out / ".stage").exists()


def test_deck_runs_by_hand_and_is_analysed(study, esgap, tmp_path):
    file, out = study(ONE_FIELD, ("ranks = 2", "ranks = 1")), tmp_path / "out"
    succeeded(esgap("deck", file, "-o", "out"))
    by_hand = subprocess.run(["sh", "commands.sh"], cwd=out, env=ENV, text=True, capture_output=True)
    assert by_hand.returncode == 0, by_hand.stderr
    succeeded(esgap("analyse", "out"))
    rows = pd.DataFrame(table(out))
    assert len(rows) == 2 and np.isfinite(rows.formation_energy).all()
    assert "4 jobs were run by hand and have no record" in json.loads((out / "result.json").read_text())["notes"][0]
    refused(esgap("run", file, "-o", "out"), "not started by `esgap run`", "--adopt")
    adopted = succeeded(esgap("run", file, "-o", "out", "--adopt"))
    assert adopted.stdout.count("(kept)") == 4
    assert pd.DataFrame(table(out)).equals(rows)


def test_makefile_runs_side_by_side_without_python(study, esgap, tmp_path):
    """`make -j2 -k` in the deck folder, LAMMPS's executable given, no `python` and no `esgap` to be found; moved, then analysed."""
    succeeded(esgap("deck", study(ONE_FIELD, ("ranks = 2", "ranks = 1")), "-o", "out"))
    cluster = tmp_path / "another machine"
    shutil.move(tmp_path / "out", cluster)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("make", "mkdir", "touch", "sh"):
        (programs / name).symlink_to(shutil.which(name))
    env = {"PATH": str(programs), "LD_LIBRARY_PATH": str(BIN.parent / "lib"), "LAMMPS_PLUGIN_PATH": plugin.folder()}
    made = subprocess.run(["make", "-j2", "-k", f"LMP={programs}/lmp"], cwd=cluster, env=env, text=True, capture_output=True)
    assert made.returncode != 0 and "lmp" in made.stderr, "no such lmp"
    (programs / "lmp").symlink_to(BARE_LMP)
    made = subprocess.run(["make", "-j2", "-k"], cwd=cluster, env=env, text=True, capture_output=True)
    assert made.returncode == 0, made.stderr
    again = subprocess.run(["make"], cwd=cluster, env=env, text=True, capture_output=True)
    assert "Nothing to be done" in again.stdout
    shutil.move(cluster, tmp_path / "back")
    succeeded(esgap("analyse", "back"))
    assert len(table(tmp_path / "back")) == 2


def last_energy(log) -> float:
    """Potential energy of the last thermo line, read without esgap's own parser."""
    lines = log.read_text().splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("Loop time"))
    head = max(i for i, line in enumerate(lines[:end]) if line.split()[:1] == ["Step"])
    return float(lines[end - 1].split()[lines[head].split().index("PotEng")])


def test_reference_on_the_relaxed_cells(study, esgap, tmp_path):
    """With the potential itself as the reference method both energies are one; the other potential's geometries are judged by it as well."""
    ase = f'[ase]\ncalculator = "esgap.calculators:ESGAP"\narguments = {{ potential = "{ROOT / "potentials/li7p3s11/es-gap"}" }}\n[run]'
    succeeded(esgap("run", study(ONE_FIELD, ("[run]", ase)), "-o", "out"))
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    rows = {row["potential"]: {key: row[key]["value"] for key in ("formation_energy", "reference", "difference")} for row in result["tables"]["reference"]}
    own, other = rows["li7p3s11/es-gap"], rows["li7p3s11/gap"]
    assert own["reference"] == pytest.approx(own["formation_energy"], abs=2e-5) and abs(own["reference"]) > 0.1
    assert abs(other["difference"]) > 1e-3 and other["difference"] == pytest.approx(other["formation_energy"] - other["reference"], abs=1e-9)
