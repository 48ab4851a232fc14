"""Cells of dumps, displacements, and which relaxations have a minimum."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from esgap.errors import EsgapError
from esgap.lammps.dump import read_cell
from esgap.physics.symmetry import displacements
from esgap.studies.load import load_study
from esgap.studies.relax.analyse import _deviation
from esgap.units import GPA_IN_BAR

STUDY = 'kind = "relax"\nstructure = "a.cif"\npotential = "li7p3s11/es-gap"\n'


def load(folder: Path, text: str):
    (folder / "study.toml").write_text(STUDY + text)
    return load_study(folder / "study.toml")


def test_defaults_relax_the_ions(tmp_path):
    study = load(tmp_path, "")
    assert study.cell.relax == "none" and study.fields == ((0.0, 0.0, 0.0),) and study.structure == tmp_path / "a.cif"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ('fields = [[0.1, 0, 0]]\n[cell]\nrelax = "all"', r'cell.relax = "all" in a field: at constant E nothing bounds -E.p once ions drift'),
        ("[cell]\npressures = [1.0]", r"cell.pressures are given, but the cell is not relaxed"),
        ("fields = [[0, 0, 0], [0, 0, 0]]", r"fields has .* twice"),
        ("fields = [[0, 0]]", r"fields"),
        ('[cell]\nrelax = "all"\npressures = [1.0, 1.0]', r"cell.pressures has 1.0 twice"),
        ('[cell]\nrelax = "all"\npressures = [nan]', r"pressures"),
        ('[cell]\nrelax = "cell"', r"cell.relax"),
        ('compare = ["li7p3s11/es-gap"]', r"potential and compare has li7p3s11/es-gap twice"),
    ],
)
def test_refused(tmp_path, text, sentence):
    with pytest.raises(EsgapError, match=sentence):
        load(tmp_path, text)


lengths, tilts = st.floats(1, 50), st.floats(-30, 30)


@settings(max_examples=50, deadline=None)
@given(lx=lengths, ly=lengths, lz=lengths, xy=tilts, xz=tilts, yz=tilts, x=tilts, y=tilts, z=tilts)
def test_cell_of_a_dump(tmp_path_factory, lx, ly, lz, xy, xz, yz, x, y, z):
    """The bounding box that LAMMPS writes (its manual, Howto_triclinic) gives back the cell and the origin."""
    low = [x + min(0, xy, xz, xy + xz), y + min(0, yz), z]
    high = [x + lx + max(0, xy, xz, xy + xz), y + ly + max(0, yz), z + lz]
    file = tmp_path_factory.mktemp("dump") / "a.dump"
    bounds = "\n".join(f"{a!r} {b!r} {tilt!r}" for a, b, tilt in zip(low, high, (xy, xz, yz)))
    file.write_text(f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS xy xz yz pp pp pp\n{bounds}\nITEM: ATOMS id\n1\n")
    cell, origin = read_cell(file)
    np.testing.assert_allclose(cell, [[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]], rtol=0, atol=1e-9)
    np.testing.assert_allclose(origin, [x, y, z], rtol=0, atol=1e-9)
    file.write_text(file.read_text().replace(f"{lz + z!r}", "nothing") if f"{lz + z!r}" in file.read_text() else "ITEM\n")
    with pytest.raises(EsgapError, match="is damaged"):
        read_cell(file)


def test_displacements_in_a_strained_cell_with_images_and_a_drift():
    cell = np.array([[6.0, 0, 0], [2, 5, 0], [-1, 1, 7]])
    start = Atoms("Li4", np.random.default_rng(0).uniform(0, 5, (4, 3)), cell=cell, pbc=True)
    end = start.copy()
    end.set_cell(cell * 1.1, scale_atoms=True)
    end.positions += [0.3, -0.2, 0.1]  # a drift of all
    end.positions[2] += 2 * end.cell[1] + [0.4, 0.0, 0.0]
    moved = displacements(start, end)
    np.testing.assert_allclose(moved[2] - moved[0], [0.4, 0, 0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(moved.sum(axis=0), 0, rtol=0, atol=1e-9)


def test_what_a_relaxation_did_not_reach(tmp_path):
    """The deck counts the deviation from the pressure as the root of the mean square over what may relax; so does the verdict."""
    pressure = GPA_IN_BAR  # 1 GPa
    last = pd.Series({"Press": pressure + 90, "Pxx": pressure + 60, "Pyy": pressure, "Pzz": pressure, "Pxy": 0.0, "Pxz": 0.0, "Pyz": -60.0})
    assert _deviation("none", last, 0.0) == 0.0
    assert _deviation("volume", last, pressure) == pytest.approx(90)
    assert _deviation("all", last, pressure) == pytest.approx(np.sqrt(2 * 60**2 / 6))
