"""Kind label with ASE calculators: values, a calculation that does not converge, one that crashes; the rest goes on."""

import subprocess

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import read, write
from places import ENV, ROOT

STUDY = """
kind = "label"
configurations = "cells.extxyz"
[ase]
calculator = "fails:Sometimes"
"""

FAILS = """
from ase.calculators.calculator import SCFError
from ase.calculators.emt import EMT

class Sometimes(EMT):
    def calculate(self, atoms, *args):
        if len(atoms) == 2:
            raise SCFError("SCF not converged in 80 steps")
        if len(atoms) == 3:
            raise RuntimeError("out of memory")
        super().calculate(atoms, *args)
"""


@pytest.fixture
def cells(tmp_path):
    frames = [bulk("Cu").repeat((n, 1, 1)) for n in (1, 2, 4)]
    for atoms in frames:
        atoms.rattle(0.1, seed=3)
        atoms.info["tag"] = f"cu{len(atoms)}"
    write(tmp_path / "cells.extxyz", frames, format="extxyz")
    (tmp_path / "fails.py").write_text(FAILS)
    (tmp_path / "study.toml").write_text(STUDY)
    return frames


def test_labels_and_rejected(cells, esgap, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "SCF not converged in 80 steps" in (tmp_path / "out" / "labels.csv").read_text()
    found, rejected = (read(tmp_path / "out" / name, ":") for name in ("labels.extxyz", "rejected.extxyz"))
    assert [len(atoms) for atoms in found] == [1, 4] and [atoms.info["reason"] for atoms in rejected] == ["SCF not converged in 80 steps"]
    exact = cells[2]
    exact.calc = EMT()
    assert found[1].info["dft_energy"] == pytest.approx(exact.get_potential_energy(), abs=1e-8)  # positions have 8 decimals in the file
    np.testing.assert_allclose(found[1].arrays["dft_force"], exact.get_forces(), rtol=0, atol=1e-7)
    np.testing.assert_allclose(np.reshape(found[1].info["dft_virial"], (3, 3)), -exact.get_stress(voigt=False) * exact.get_volume(), rtol=0, atol=1e-6)
    assert found[0].info["settings"] == found[1].info["settings"]


def test_by_hand_no_label_is_taken_for_that_of_another_cell(cells, esgap, tmp_path, monkeypatch):
    """Python's jobs leave no log: what `make` computed is neither overwritten nor given to a cell that was edited since."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert esgap("deck", "study.toml", "-o", "out").returncode == 0
    made = subprocess.run(["make", "-k"], cwd=tmp_path / "out", env=ENV | {"PYTHONPATH": str(tmp_path)}, text=True, capture_output=True)
    assert made.returncode == 0, made.stderr
    refused = esgap("run", "study.toml", "-o", "out")
    assert refused.returncode == 1 and "was not started by `esgap run`" in refused.stderr
    cells[0].positions += 0.1
    cells[0].info["tag"] = "cu1"
    write(tmp_path / "cells.extxyz", cells, format="extxyz")
    other = esgap("run", "study.toml", "-o", "out", "--adopt")
    assert other.returncode == 1 and "holds results of another study" in other.stderr


def test_a_calculator_without_stress(cells, esgap, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "fails.py").write_text(FAILS + '    implemented_properties = ["energy", "forces"]\n')
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "out/labels.extxyz", ":")
    assert len(found) == 2 and all("dft_virial" not in atoms.info and "dft_force" in atoms.arrays for atoms in found)


def test_a_corrected_study_goes_on_after_a_failure(cells, esgap, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "study.toml").write_text(STUDY.replace("Sometimes", "Never"))
    failed = esgap("run", "study.toml", "-o", "out")
    assert failed.returncode == 1 and "correct [ase]" in " ".join(failed.stderr.split())
    (tmp_path / "study.toml").write_text(STUDY)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr


def test_a_study_of_another_kind_is_refused(cells, esgap, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert esgap("run", "study.toml", "-o", "out").returncode == 0
    (tmp_path / "relax.toml").write_text('kind = "relax"\npotential = "li7p3s11/gap"\n' + f'structure = "{ROOT}/inputs/structures/li7p3s11.cif"\n')
    before = (tmp_path / "out/result.json").read_bytes()
    refused = esgap("run", "relax.toml", "-o", "out")
    assert refused.returncode == 1 and "holds results of a study of kind label, this one is of kind relax" in " ".join(refused.stderr.split())
    assert (tmp_path / "out/result.json").read_bytes() == before


def test_one_that_crashes_does_not_stop_the_others(cells, esgap, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    write(tmp_path / "cells.extxyz", [bulk("Cu").repeat((3, 1, 1)), *cells], format="extxyz")
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 1 and "labels/0000: python stopped with exit code 1" in done.stderr and "out of memory" in done.stderr
    assert len(list((tmp_path / "out").glob("labels/*/label.json"))) == 3
    assert esgap("analyse", "out").returncode == 0
