"""The shipped decks run by hand from inputs/, as their first lines say, and the shipped data files are those of the study."""

import os
import re
import shutil
import subprocess

import pytest
from places import BIN, ROOT

INPUTS = ROOT / "inputs"
ENV = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", OMP_NUM_THREADS="1")


@pytest.fixture
def inputs(tmp_path):
    """A copy of inputs/ beside the potentials, so that nothing is written into the repository."""
    shutil.copytree(INPUTS, tmp_path / "inputs")
    os.symlink(ROOT / "potentials", tmp_path / "potentials")
    return tmp_path / "inputs"


def commands(deck: str) -> list[str]:
    """The `mpirun` lines in the head of a deck."""
    return re.findall(r"^#\s+(mpirun .*?)(?:   .*)?$", (INPUTS / deck).read_text(), flags=re.M)


LEAVES = {"in.defect": "relaxed.dump", "in.relax": "relaxed.dump", "in.static": "static.dump", "in.neb": "neb.07.dump"}


@pytest.mark.parametrize("deck", LEAVES)
def test_commands_in_the_head_of_a_deck(inputs, deck):
    assert commands(deck)
    for command in commands(deck):
        quick = " -var force 0.5" if deck != "in.static" else ""
        done = subprocess.run(command + quick, shell=True, cwd=inputs, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout[-800:]
        assert (inputs / LEAVES[deck]).is_file()


def test_shipped_data_files_are_those_of_the_study(esgap, tmp_path):
    done = esgap("deck", INPUTS / "frenkel" / "study.toml", "-o", "deck")
    assert done.returncode == 0, done.stderr
    for cell in ("data.perfect", "data.defect"):
        ours, shipped = (atoms(folder / cell) for folder in (tmp_path / "deck", INPUTS))
        assert ours == shipped, f"make it again with `esgap deck inputs/frenkel/study.toml -o DIR` and copy DIR/{cell} to inputs/"


def atoms(file) -> list[list[float]]:
    """Lines of the Atoms section, rounded: the last digits of a site depend on the machine."""
    lines = file.read_text().split("Atoms")[1].splitlines()[2:]
    return [[round(float(word), 6) for word in line.split()] for line in lines if line.strip()]
