"""Kind relax from the command line with the real lmp: cells and energies against the ASE calculator on the relaxed cell."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from plain_potentials import polarisable

from esgap.calculators import ESGAP
from esgap.units import EV_PER_A3_IN_GPA

ROOT = Path(__file__).parents[2]
STUDY = f"""
kind = "relax"
structure = "{ROOT}/inputs/structures/li7p3s11-relaxed.extxyz"
potential = "li7p3s11/es-gap"
[relax]
force = 0.05
"""


def result(folder) -> list[dict]:
    return json.loads((folder / "result.json").read_text())["tables"]["relaxed"]


def test_cell_under_pressure(esgap, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY + '[cell]\nrelax = "all"\npressures = [0.5]\nstress = 0.01\n')
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    (row,) = result(tmp_path / "out")
    assert "not converged" not in row["verdict"] and row["max_force"]["value"] < 0.05
    (file,) = (tmp_path / "out").glob("relaxations/*/*/*/relaxed.extxyz")
    atoms = read(file)
    atoms.calc = ESGAP(ROOT / "potentials/li7p3s11/es-gap")
    assert atoms.get_volume() == pytest.approx(row["volume"]["value"], rel=1e-9)
    # The split of the Coulomb sum is another one here, so 1e-5 eV an atom.
    assert atoms.get_potential_energy() == pytest.approx(row["energy"]["value"], abs=1e-5 * len(atoms))
    np.testing.assert_allclose(-atoms.get_stress()[:3] * EV_PER_A3_IN_GPA, 0.5, rtol=0, atol=0.03)
    np.testing.assert_allclose(atoms.get_stress()[3:] * EV_PER_A3_IN_GPA, 0.0, rtol=0, atol=0.03)
    assert row["enthalpy"]["value"] - row["energy"]["value"] == pytest.approx(0.5 / EV_PER_A3_IN_GPA * row["volume"]["value"], rel=1e-9)


def test_ions_in_a_field(esgap, tmp_path):
    """To second order the energy falls by half of what the induced dipole gains, and the ions follow the field."""
    text = STUDY.replace("0.05", "0.001").replace("[relax]", "fields = [[0, 0, 0], [0, 0.01, 0]]\n[relax]")
    (tmp_path / "study.toml").write_text(text)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    zero, field = sorted(result(tmp_path / "out"), key=lambda row: row["field_y"])
    assert zero["field"] == "-" and field["field"] == "0 0.01 0"
    induced = field["dipole_y"]["value"] - zero["dipole_y"]["value"]
    assert induced > 0.01
    work = zero["energy"]["value"] - 0.01 * zero["dipole_y"]["value"] - field["energy"]["value"]
    assert work == pytest.approx(0.01 * induced / 2, rel=0.25)
    assert "dipole.png" in done.stdout


def test_a_field_needs_charges(esgap, tmp_path):
    text = STUDY.replace("li7p3s11/es-gap", "li7p3s11/gap").replace("[relax]", "fields = [[0, 0.01, 0]]\n[relax]")
    (tmp_path / "study.toml").write_text(text)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 1 and "has no charges and cannot feel a field" in done.stderr


def test_dipoles_relax_in_a_field(esgap, tmp_path):
    """A potential with induced dipoles: the dipole and the energy of the relaxed ions are those of the ASE calculator in the same field."""
    polarisable("li7p3s11/es-gap", tmp_path / "with-dipoles")
    text = STUDY.replace("0.05", "0.01").replace("li7p3s11/es-gap", "./with-dipoles").replace("[relax]", "fields = [[0, 0.01, 0]]\n[relax]")
    (tmp_path / "study.toml").write_text(text)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    (row,) = result(tmp_path / "out")
    (file,) = (tmp_path / "out").glob("relaxations/**/relaxed.extxyz")
    atoms, start = read(file), read(tmp_path / "out/start.extxyz")
    atoms.positions -= np.round(start.cell.scaled_positions(atoms.positions - start.positions)) @ start.cell
    atoms.calc = ESGAP(tmp_path / "with-dipoles", field=(0, 0.01, 0), reference=start)
    assert row["energy"]["value"] == pytest.approx(atoms.get_potential_energy(), abs=1e-5 * len(atoms))
    np.testing.assert_allclose([row[f"dipole_{axis}"]["value"] for axis in "xyz"], atoms.get_dipole_moment(), rtol=0, atol=1e-3)
    assert atoms.get_dipole_moment()[1] > 0.1
