"""Branches of relaxed cells in a field, on models where it is known when a state is left."""

import numpy as np
import pytest

from esgap.physics.branch import branches, dipole_jump, energy_jump, jump_limit, leaves
from esgap.physics.frenkel import CellState

P0, CHI = np.array([0.3, -0.1, 0.2]), np.array([[18.0, 1.0, 0.5], [1.0, 13.0, 0.0], [0.5, 0.0, 11.0]])
X = np.array([1.0, 0.0, 0.0])


def relaxed(field, offset=0.0, dipole=(0.0, 0.0, 0.0), third=0.0, squared_force=0.0):
    """U = U0 - p0.E - E.chi.E/2 - third E_x^3/6 with p = -dU/dE: a cell at its minimum in a field."""
    field, p0 = np.asarray(field, float), P0 + np.array(dipole)
    energy = -5.0 - p0 @ field - field @ CHI @ field / 2 - third * field[0] ** 3 / 6 + offset
    return CellState(energy, p0 + CHI @ field + third * field[0] ** 2 / 2 * X, np.zeros((1, 3)), squared_force)


def sweep(values, **last):
    """Cells along x, the last one with other keywords."""
    fields = np.array([value * X for value in values])
    return [relaxed(field) for field in fields[:-1]] + [relaxed(fields[-1], **last)], fields


def test_energy_is_the_work_of_the_field_on_one_branch():
    """Nothing is left over; 0.1 eV that are no work are."""
    one, two = 0.05 * X, 0.1 * X
    assert energy_jump(relaxed(one), relaxed(two), two - one) == pytest.approx(0.0, abs=1e-12)
    assert energy_jump(relaxed(one), relaxed(two, -0.1), two - one) == pytest.approx(-0.1, abs=1e-12)


@pytest.mark.parametrize("force, told", [(0.01, True), (0.3, False)])
def test_what_a_minimisation_left_undone_is_no_other_state(force, told):
    """42 ions in springs of 2 eV/Angstrom^2, stopped at `force`, relax the rest of their way in the next field: no jump. A fall by 0.1 eV is told
    when the forces are small enough to tell it."""
    spring, count = 2.0, 42
    stopped = CellState(-5.0 + count * force**2 / (2 * spring), np.zeros(3), np.zeros((count, 3)), count * force**2)
    done, fallen = (CellState(energy, np.zeros(3), np.zeros((count, 3))) for energy in (-5.0, -5.1))
    step = np.zeros(3)
    assert abs(energy_jump(stopped, done, step)) < jump_limit(stopped, done, step)
    assert (abs(energy_jump(stopped, fallen, step)) > jump_limit(stopped, fallen, step)) == told


@pytest.mark.parametrize("sign", [1, -1])
def test_branch_goes_on_in_small_and_large_steps(sign):
    for values in ([0.0, 0.05, 0.1], [0.0, 0.05, 0.2], [0.1, 0.05, 0.0]):
        assert leaves(*sweep([sign * value for value in values])) == ""


def test_a_nonlinear_branch_goes_on():
    """A response that has grown by a third in the second step is one of a softening state, not of another one."""
    fields = np.array([0.0, 0.05, 0.1])[:, None] * X
    assert leaves([relaxed(field, third=120.0) for field in fields], fields) == ""


def test_a_fall_in_energy_leaves_the_branch():
    assert leaves(*sweep([0.0, 0.05], offset=-0.1)) == "-0.100 eV besides the work of the field"


def test_a_dipole_that_jumps_where_two_states_cross_leaves_the_branch():
    """Two states that are equal in energy in the middle of a step: the trapezoid of the work hides the jump, the dipole tells it."""
    jump = np.array([1.4, 0.0, 0.0])
    states, fields = sweep([0.0, 0.05, 0.1], dipole=jump, offset=jump[0] * 0.075)
    assert abs(energy_jump(*states[-2:], fields[2] - fields[1])) < 1e-12
    assert dipole_jump(*states, 1.0) == pytest.approx(1.4, rel=1e-12)
    assert leaves(states, fields) == "dipole 1.40 e Angstrom off the linear response"


def test_branches_join_what_is_continued_or_the_same():
    """Out 0, 1, 2 with a jump before 2; back 3 at the field of 1, 4 without field: hysteresis, until the last falls back onto the first state."""
    cells = [relaxed(0 * X), relaxed(0.05 * X), relaxed(0.1 * X, -0.3), relaxed(0.05 * X, -0.3), relaxed(0 * X, 1e-4)]
    fields = ["zero", "x+0.05", "x+0.1", "x+0.05", "zero"]
    assert branches(cells, fields, [(0, 1), (2, 3)]).tolist() == [0, 0, 1, 1, 0]
    assert branches(cells, fields, [(0, 1)]).tolist() == [0, 0, 1, 2, 0]
    assert branches(cells[:1], fields[:1], []).tolist() == [0]
