"""Fixtures that tests of the plugin and of the driver share; functions that they share are modules of tests/support."""

from pathlib import Path

import pytest
from ase.io import read
from places import TRAINING
from small_fits import fit_gap, gap_command


@pytest.fixture(scope="session")
def tiny_gap(tmp_path_factory) -> Path:
    """The XML file of a Li/P/S GAP (2-body + SOAP 4/2, 20 sparse points an element), fitted to a few configurations in seconds."""
    configurations = read(TRAINING, "::8")
    return fit_gap(tmp_path_factory.mktemp("tiny_gap"), configurations, gap_command())


@pytest.fixture(scope="session")
def gap_fit():
    """The function `fit_gap`."""
    return fit_gap
