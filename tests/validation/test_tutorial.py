"""docs/howto/second-material.md from the shipped labels of Li2S: fits, held-out errors, energy against volume; the labels themselves are `make validate-dft`."""

import subprocess
import sys

import pandas as pd
import pytest
from ase.io import read
from places import BIN, ENV, ROOT
from tutorial_results import CASE, check_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """runs/tutorial of a clone, from the shipped labels on, without dynamics."""
    home = tmp_path_factory.mktemp("tutorial") / "esgap"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(home)], check=True)
    runs = home / "runs/tutorial"
    runs.mkdir(parents=True)
    esgap = BIN / "esgap"
    for words in (
        ["cp", "-r", "inputs/li2s/labels/.", "runs/tutorial"],
        [esgap, "fit", "inputs/li2s/fit.toml", "-o", "runs/tutorial/fit"],
        [esgap, "run", "inputs/li2s/far.toml", "-o", "runs/tutorial/far"],
        [esgap, "run", "inputs/li2s/evaluate.toml", "-o", "runs/tutorial/evaluate"],
        [esgap, "run", "inputs/li2s/eos.toml", "-o", "runs/tutorial/eos"],
        [sys.executable, "inputs/li2s/volumes.py", "runs/tutorial"],
    ):
        done = subprocess.run(list(map(str, words)), cwd=home, env=ENV, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout[-3000:]
    return runs


def test_results_are_the_expected_ones(folder):
    check_results(folder)


def test_held_out_is_what_was_marked(folder):
    marks = [atoms.info["split"] for atoms in read(CASE / "labels/train/labels.extxyz", ":")]
    rows = pd.read_csv(folder / "fit/errors.csv")
    assert set(rows[rows.part == "held_out"].configurations) == {marks.count("test")} and marks.count("test") == 2
