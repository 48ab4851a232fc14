"""The commands of the READMEs of inputs/conductivity, inputs/arrhenius and inputs/arrhenius-dipoles, with picoseconds instead of nanoseconds.

The whole takes hours of a core. What picoseconds cannot tell, the verdicts must say; comparison, bonds and Arrhenius lines must be there.
"""

import re
import shutil
import subprocess

import pandas as pd
import pytest
from places import BIN, ENV, ROOT

SHORT = {r"seeds = .*": "seeds = [1]", r"equilibration = \d+ ": "equilibration = 0.6 ", r"production = \d+ ": "production = 9 ", r"segment = 1\d ": "segment = 3 ", r"sample_every = 0.1\d* ": "sample_every = 0.06 "}


POTENTIALS = {"conductivity": {"li7p3s11/es-gap", "li7p3s11/gap"}, "arrhenius": {"li7p3s11/es-gap", "li7p3s11/gap"}, "arrhenius-dipoles": {"li7p3s11/es-gap-dipoles"}}


@pytest.mark.parametrize("case", POTENTIALS)
def test_all_potentials_and_their_comparison(case, tmp_path):
    """esgap run inputs/CASE/study.toml -o runs/CASE"""
    block = re.search(r"run by: conductivity -->\n```sh\n(.*?)```", (ROOT / f"inputs/{case}/README.md").read_text(), flags=re.S)[1]
    assert f"runs/{case}" in block and block.count("esgap run") == 1
    shutil.copytree(ROOT / f"inputs/{case}", tmp_path / f"inputs/{case}")
    shutil.copytree(ROOT / "inputs/structures", tmp_path / "inputs/structures")
    file = tmp_path / f"inputs/{case}/study.toml"
    text = file.read_text()
    for pattern, new in SHORT.items():
        text, count = re.subn(pattern, new, text)
        assert count == 1, pattern
    file.write_text(text.replace("[300, 600, 800, 1000]", "[800, 1000]"))
    words = block.split("#")[0].split()
    done = subprocess.run([BIN / words[0], *words[1:]], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    runs, potentials = tmp_path / "runs" / case, POTENTIALS[case]
    rows = pd.read_csv(runs / "conductivity.csv")
    assert set(rows.potential) == potentials and (rows.verdict != "ok").all(), "picoseconds are no conductivity"
    bonds = pd.read_csv(runs / "bonds.csv")
    assert len(bonds) == len(rows) and (bonds.bonds == 48).all() and (bonds.longest < 4.0).all()
    if len(potentials) > 1:
        assert len(pd.read_csv(runs / "comparison.csv")) == len(rows) / 2
    if case != "conductivity":
        assert set(pd.read_csv(runs / "arrhenius.csv").potential) == potentials
