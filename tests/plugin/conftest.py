"""Structures and files that several style tests share."""

import pytest
from ase.io import read
from harness import write_charged
from places import CIF


@pytest.fixture(scope="session")
def li7p3s11():
    """The 42-atom triclinic crystal, displaced by a fixed random 0.05 Angstrom so that no force vanishes by symmetry."""
    atoms = read(CIF)
    atoms.rattle(0.05, seed=7)
    return atoms


@pytest.fixture
def data_file(tmp_path):
    """A function that writes atoms as `tmp_path/NAME` (types Li P S = 1 2 3, atom style charge)."""

    def write_data(atoms, name="data.test", order=("Li", "P", "S"), charges=(0.5, 2.5, -1.0)):
        return write_charged(tmp_path / name, atoms, order, charges)

    return write_data
