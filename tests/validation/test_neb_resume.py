"""A band that was killed goes on from its own restart files."""

import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from places import BIN, ENV, ROOT

from esgap.lammps.neb import read_history

CASE = ROOT / "inputs" / "migration"
BAND = "bands/li7p3s11/es-gap/I/zero"


def test_a_killed_band_goes_on(tmp_path):
    for name in ("initial", "via"):
        shutil.copy(CASE / f"{name}.extxyz", tmp_path)
    text = (CASE / "demo.toml").read_text().replace('compare = ["li7p3s11/gap"]', "").replace("modes = true", "")
    (tmp_path / "study.toml").write_text(text)
    words = [BIN / "esgap", "run", "study.toml", "-o", "out"]
    process = subprocess.Popen(words, cwd=tmp_path, env=ENV, stdout=subprocess.DEVNULL)
    band, deadline = tmp_path / "out" / BAND, time.monotonic() + 300
    while len(list(band.glob("*.restart"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (band / "neb.01.csv").exists(), "killed before its end"
    time.sleep(2.0)  # its lmp ends with it

    done = subprocess.run(words, cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert "read_restart" in (band / "log.replica.2").read_text()
    first = read_history(band / "log.lammps")[0].iloc[0]
    row = pd.read_csv(tmp_path / "out" / "barriers.csv").iloc[0]
    shipped = pd.read_csv(CASE / "expected" / "barriers.csv")
    expected = shipped[(shipped.path == row.path) & (shipped.potential == row.potential) & (shipped.leg == "I") & (shipped.field == 0.0)].iloc[0]
    assert first.force < 0.2 and (row.verdict == "ok") == (expected.verdict == "ok")
    assert row.barrier_forward == pytest.approx(expected.barrier_forward, abs=0.004)
