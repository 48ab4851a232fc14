"""A second material from labels to formation energies: rock salt of charged Slater densities with Born-Mayer repulsion, whose energies are known.

Its ES-GAP is fitted by esgap, then relaxes the cell and makes Frenkel pairs; each energy is compared with the known potential's.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from ase.neighborlist import neighbor_list
from places import BIN, ENV
from scipy.optimize import minimize_scalar

from esgap.lammps.relaxation import relaxed_atoms
from esgap.lammps.static import Labels, baseline
from esgap.potential import Electrostatics

CHARGES = Electrostatics(charges={"Li": 1.0, "Cl": -1.0}, zeta={"Li": 3.0, "Cl": 2.5}, n={"Li": 1, "Cl": 1}, cutoff=8.0)
HEIGHT, LENGTH, REACH = 500.0, 0.33, 5.0  # of the repulsion of unlike ions: eV, Angstrom, Angstrom

FIT = """
kind = "fit"
material = "LiCl"
elements = ["Li", "Cl"]
data = "licl.extxyz"
holdout_every = 4
[sigma]
energy = 0.0005
force = 0.01
virial = 0.005
[distance_2b]
cutoff = 4.5
n_sparse = 20
delta = 1.0
theta = 0.6
[[soap]]
cutoff = 4.0
n_max = 4
l_max = 3
atom_sigma = 0.5
delta = 0.1
n_sparse = { Li = 40, Cl = 40 }
[[model]]
name = "es-gap"
[model.electrostatics]
charges = { Li = 1.0, Cl = -1.0 }
zeta = { Li = 3.0, Cl = 2.5 }
n = { Li = 1, Cl = 1 }
cutoff = 8.0
"""


def known(configurations: list[Atoms]) -> list[Labels]:
    """Energy, forces and virial of the potential that the labels come from."""
    return [electrostatic + repulsion(atoms) for electrostatic, atoms in zip(baseline(configurations, ("Li", "Cl"), CHARGES), configurations)]


def repulsion(atoms: Atoms) -> Labels:
    i, j, distances, vectors = neighbor_list("ijdD", atoms, REACH)
    unlike = atoms.numbers[i] != atoms.numbers[j]
    energies = np.where(unlike, HEIGHT * np.exp(-distances / LENGTH), 0.0)
    pull = -(energies / LENGTH / distances)[:, None] * vectors  # on atom i, away from j
    forces = np.zeros((len(atoms), 3))
    np.add.at(forces, i, pull)
    return Labels(0.5 * energies.sum(), forces, -0.5 * vectors.T @ pull)


def crystal(a: float = 5.1) -> Atoms:
    return bulk("LiCl", "rocksalt", a=a, cubic=True)


def training() -> list[Atoms]:
    """Strained and rattled cells, a third of them with one lithium at a tetrahedral place."""
    rng, frames = np.random.default_rng(0), []
    for k in range(36):
        atoms = crystal() * ((2, 1, 1) if k % 3 == 0 else (1, 1, 1))
        if k % 3 == 0:
            atoms.positions[0] += 5.1 * np.array([0.25, 0.25, 0.25]) * rng.choice([-1, 1], 3)
        atoms.set_cell(atoms.cell @ (np.eye(3) + rng.uniform(-0.03, 0.03, (3, 3))), scale_atoms=True)
        atoms.rattle(0.04 + 0.004 * k, seed=k)
        frames.append(atoms)
    for atoms, label in zip(frames, known(frames)):
        atoms.calc = SinglePointCalculator(atoms, energy=label.energy, forces=label.forces, stress=-label.virial / atoms.get_volume())
    return frames


def esgap(*words, cwd: Path) -> None:
    done = subprocess.run([BIN / "esgap", *map(str, words)], cwd=cwd, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Path:
    """A folder with es-gap/ and the crystal."""
    folder = tmp_path_factory.mktemp("licl")
    write(folder / "licl.extxyz", training())
    write(folder / "crystal.extxyz", crystal())
    (folder / "fit.toml").write_text(FIT)
    esgap("fit", "fit.toml", "-o", "fit", cwd=folder)
    return folder


def test_known_forces_are_the_derivative_of_the_energy():
    atoms = crystal() * (2, 1, 1)
    atoms.rattle(0.1, seed=1)
    moved = [atoms.copy(), atoms.copy()]
    for sign, one in zip((1, -1), moved):
        one.positions[3, 1] += sign * 1e-3
    up, down = known(moved)
    assert -(up.energy - down.energy) / 2e-3 == pytest.approx(known([atoms])[0].forces[3, 1], abs=1e-5)


def test_relaxed_cell(fitted):
    (fitted / "relax.toml").write_text('kind = "relax"\nstructure = "crystal.extxyz"\npotential = "es-gap"\n[relax]\nforce = 0.005\n[cell]\nrelax = "all"\n')
    esgap("run", "relax.toml", "-o", "relax", cwd=fitted)
    (row,) = json.loads((fitted / "relax/result.json").read_text())["tables"]["relaxed"]
    assert row["verdict"] == "ok" and row["space_group"].startswith("Fm-3m")
    best = minimize_scalar(lambda a: known([crystal(a)])[0].energy, bracket=(5.0, 5.2))
    assert row["a"]["value"] == pytest.approx(best.x, abs=0.01)
    assert row["energy"]["value"] == pytest.approx(best.fun, abs=8 * 0.002)


def test_frenkel_pairs_in_a_field(fitted):
    study = 'kind = "frenkel"\nstructure = "crystal.extxyz"\nsupercell = [2, 2, 2]\npotential = "es-gap"\n[defect]\nanions = ["Cl"]\npairs = 2\n'
    (fitted / "frenkel.toml").write_text(study + '[field]\nvalues = [0.0, 0.02]\ndirections = ["x"]\n[relax]\nforce = 0.02\n')
    esgap("run", "frenkel.toml", "-o", "frenkel", cwd=fitted)
    rows = json.loads((fitted / "frenkel/result.json").read_text())["tables"]["formation_energy"]
    without = [row for row in rows if row["field"] == 0]
    assert len(without) == 2 and len(rows) == 4
    cell = read(fitted / "frenkel/cell.extxyz") * (2, 2, 2)
    for row in without:
        points = fitted / "frenkel/points/licl/es-gap/2x2x2"
        pair, perfect = known([relaxed_atoms(points / name / "zero", cell) for name in (row["pair"], "perfect")])
        assert row["formation_energy"]["value"] == pytest.approx(pair.energy - perfect.energy, abs=0.15)
        assert abs(row["formation_energy"]["value"]) > 0.5 or "recombined" in row["verdict"]
