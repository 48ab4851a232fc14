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


MAKE = STUDY.replace('data = "cells.extxyz"\nforces = "reference"\n', "") + f"""
[displace]
structure = "{ROOT}/inputs/structures/li7p3s11-relaxed.extxyz"
supercell = [1, 2, 1]
single = [1, 15]
centres = [33]
radii = [4.0]
displacements = 1
[ase]
calculator = "reference:MorseWithCharges"
"""

REFERENCE = f"""
from ase.calculators.morse import MorsePotential
from esgap.lammps.inprocess import Coulomb, electrostatics
from esgap.potential import Electrostatics

TRUTH = {TRUTH!r}
ES = Electrostatics(charges=TRUTH, zeta={{"Li": 1.0, "P": 1.3, "S": 1.2}}, n=dict.fromkeys(TRUTH, 1), cutoff=10.0)

class MorseWithCharges(MorsePotential):
    def __init__(self):
        super().__init__(epsilon=0.5, r0=2.1, rho0=4.0, rcut1=1.3, rcut2=1.6)

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        part = electrostatics(atoms, tuple(TRUTH), ES, Coulomb(10.0, "1e-6"))
        self.results["forces"] = self.results["forces"] + part.forces
        self.results["energy"] += part.energies.sum()
"""


def test_cells_made_and_labelled(esgap, main, tmp_path, monkeypatch):
    """The undisplaced cell, six with one atom moved, one with everything beyond 4 Angstrom of a sulfur moved: the charges come back."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "reference.py").write_text(REFERENCE)
    (tmp_path / "study.toml").write_text(MAKE)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    base, *cells = read(tmp_path / "out/cells.extxyz", ":")
    assert [atoms.info["config_type"] for atoms in (base, *cells)] == ["base", "locality", *["single-atom"] * 6]
    shifts = [np.linalg.norm(atoms.positions - base.positions, axis=1) for atoms in cells]
    far = base.get_distances(32, range(84), mic=True) > 4.0
    assert np.array_equal(shifts[0] > 1e-6, far) and np.std((cells[0].positions - base.positions)[far]) == pytest.approx(0.1, rel=0.2)
    assert all(np.flatnonzero(shift > 1e-6).tolist() == [atom] and shift[atom] == pytest.approx(0.3) for shift, atom in zip(shifts[1:], (0, 0, 0, 14, 14, 14)))
    tables = json.loads((tmp_path / "out" / "result.json").read_text())["tables"]
    assert {row["element"]: row["charge"]["value"] for row in tables["charges"]} == pytest.approx(TRUTH, abs=1e-3)

    for old, new, words in (
        ("single = [1, 15]", "single = [85]", "names atom 85 of a cell of 84"),
        ("radii = [4.0]\ndis", "radii = [7.0]\ndis", "more than half the shortest lattice vector"),
        ("[displace]", 'data = "cells.extxyz"\n[displace]', "give labelled cells as `data`, or [displace]"),
    ):
        text = MAKE.replace(old, new) if "data" not in new else f'data = "cells.extxyz"\n{MAKE}'
        (tmp_path / "study.toml").write_text(text)
        refused = main("deck", "study.toml", "-o", "other")
        assert refused.returncode == 1 and words in " ".join(refused.stderr.split()), refused.stderr
