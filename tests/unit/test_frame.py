"""Rotation between ASE's frame and LAMMPS's, and the data file, checked by reading it back."""

import numpy as np
import pytest
from ase.calculators.lammps import Prism
from ase.io import read
from pathlib import Path

from esgap.lammps.frame import from_lammps_tensor, from_lammps_vector, to_lammps_vector

CIF = Path(__file__).parents[2] / "inputs" / "structures" / "li7p3s11.cif"


@pytest.fixture
def turned():
    """The triclinic crystal in a frame that is not LAMMPS's."""
    atoms = read(CIF)
    atoms.rotate(37, (1, 2, 3), rotate_cell=True)
    return atoms


def test_cell_becomes_lower_triangular(turned):
    cell = to_lammps_vector(turned.cell.array, turned.cell.array)
    np.testing.assert_allclose(cell[np.triu_indices(3, 1)], 0, atol=1e-12)
    np.testing.assert_allclose(cell, Prism(turned.cell.array).get_lammps_prism()[[[0, 3, 4], [3, 1, 5], [4, 5, 2]]] * np.tri(3), atol=1e-9)


def test_there_and_back(turned):
    vectors = np.random.default_rng(2).standard_normal((5, 3))
    there = to_lammps_vector(vectors, turned.cell.array)
    assert np.abs(there - vectors).max() > 0.1
    np.testing.assert_allclose(from_lammps_vector(there, turned.cell.array), vectors, atol=1e-14)


def test_tensor_turns_like_the_product_of_its_vectors(turned):
    a, b = np.random.default_rng(3).standard_normal((2, 3))
    tensor = np.outer(to_lammps_vector(a, turned.cell.array), to_lammps_vector(b, turned.cell.array))
    np.testing.assert_allclose(from_lammps_tensor(tensor, turned.cell.array), np.outer(a, b), atol=1e-14)
