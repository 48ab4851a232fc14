"""The commands of inputs/conductivity/README.md on its studies, study.toml and gap.toml, with picoseconds instead of nanoseconds.

The whole takes an hour of a core. What picoseconds cannot tell, the verdicts must say; the comparison of the two must be there.
"""

import re
import shutil
import subprocess

import pandas as pd
from places import BIN, ENV, ROOT

CASE = ROOT / "inputs/conductivity"
SHORT = {r"seeds = .*": "seeds = [1]", r"equilibration = \d+ ": "equilibration = 0.6 ", r"production = \d+ ": "production = 15 ", r"segment = 12 ": "segment = 3 ", r"sample_every = 0.12": "sample_every = 0.06"}


def test_both_potentials_and_their_comparison(tmp_path):
    block = re.search(r"run by: conductivity -->\n```sh\n(.*?)```", (CASE / "README.md").read_text(), flags=re.S)[1]
    assert "runs/conductivity-gap" in block and block.count("esgap run") == 2
    shutil.copytree(CASE, tmp_path / "inputs/conductivity")
    shutil.copytree(ROOT / "inputs/structures", tmp_path / "inputs/structures")
    for name in ("study", "gap"):
        file = tmp_path / f"inputs/conductivity/{name}.toml"
        text = file.read_text()
        for pattern, new in SHORT.items():
            text, count = re.subn(pattern, new, text)
            assert count == 1, (name, pattern)
        file.write_text(text)
    for line in block.splitlines():
        words = line.split("#")[0].split()
        done = subprocess.run([BIN / words[0], *words[1:]], cwd=tmp_path, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    for name, potential in (("conductivity", "li7p3s11/es-gap"), ("conductivity-gap", "li7p3s11/gap")):
        rows = pd.read_csv(tmp_path / "runs" / name / "conductivity.csv")
        assert set(rows.potential) == {potential} and (rows.verdict != "ok").all(), "picoseconds are no conductivity"
    ratio = pd.read_csv(tmp_path / "runs/conductivity-gap/comparison.csv")
    assert len(ratio) > 0
