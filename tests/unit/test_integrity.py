"""Atoms that fall into each other are found, also through the boundary of a triclinic cell."""

import numpy as np

from esgap.physics.integrity import overlap

CELL = np.array([[9.0, 0.0, 0.0], [3.0, 8.0, 0.0], [-2.0, 1.0, 7.0]])


def test_two_atoms_fall_into_each_other():
    cells = np.broadcast_to(CELL, (50, 3, 3))
    positions = np.repeat(np.array([[[0.1, 0.1, 0.1], [4.0, 4.0, 3.0], [0.2, 0.1, 0.1]]]), 50, axis=0)
    positions[:, 2] = CELL[2] + [0.1, 0.1, 1.2]  # 1.1 Angstrom from the image of the first
    assert overlap(positions, cells) is None
    positions[30:, 2, 2] -= 0.3
    assert overlap(positions, cells) == (30, (0, 2))
