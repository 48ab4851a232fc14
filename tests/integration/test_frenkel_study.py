"""The Frenkel study from the command line, with the real lmp and the shipped potentials on the 42-atom cell."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from conftest import BIN

JOBS = 2 * 3 + 2  # two cells at three fields, and two at zero field for the potential to compare


def test_run_gives_tables_figure_and_records(study, esgap, tmp_path):
    done = esgap("run", study(), "-o", "out")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    result = json.loads((out / "result.json").read_text())
    rows = pd.DataFrame(result["rows"])
    assert list(rows.field) == [0.0, -0.1, 0.1, 0.0]
    assert list(rows.potential) == ["es-gap"] * 3 + ["gap"]
    assert rows.converged.all() and (rows.max_force <= 0.3).all()
    assert result["units"]["formation_energy"] == "eV"

    # The table once more, from the numbers in the logs.
    energies = {name: last_energy(out / "points/es-gap" / name / "log.lammps") for name in ("defect/y+0.1", "perfect/y+0.1")}
    row = rows[rows.field == 0.1].iloc[0]
    assert row.formation_energy == pytest.approx(energies["defect/y+0.1"] - energies["perfect/y+0.1"], abs=1e-9)
    zero = rows.iloc[0]
    assert row.frozen == pytest.approx(zero.formation_energy - 0.1 * zero.dipole_y, abs=1e-9)
    assert row.frozen + row.relaxation == pytest.approx(row.formation_energy, abs=1e-9)
    assert abs(zero.dipole_y) > 1e-3, "the pair has a dipole"

    record = json.loads((out / "run.json").read_text())
    assert record["versions"]["lammps"].startswith("2025.7.22") and len(record["jobs"]) == JOBS
    job = json.loads((out / "points/es-gap/defect/y+0.1/run.json").read_text())
    assert job["seconds"] > 0 and "-var" in job["command"]
    assert pd.read_csv(out / "formation_energy.csv").shape == (4, rows.shape[1])
    assert (out / "formation_energy.png").stat().st_size > 10_000
    assert f"{JOBS}/{JOBS} done" in done.stdout

    # Again: everything is kept, nothing computed.
    before = stamps(out)
    again = esgap("run", study(), "-o", "out")
    assert again.returncode == 0 and again.stdout.count("(kept)") == JOBS
    assert stamps(out) == before

    # A potential, field or deck that changed is refused, not mixed in and not overwritten.
    changed = esgap("run", study(("force = 0.3", "force = 0.25")), "-o", "out")
    assert changed.returncode == 1 and "results of another study (variable force changed)" in changed.stderr
    assert stamps(out) == before

    # A new field value costs only its own two jobs.
    more = esgap("run", study(("values = [-0.1, 0.0, 0.1]", "values = [-0.1, 0.0, 0.1, 0.15]")), "-o", "out")
    assert more.returncode == 0 and more.stdout.count("(kept)") == JOBS, more.stderr


def test_killed_run_resumes_with_finished_points(study, esgap, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen([BIN / "esgap", "run", study(), "-o", "out"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(stamps(out)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = stamps(out)
    assert 2 <= len(finished) < JOBS, "killed in the middle"
    again = esgap("run", study(), "-o", "out")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("(kept)") == len(finished)
    assert {name: stamp for name, stamp in stamps(out).items() if name in finished} == finished


def test_deck_runs_by_hand_and_is_analysed(study, esgap, tmp_path):
    assert esgap("deck", study(("[-0.1, 0.0, 0.1]", "[0.0]"), ("ranks = 2", "ranks = 1")), "-o", "out").returncode == 0
    env = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}")
    by_hand = subprocess.run(["sh", "commands.sh"], cwd=tmp_path / "out", env=env, text=True, capture_output=True)
    assert by_hand.returncode == 0, by_hand.stderr
    done = esgap("analyse", "out")
    assert done.returncode == 0, done.stderr
    rows = pd.DataFrame(json.loads((tmp_path / "out" / "result.json").read_text())["rows"])
    assert len(rows) == 2 and np.isfinite(rows.formation_energy).all()
    refused = esgap("run", study(("[-0.1, 0.0, 0.1]", "[0.0]"), ("ranks = 2", "ranks = 1")), "-o", "out")
    assert refused.returncode == 1 and "not started by `esgap run`" in refused.stderr


def last_energy(log) -> float:
    """Potential energy of the last thermo line, read without esgap's own parser."""
    lines = log.read_text().splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("Loop time"))
    head = max(i for i, line in enumerate(lines[:end]) if line.split()[:1] == ["Step"])
    return float(lines[end - 1].split()[lines[head].split().index("PotEng")])


def stamps(out) -> dict[str, int]:
    """Modification time of the record of each finished job."""
    return {str(file.relative_to(out)): file.stat().st_mtime_ns for file in out.glob("points/*/*/*/run.json")}
