"""Displacements around a defect carried from one supercell to another."""

import numpy as np
import pytest
from ase.geometry import find_mic
from ase.io import read
from places import CIF

from esgap.physics.supercell import carry, periodic_part


@pytest.fixture(scope="module")
def unit():
    return read(CIF)


def field_of(atoms, centre, cell):
    """A displacement that depends on the place beside the defect alone, and ends before its images."""
    vectors, distances = find_mic(atoms.positions - centre, cell)
    return vectors * np.exp(-((distances / 1.5) ** 2))[:, None]


@pytest.mark.parametrize("small, large", [((1, 2, 1), (2, 3, 2)), ((1, 2, 1), (1, 2, 1)), ((2, 3, 2), (1, 2, 1))])
def test_the_same_displacements_around_the_same_defect(unit, small, large):
    """Also where the defect lies across a face of the cell."""
    for centre in (unit.positions[3], unit.positions[0] - 0.4 * unit.cell[0] + 0.3 * unit.cell[2]):
        one, other = unit.repeat(small), unit.repeat(large)
        carried = carry(field_of(one, centre, one.cell), unit, small, large, centre)
        np.testing.assert_allclose(carried, field_of(other, centre, other.cell), atol=2e-3)
        assert np.abs(carried).max() > 0.1


def test_what_repeats_from_cell_to_cell(unit):
    one = np.random.default_rng(1).normal(size=(len(unit), 3))
    np.testing.assert_allclose(periodic_part(np.tile(one, (4, 1)), len(unit)), one, rtol=1e-12)
