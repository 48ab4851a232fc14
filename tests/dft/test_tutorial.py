"""`make tutorial`: Li2S from its CIF with CP2K, in a clone; labels and results beside the shipped ones (ten minutes of a core)."""

import shutil
import subprocess
import tomllib

import numpy as np
import pandas as pd
import pytest
from ase.io import read
from places import BIN, ENV, ROOT
from tutorial_results import CASE, check_results

STUDIES = ("charges.toml", "train.toml", "volumes.toml")  # those that need CP2K, each with -o runs/tutorial/NAME
LABELS = ("charges/cells.extxyz", "train/labels.extxyz", "volumes/labels.extxyz")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder runs/tutorial that `make tutorial` left."""
    assert shutil.which("cp2k.psmp"), "CP2K is missing: run `sh inputs/label/install-cp2k.sh`, then this again"
    home = tmp_path_factory.mktemp("tutorial") / "esgap"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(home)], check=True)
    words = ["make", "-o", ".venv/installed", "tutorial", f"BIN={BIN}"]  # with the esgap that is tested
    done = subprocess.run(words, cwd=home, env=ENV, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    assert all(f"esgap run inputs/li2s/{study}" in done.stdout for study in STUDIES)
    return home / "runs/tutorial"


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_the_shipped_ones(made, name):
    """Another build of CP2K sums in another order."""
    there, here = read(CASE / "labels" / name, ":"), read(made / name, ":")
    assert [atoms.info["tag"] for atoms in there] == [atoms.info["tag"] for atoms in here]
    for a, b in zip(there, here):
        np.testing.assert_allclose(b.positions, a.positions, rtol=0, atol=1e-6)
        assert b.info["dft_energy"] == pytest.approx(a.info["dft_energy"], rel=0, abs=1e-3), a.info["tag"]
        np.testing.assert_allclose(b.arrays["dft_force"], a.arrays["dft_force"], rtol=0, atol=2e-3)
        np.testing.assert_allclose(b.info["dft_virial"], a.info["dft_virial"], rtol=0, atol=2e-2)


def test_charges_are_those_of_the_fit(made):
    charges = pd.read_csv(made / "charges/charges.csv").set_index("element").charge
    given = tomllib.loads((CASE / "fit.toml").read_text())["model"][1]["electrostatics"]["charges"]
    assert charges.to_dict() == pytest.approx(given, rel=0, abs=0.005)


def test_results_are_the_expected_ones(made):
    check_results(made)
