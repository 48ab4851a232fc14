"""What a committee calls outside the data: the same defect in a small and in a large cell."""

import numpy as np
import pytest

from esgap.studies.committee import Committee

USUAL, CELL = 1e-3, 0.042  # eV/atom, eV: of held-out cells of 42 atoms
MEMBERS = np.random.default_rng(3).normal(size=(2, 16))


def cells(atoms: int, defect: float) -> tuple[np.ndarray, np.ndarray]:
    """Deviations (eV) of a crystal, 0.4 of the usual an atom and alike in all cells, and of one with a defect that is uncertain by `defect` eV."""
    crystal, alone = (row / np.sqrt(np.mean(row**2)) for row in MEMBERS)
    return 0.4 * USUAL * atoms * crystal, 0.4 * USUAL * atoms * crystal + defect * alone


@pytest.mark.parametrize("atoms", [42, 504])
def test_a_defect_outside_the_data_is_told_in_cells_of_any_size(atoms):
    committee = Committee(usual=USUAL, cell=CELL)
    crystal, bad = cells(atoms, 0.1)
    assert committee.problem(bad, atoms, crystal).startswith("outside the data") and "difference" in committee.problem(bad, 504, crystal)
    assert committee.problem(crystal, atoms) == committee.problem(crystal, atoms, crystal) == "", "a large cell of the crystal is none"
    assert committee.problem(cells(atoms, 0.03)[1], atoms, crystal) == "", "a defect that is as well known as the data"


def test_whole_cells_are_compared_by_atom():
    committee = Committee(usual=USUAL)
    assert committee.problem(3.5 * cells(42, 0.0)[0], 42).startswith("outside the data: the energy is uncertain by 1.4 meV/atom")
    assert Committee().problem(np.empty(0), 42, np.empty(0)) == ""
