"""inputs/in.md by hand, a few steps: it starts, is reproducible by its seed, and dumps what the analysis needs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from esgap.lammps.trajectory import read_trajectory
from killable import killable, same

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(folder: Path, **variables):
    variables = dict(engine="quip", production=0.008, equilibration=0.004, sample_every=0.004, out=folder / "md") | variables
    argv = [BIN / "mpirun", "-n", "2", BIN / "lmp", "-in", "in.md", "-log", folder / "log"]
    argv += [word for key, value in variables.items() for word in ("-var", key, value)]
    return subprocess.run(
        list(map(str, argv)), cwd=ROOT / "inputs", env=dict(os.environ, OMP_NUM_THREADS="1"), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_a_few_steps(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    start = read(ROOT / "inputs" / "data.li7p3s11", format="lammps-data", units="metal", atom_style="charge")
    frames = read(tmp_path / "md.0000000000.dump", ":", format="lammps-dump-text")
    assert len(frames) == 3  # steps 0, 2 and 4 of 2 fs
    assert list(frames[-1].symbols) == list(start.symbols)  # ordered by id, elements named
    # Unwrapped: 12 fs at 800 K is less than 0.4 Angstrom for Li, whatever side of the box the atom is on.
    assert 0 < np.abs(frames[-1].positions - start.positions).max() < 0.5
    assert (tmp_path / "md.data").is_file() and (tmp_path / "md.restart").is_file()


def test_breathing_equilibration_then_a_fixed_cell(tmp_path):
    done = run(tmp_path, engine="native", equilibrate="npt", equilibration=0.08, barostat="tri", ensemble="nve")
    assert done.returncode == 0, done.stdout
    frames = read_trajectory([tmp_path / "md.0000000000.dump"])
    start = read(ROOT / "inputs" / "data.li7p3s11", format="lammps-data", units="metal", atom_style="charge")
    assert np.ptp(frames.cells, axis=0).max() == 0  # the production does not breathe
    change = np.abs(frames.cell - start.cell.array)
    assert 1e-4 < change.max() < 0.5 and (change[np.tril_indices(3)] > 0).all()  # all of the cell did before


@pytest.mark.parametrize("name, value", [("ensemble", "npt"), ("equilibrate", "nve")])
def test_unknown_ensemble_stops_with_a_sentence(name, value, tmp_path):
    done = run(tmp_path, **{name: value})
    assert done.returncode != 0
    assert f"The variable {name} is {value}, expected nvt or" in done.stdout


def test_killed_at_random_moments_it_goes_on_to_the_same_frames(tmp_path):
    """kill -9 three times: no frame is lost, doubled or cut, and all are those of the run that was left alone (one rank)."""
    whole, killed = (killable(tmp_path / name) for name in ("whole", "killed"))
    whole.to_the_end()
    assert killed.with_kills(np.random.default_rng(1), 3) >= 2
    same(killed, whole)


def test_unknown_engine_stops_with_a_sentence(tmp_path):
    done = run(tmp_path, engine="fast")
    assert done.returncode != 0
    assert "The variable engine is fast, expected native or quip" in done.stdout


def test_shipped_cell_is_the_crystal():
    """84 atoms of the structure file, 1x2x1, neutral with the shipped charges."""
    data = read(ROOT / "inputs" / "data.li7p3s11", format="lammps-data", units="metal", atom_style="charge")
    crystal = read(ROOT / "inputs" / "structures" / "li7p3s11.cif").repeat((1, 2, 1))
    assert list(data.symbols) == list(crystal.symbols)
    assert np.allclose(data.get_all_distances(mic=True), crystal.get_all_distances(mic=True), atol=1e-6)
    assert data.get_initial_charges().sum() == pytest.approx(0)
