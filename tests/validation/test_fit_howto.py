"""docs/howto/fit-extxyz.md, block by block."""

import re
import subprocess
import sys

from places import ENV, ROOT

from esgap.potential import Potential


def test_fit_your_own_material_from_an_extxyz_file(tmp_path):
    text = (ROOT / "docs" / "howto" / "fit-extxyz.md").read_text()
    python, toml, shell = (re.search(rf"```{kind}\n(.*?)```", text, flags=re.S)[1] for kind in ("python", "toml", "sh"))
    (tmp_path / "fit.toml").write_text(toml)
    for argv in ([sys.executable, "-c", python], ["bash", "-ec", shell]):
        done = subprocess.run(argv, cwd=tmp_path, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
    errors = Potential.load(tmp_path / "gap").errors["held_out"]
    assert errors["configurations"] == 6 and errors["energy"] < 1.0
    assert all(errors["force"][s] < 0.05 * errors["force_rms"][s] for s in ("Li", "Cl"))
