"""Whether relaxed cells in neighbouring fields are one state that the field changes, or two.

On one branch the energy is the work of the field, dU = -p.dE, and the dipole answers linearly to small steps. The same holds for the
difference of two cells on their branches, such as a defect's and the perfect cell's, where the response of the crystal drops out.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from esgap.physics.frenkel import CellState

BRANCH = 0.01  # eV in one step of the field, ten times what smooth response leaves of `energy_jump`
RESPONSE = 0.1  # of the energy of the response in a step, that its third order may have; of any size of cell
SOFT = 1.0  # eV/Angstrom^2, curvature of the soft motions that a minimisation ends with
DIPOLE = 0.25  # e Angstrom: an ion of charge 0.5 that goes to a place half an Angstrom away
NONLINEAR = 0.5  # of the linear response, by which the dipole of a softening branch may be off
SAME_ENERGY, SAME_DIPOLE = 0.002, 0.05  # eV, e Angstrom: cells this near to each other in one field are one state


def energy_jump(before: CellState, after: CellState, step: np.ndarray) -> float:
    """What of the energy between two fields, `step` apart (V/Angstrom, shape (3,)), is not work of the field, in eV.

    On one branch U2 - U1 + (p1 + p2).(E2 - E1)/2 vanishes to third order in the step. Far below zero: the cell fell into
    another state on the way, whatever the occupation of its sites; what a minimisation has left undone counts too, see `jump_limit`.
    """
    return after.energy - before.energy + 0.5 * float((before.dipole + after.dipole) @ step)


def jump_limit(before: CellState, after: CellState, step: np.ndarray) -> float:
    """How much of `energy_jump` (eV) says nothing of another state: BRANCH, RESPONSE of the energy dp.dE/2 that the response has in the step, and
    what the forces left in both cells may still give, F^2/(2 SOFT): 0.003 eV for 500 atoms relaxed to 0.01 eV/Angstrom, but too much to tell a state by
    for forces of 0.3."""
    response = 0.5 * abs(float((after.dipole - before.dipole) @ step))
    return BRANCH + RESPONSE * response + (before.squared_force + after.squared_force) / (2 * SOFT)


def dipole_jump(earlier: CellState, before: CellState, after: CellState, ratio: float) -> float:
    """How far the dipole is off the linear response of the step before, e Angstrom; `ratio`: this step over that one, along one direction."""
    return float(np.linalg.norm(after.dipole - before.dipole - ratio * (before.dipole - earlier.dipole)))


def dipole_limit(earlier: CellState, before: CellState, ratio: float) -> float:
    """How much of `dipole_jump` (e Angstrom) says nothing of another state: DIPOLE, and NONLINEAR of the linear response."""
    return DIPOLE + NONLINEAR * ratio * float(np.linalg.norm(before.dipole - earlier.dipole))


def leaves(states: Sequence[CellState], fields: np.ndarray) -> str:
    """Why the last of `states` is not the state of the one before in its own field; empty when it is.

    `states`: in a sweep along one direction, the first one at its start; `fields`: (n, 3) V/Angstrom. Only the energy tells
    the first step, whose linear response is not known yet.
    """
    steps = np.diff(fields, axis=0)
    before, after = states[-2:]
    jump = energy_jump(before, after, steps[-1])
    if abs(jump) > jump_limit(before, after, steps[-1]):
        return f"{jump:+.3f} eV besides the work of the field"
    if len(states) > 2:
        ratio = float(np.linalg.norm(steps[-1]) / np.linalg.norm(steps[-2]))
        jump = dipole_jump(states[-3], before, after, ratio)
        if jump > dipole_limit(states[-3], before, ratio):
            return f"dipole {jump:.2f} e Angstrom off the linear response"
    return ""


def branches(cells: Sequence[CellState], fields: Sequence[tuple], continued: Sequence[tuple[int, int]]) -> np.ndarray:
    """The branch of each cell, (n,) numbers from 0 in the order in which they were met.

    Two cells are on one branch when a sweep went from one to the other without a jump (`continued`: pairs of indices), or when they have the same
    energy and the same dipole in the same field (`fields`: a name of the field of each cell).
    """
    links = list(continued)
    for i, one in enumerate(cells):
        for j in range(i):
            if fields[i] == fields[j] and _same(one, cells[j]):
                links.append((i, j))
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(cells), len(cells)))
    labels = connected_components(graph, directed=False)[1]
    order = {label: number for number, label in enumerate(dict.fromkeys(labels.tolist()))}
    return np.array([order[label] for label in labels.tolist()], dtype=int)


def _same(one: CellState, other: CellState) -> bool:
    return abs(one.energy - other.energy) < SAME_ENERGY and float(np.linalg.norm(one.dipole - other.dipole)) < SAME_DIPOLE
