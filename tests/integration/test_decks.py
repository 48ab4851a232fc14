"""The shipped decks run by hand from inputs/, as their first lines say, and the shipped data files are those of the study."""

import os
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from esgap.lammps.log import read_thermo
from places import BIN, ROOT
from plain_potentials import polarisable

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


LEAVES = {"in.defect": "relaxed.dump", "in.relax": "relaxed.dump", "in.evaluate": "evaluated.2.dump", "in.static": "static.dump", "in.neb": "neb.07.dump", "in.screen": "screened.csv"}


@pytest.mark.parametrize("deck", LEAVES)
def test_commands_in_the_head_of_a_deck(inputs, deck):
    assert commands(deck)
    for command in commands(deck):
        quick = " -var force 0.5" if deck != "in.static" else ""
        done = subprocess.run(command + quick, shell=True, cwd=inputs, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout[-800:]
        assert (inputs / LEAVES[deck]).is_file()


def test_dipole_and_field_energy_with_a_scaled_field(inputs):
    """`field_scale` of the potential, here from the command line: the field energy is -E.p of the dipole that the deck reports."""
    start = []
    for scale in (1.0, 1.7):
        command = f"lmp -in in.defect -var force 0.5 -var ey 0.1 -var field_scale {scale}"
        done = subprocess.run(command, shell=True, cwd=inputs, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout[-800:]
        rows = read_thermo(inputs / "log.lammps")
        np.testing.assert_allclose(rows["f_field"], -0.1 * rows["v_dipole_y"], rtol=1e-9)
        start.append(rows["v_dipole_y"].iloc[0])
    assert abs(start[0]) > 0.1 and start[1] == pytest.approx(1.7 * start[0], rel=1e-9)


def test_dipole_with_induced_ones_is_the_slope_of_the_energy(inputs, tmp_path):
    """-dU/dE at fixed positions, of a potential with polarisable sulfur: by in.defect, and by in.images on the same positions."""
    polarisable("li7p3s11/es-gap", tmp_path / "with-dipoles")
    given = f"-var potential {tmp_path}/with-dipoles -var ex 0.02"

    def run(command: str) -> None:
        done = subprocess.run(f"mpirun -n 2 lmp {command} {given}", shell=True, cwd=inputs, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout[-800:]

    def line(field: float) -> pd.Series:
        run(f"-in in.defect -var max_steps 0 -var ey {field} -var out at{field}")
        row = read_thermo(inputs / "log.lammps").iloc[0]
        (inputs / f"neb.0{2 + round(field / 0.01)}.dump").write_text((inputs / f"at{field}.dump").read_text())
        return row

    below, here, above = (line(field) for field in (-0.01, 0.0, 0.01))
    assert above["v_dipole_y"] - below["v_dipole_y"] > 0.2, "at fixed ions charges alone do not answer to a field"
    # U is quadratic in the field: no error of a third order in the difference.
    assert here["v_dipole_y"] == pytest.approx((below["PotEng"] - above["PotEng"]) / 0.02, rel=0, abs=2e-4)
    run("-in in.images -var data data.perfect -var image 02")
    image = pd.read_csv(inputs / "images.02.csv").iloc[0]
    assert image["energy"] == pytest.approx(here["PotEng"], rel=0, abs=1e-6)
    np.testing.assert_allclose(image[["dipole_x", "dipole_y", "dipole_z"]].astype(float), here[["v_dipole_x", "v_dipole_y", "v_dipole_z"]].astype(float), rtol=0, atol=1e-5)


def test_decks_with_a_field_count_dipoles_alike():
    lines = [[line for line in (INPUTS / deck).read_text().splitlines() if re.match(r"variable +(field_scale|induced_.|dipole_.) ", line)] for deck in ("in.defect", "in.images", "in.neb", "in.relax")]
    assert len(lines[0]) == 7 and all(other == lines[0] for other in lines)


def test_shipped_data_files_are_those_of_the_study(esgap, tmp_path):
    done = esgap("deck", INPUTS / "frenkel" / "study.toml", "-o", "deck")
    assert done.returncode == 0, done.stderr
    for cell, file in (("data.perfect", "data.perfect"), ("data.defect", "data.Li1-i3-4.66")):
        ours, shipped = atoms(tmp_path / "deck/cells/1x1x1" / file), atoms(INPUTS / cell)
        assert ours == shipped, f"make it again with `esgap deck inputs/frenkel/study.toml -o DIR` and copy DIR/cells/1x1x1/{file} to inputs/{cell}"


def atoms(file) -> list[list[float]]:
    """Id, type and place of each atom, rounded: the last digits of a site depend on the machine. Not the charge, which `potential.lmp` sets."""
    lines = file.read_text().split("Atoms")[1].splitlines()[2:]
    rows = [[round(float(word), 6) for word in line.split()] for line in lines if line.strip()]
    return [[*row[:2], *row[3:6]] for row in rows]
