"""Bonds that open in a run of the triclinic cell: only those that stay beyond the limit count."""

from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from esgap.physics.bonds import bonds

ROOT = Path(__file__).parents[2]
LONGEST, FRAMES = 3.0, 5


@pytest.fixture
def run():
    """40 frames that tremble around the crystal, unwrapped positions drifting through the cell."""
    atoms = read(ROOT / "inputs" / "structures" / "li7p3s11.cif")
    rng = np.random.default_rng(1)
    positions = atoms.positions + rng.normal(0, 0.03, (40, len(atoms), 3)) + np.linspace(0, 7, 40)[:, None, None]
    p, s = (np.flatnonzero(atoms.symbols == symbol) for symbol in "PS")
    nearest = s[np.argsort(atoms.get_distances(p[0], s, mic=True))]
    return atoms, positions, p, s, nearest


def found(run):
    atoms, positions, p, s, _ = run
    return bonds(positions, np.tile(atoms.cell.array, (len(positions), 1, 1)), p, s, LONGEST, FRAMES)


def pull(run, frames):
    """Take the nearest S of the first P two Angstrom further off."""
    atoms, positions, p, _, nearest = run
    vector = atoms.get_distance(p[0], nearest[0], mic=True, vector=True)
    positions[frames, nearest[0]] += 2.0 * vector / np.linalg.norm(vector)


def test_each_p_has_four_bonds_that_hold(run):
    result = found(run)
    assert (result.count, result.openings) == (4 * len(run[2]), [])
    assert 2.1 < result.longest < 2.5


def test_a_bond_that_stays_open_is_named_with_its_first_frame(run):
    pull(run, slice(20, 20 + FRAMES + 1))
    result = found(run)
    assert [(one.centre, one.ligand, one.frame) for one in result.openings] == [(run[2][0], run[4][0], 20)]
    assert result.longest == pytest.approx(4.1, abs=0.2)


def test_an_excursion_is_none(run):
    pull(run, slice(20, 20 + FRAMES))
    result = found(run)
    assert result.openings == [] and result.longest > 3.9


def test_a_run_shorter_than_the_time_opens_nothing(run):
    atoms, positions, p, s, _ = run
    assert bonds(positions[:3], np.tile(atoms.cell.array, (3, 1, 1)), p, s, LONGEST, FRAMES).openings == []


def test_no_bonds_at_all(run):
    atoms, positions, p, s, _ = run
    result = bonds(positions, np.tile(atoms.cell.array, (40, 1, 1)), p, s, 1.5, FRAMES)
    assert (result.count, result.openings) == (0, [])
