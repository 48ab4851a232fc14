"""The worked case inputs/migration, run as its README says, against the results that it ships."""

import subprocess

import numpy as np
import pandas as pd
from places import BIN, ENV, ROOT

CASE = ROOT / "inputs" / "migration"
TOLERANCE = 0.004  # eV, of the README


def test_barriers_are_those_of_the_worked_case(tmp_path):
    done = subprocess.run([BIN / "esgap", "run", CASE / "study.toml", "-o", tmp_path / "out"], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    found, expected = (pd.read_csv(folder / "barriers.csv") for folder in (tmp_path / "out", CASE / "expected"))
    names = ["path", "potential", "leg", "direction", "field"]
    assert found[names].to_dict() == expected[names].to_dict()
    split = expected.verdict.str.contains("split")  # a leg that was split is as rough as its first path
    for column in ("barrier_forward", "barrier_backward", "difference"):
        np.testing.assert_allclose(found[column][~split], expected[column][~split], rtol=0, atol=TOLERANCE)
    assert (found.verdict == "ok").equals(expected.verdict == "ok")
