"""Polyanions and the places of atoms in them."""

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.io import read
from places import CIF

from esgap.physics.polyanions import Network, environments

NETWORK = Network("P", "S", 2.75, 2.6, 3.0)


def ethane_like() -> Atoms:
    """P2S6 with a lithium at two of its sulfur atoms, another far away, and a lone sulfur."""
    angles = np.radians([0, 120, 240])
    cap = np.column_stack([2.0 * np.cos(angles), 2.0 * np.sin(angles), np.full(3, 0.7)])
    positions = [[0, 0, 1.1], [0, 0, -1.1], *(cap + [0, 0, 1.1]), *(-cap - [0, 0, 1.1])]
    atoms = Atoms("P2S6", positions=positions)
    atoms += Atoms("LiLiS", positions=[atoms.positions[2] + [2.0, 0, 1.0], [10, 10, 10], [0, 10, 0]])
    atoms.set_cell([20, 20, 20])
    atoms.pbc = True
    atoms.positions += 9.9  # across the boundary
    atoms.wrap()
    return atoms


def test_bond_of_two_centres_and_what_is_alone():
    words = environments(ethane_like(), NETWORK)
    assert words[:2] == ["centre of P2S6"] * 2 and words[2:8] == ["terminal in P2S6"] * 6
    assert words[8:] == ["at P2S6", "at none", "free"]
    broken = environments(ethane_like(), Network("P", "S", 2.75, 2.1, 3.0))
    assert broken[:8] == ["centre of PS3"] * 2 + ["terminal in PS3"] * 6


@pytest.mark.parametrize("repeat", [(1, 1, 1), (1, 2, 1)])
def test_the_crystal_has_pairs_and_tetrahedra(repeat):
    """Li7P3S11: one P2S7 and one PS4 a formula unit, whatever the images of the atoms."""
    atoms = read(CIF).repeat(repeat)
    units = 2 * np.prod(repeat)
    shifts = np.random.default_rng(0).integers(-1, 2, (len(atoms), 3))
    moved = atoms.copy()
    moved.positions += shifts @ atoms.cell.array
    for cell in (atoms, moved):
        found = Counter(word for word in environments(cell, NETWORK) if not word.startswith("at "))
        assert found == {"centre of P2S7": 2 * units, "centre of PS4": units, "bridging in P2S7": units, "terminal in P2S7": 6 * units, "terminal in PS4": 4 * units}
        assert sum(word.startswith("at ") for word in environments(cell, NETWORK)) == 7 * units
