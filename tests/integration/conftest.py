"""A study small enough for the everyday suite, and the command line as a user starts it."""

import subprocess
import sys
from pathlib import Path

import pytest
from places import BIN, CIF

STUDY = """
kind = "frenkel"
structure = "{structure}"
potential = "li7p3s11/es-gap"
compare = ["li7p3s11/gap"]
[defect]
separation = 2.5
pairs = ["Li4-i1-2.75"] # given, so that none is to be chosen
[field]
values = [-0.1, 0.0, 0.1]
directions = ["y"]
[electrostatics] # given, so that nothing is to be tried
cutoff = 10.0
order = 7
[relax]
force = 0.3
[run]
ranks = 2
"""


@pytest.fixture
def study(tmp_path):
    """A function that writes the small study with some text replaced, and returns its path."""

    def write(*replacements: tuple[str, str], structure=CIF) -> Path:
        text = STUDY.format(structure=structure)
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "study.toml"
        file.write_text(text)
        return file

    return write


@pytest.fixture
def esgap(tmp_path):
    """A function that runs `esgap ARGS` in the temporary folder; returns the finished process."""

    def call(*args) -> subprocess.CompletedProcess:
        return subprocess.run([BIN / "esgap", *map(str, args)], cwd=tmp_path, text=True, capture_output=True, timeout=600)

    return call


@pytest.fixture
def main(tmp_path, monkeypatch, capsys):
    """The same in this process, for what ends before anything is computed: it costs no start of Python."""
    from esgap.cli import main as entry

    def call(*args) -> subprocess.CompletedProcess:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["esgap", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            entry()
        return subprocess.CompletedProcess(sys.argv, ended.value.code, *capsys.readouterr())

    return call
