"""Fixtures that tests of the plugin and of the driver share; functions that they share are modules of tests/support."""

import subprocess
from pathlib import Path

import pytest
from ase.io import read
from places import BIN, ENV, TRAINING
from small_fits import fit_gap, gap_command
from tiny_fit import tiny_fit


@pytest.fixture(scope="session")
def tiny_gap(tmp_path_factory) -> Path:
    """The XML file of a Li/P/S GAP (2-body + SOAP 4/2, 20 sparse points an element), fitted to a few configurations in seconds."""
    configurations = read(TRAINING, "::8")
    return fit_gap(tmp_path_factory.mktemp("tiny_gap"), configurations, gap_command())


@pytest.fixture(scope="session")
def gap_fit():
    """The function `fit_gap`."""
    return fit_gap


@pytest.fixture(scope="session")
def committees(tmp_path_factory) -> Path:
    """A folder with the potentials gap and es-gap, each with a committee of eight: native fits to all labels with few functions, in seconds."""
    folder = tmp_path_factory.mktemp("committees")
    few = {r"n_sparse = \{.*": "n_sparse = { Li = 60, P = 30, S = 60 }", "n_max = .*": "n_max = 3", "l_max = .*": "l_max = 2", "holdout_every = .*": "holdout_every = 5"}
    tiny_fit(folder, *few.items(), ("cutoff = 6.0", "cutoff = 5.0"), ("seed = 1", "seed = 1\ncommittee = 8"), frames=43)
    done = subprocess.run([BIN / "esgap", "fit", "fit.toml", "-o", "out"], cwd=folder, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return folder
