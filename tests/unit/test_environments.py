"""Neighbours against ASE's."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from esgap.environments import Environment, neighbours
from esgap.errors import EsgapError

CELL = np.array([[3.1, 0.2, -0.4], [1.9, 4.2, 0.3], [-1.5, 0.9, 5.6]])


@pytest.mark.parametrize("pbc", [True, False, (True, False, True)])
@pytest.mark.parametrize("cutoff", [2.5, 7.0])
def test_neighbours_are_those_of_ase(pbc, cutoff):
    rng = np.random.default_rng(0)
    atoms = Atoms("LiPS2Li2", scaled_positions=rng.uniform(*((-1.5, 1.5) if pbc is True else (-0.5, 0.8)), (6, 3)), cell=CELL, pbc=pbc)  # some outside the cell
    found, expected = (np.column_stack([i, j, d]) for i, j, d in (neighbours(atoms, cutoff), neighbor_list("ijD", atoms, cutoff)))
    assert len(found) == len(expected) > 1
    order = [rows[np.lexsort(rows.round(6).T)] for rows in (found, expected)]
    np.testing.assert_allclose(*order, atol=1e-12)
    assert (np.diff(found[:, 0]) >= 0).all()


def test_molecule_without_a_cell_and_single_atom():
    i, j, vectors = neighbours(Atoms("Li2", positions=[[0, 0, 0], [0, 3, 0]]), 4.0)
    assert i.tolist() == [0, 1] and j.tolist() == [1, 0] and vectors.tolist() == [[0, 3, 0], [0, -3, 0]]
    assert len(neighbours(Atoms("Li"), 4.0)[0]) == 0


def test_structure_of_some_centres_is_a_part_of_the_whole():
    atoms = Atoms("LiPS", positions=[[0, 0, 0], [2, 0, 0], [0, 2.2, 0.3]], cell=CELL, pbc=True)
    around = Environment(atoms, 4.0)
    z, first, neighbour_z, vectors = around.structure(np.array([0, 2])).arrays
    assert z.tolist() == [3, 16] and len(neighbour_z) == first[-1] == len(vectors)
    wanted = np.isin(around.i, [0, 2])
    np.testing.assert_array_equal(vectors, around.vectors[wanted])
    np.testing.assert_array_equal(neighbour_z, atoms.numbers[around.j[wanted]])


def test_atoms_on_one_place_are_one_sentence():
    for places in ([[1, 1, 1], [1, 1, 1]], [[1, 1, 1], CELL.sum(0) + 1]):
        with pytest.raises(EsgapError, match="two atoms of Li2 lie on one place"):
            Environment(Atoms("Li2", positions=places, cell=CELL, pbc=True), 3.0)
