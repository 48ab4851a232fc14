"""Atoms that fall into each other are found, also through the boundary of a triclinic cell."""

import numpy as np

from esgap.physics.integrity import overlap

CELL = np.array([[9.0, 0.0, 0.0], [3.0, 8.0, 0.0], [-2.0, 1.0, 7.0]])

ELEMENTS = np.array(["Li", "P", "S"])


def test_two_atoms_fall_into_each_other():
    cells = np.broadcast_to(CELL, (50, 3, 3))
    positions = np.repeat(np.array([[[0.1, 0.1, 0.1], [4.0, 4.0, 3.0], [0.2, 0.1, 0.1]]]), 50, axis=0)
    positions[:, 2] = CELL[2] + [0.1, 0.1, 1.2]  # 1.1 Angstrom from the image of the first
    assert overlap(positions, cells, ELEMENTS) is None
    positions[30:, 2, 2] -= 0.3
    frame, pair, distance = overlap(positions, cells, ELEMENTS)
    assert (frame, pair) == (30, (0, 2)) and abs(distance - np.sqrt(0.1**2 + 0.8**2)) < 0.2


def test_bonds_to_hydrogen_are_short():
    """O-H at 0.97 Angstrom is a bond, at 0.4 an accident; Li-S at 0.97 is one."""
    cells = np.broadcast_to(CELL, (5, 3, 3))
    positions = np.zeros((5, 2, 3))
    positions[:, 1, 2] = 0.97
    assert overlap(positions, cells, np.array(["O", "H"])) is None
    assert overlap(positions, cells, np.array(["Li", "S"]))[:2] == (0, (0, 1))
    positions[3:, 1, 2] = 0.4
    assert overlap(positions, cells, np.array(["O", "H"]))[:2] == (3, (0, 1))
