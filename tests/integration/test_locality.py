"""Kind locality on a synthetic reference: a short-ranged potential plus Slater charges that the fit does not know."""

import json

import numpy as np
import pytest
from ase.calculators.morse import MorsePotential
from ase.io import read, write

from places import ROOT

from esgap.lammps.static import baseline
from esgap.potential import Electrostatics

TRUTH = {"Li": 0.6, "P": 1.0, "S": -(7 * 0.6 + 3 * 1.0) / 11}
STUDY = """
kind = "locality"
data = "cells.extxyz"
forces = "reference"
elements = ["Li", "P", "S"]
radius = 4.0
radii = [3.0, 4.0]
[densities]
zeta = { Li = 1.0, P = 1.3, S = 1.2 }
"""


@pytest.fixture
def cells(tmp_path):
    base = read(ROOT / "inputs/structures/li7p3s11-relaxed.extxyz").repeat((1, 2, 1))
    base.calc, frames = None, [base]
    for atom, axis in ((0, 0), (14, 1), (32, 2)):
        frames.append(base.copy())
        frames[-1].positions[atom, axis] += 0.3
    es = Electrostatics(charges=TRUTH, zeta={"Li": 1.0, "P": 1.3, "S": 1.2}, n=dict.fromkeys(TRUTH, 1), cutoff=10.0)
    for atoms, far in zip(frames, baseline(frames, tuple(TRUTH), es)):
        near = atoms.copy()
        near.calc = MorsePotential(epsilon=0.5, r0=2.1, rho0=4.0, rcut1=1.3, rcut2=1.6)
        atoms.info = {"config_type": "single-atom"}
        atoms.arrays["reference"] = far.forces + near.get_forces()
    base.info["config_type"] = "base"
    write(tmp_path / "cells.extxyz", frames, format="extxyz")
    (tmp_path / "study.toml").write_text(STUDY)


def test_charges_of_a_synthetic_reference(cells, esgap, tmp_path):
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    tables = json.loads((tmp_path / "out" / "result.json").read_text())["tables"]
    found = {row["element"]: row["charge"]["value"] for row in tables["charges"]}
    assert found == pytest.approx(TRUTH, abs=1e-4)
    beyond = [row for row in tables["induced"] if row["radius"] == 4.0]
    assert all(row["remaining"]["value"] < 1e-4 < 1e-3 < row["induced"]["value"] for row in beyond)
    assert np.isfinite([row["ratio"]["value"] for row in beyond]).all()
