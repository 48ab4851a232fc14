"""Kind born: its worked case as it stands, with a cp2k.psmp that prints the shipped outputs, gives the shipped tables."""

import os
import subprocess
import sys

import pandas as pd
from places import BIN, ENV, ROOT

CASE = ROOT / "inputs/born"
CP2K = f"""#!{sys.executable}
import pathlib, shutil
here = pathlib.Path.cwd()
assert here.name == "zero" or pathlib.Path("../zero/zero.wfn").is_file()
shutil.copyfile("{CASE}/outputs/" + here.name + ".out", "cp2k.out")
pathlib.Path("field-RESTART.wfn").write_text("wave functions")
"""


def test_case(tmp_path):
    """esgap run inputs/born/study.toml -o runs/born"""
    program = tmp_path / "bin/cp2k.psmp"
    program.parent.mkdir()
    program.write_text(CP2K)
    program.chmod(0o755)
    env = ENV | {"PATH": f"{program.parent}{os.pathsep}{ENV['PATH']}"}
    done = subprocess.run([BIN / "esgap", "run", CASE / "study.toml", "-o", "runs/born"], cwd=tmp_path, env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    shipped = sorted((CASE / "expected").glob("*.csv"))
    assert len(shipped) >= 3
    for file in shipped:
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "runs/born" / file.name), pd.read_csv(file), rtol=1e-6, atol=1e-9)
