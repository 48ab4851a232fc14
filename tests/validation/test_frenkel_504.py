"""The worked case of the paper's cell: the commands of its README and the energies without field that it ships, half an hour of two cores."""

import subprocess

import pandas as pd
import pytest
from places import BIN, ROOT

CASE = ROOT / "inputs/frenkel-504"


def test_energies_without_field(tmp_path):
    done = subprocess.run([BIN / "esgap", "run", CASE / "study.toml", "-o", "out"], cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    found, expected = (pd.read_csv(folder / "size.csv") for folder in (tmp_path / "out", CASE / "expected"))
    assert list(found.supercell) == list(expected.supercell) == ["1x1x1", "3x1x2"] * 2 and list(found.sound) == list(expected.sound)
    for words in ("another state", "left its site", "recombined", "interstitial moved"):
        assert found.verdict.str.contains(words).equals(expected.verdict.str.contains(words))
    assert (found.verdict == "ok").equals(expected.verdict == "ok")
    for column in ("formation_energy", "corrected"):
        assert found[column][found.sound].to_numpy() == pytest.approx(expected[column][expected.sound].to_numpy(), abs=0.005, nan_ok=True)
