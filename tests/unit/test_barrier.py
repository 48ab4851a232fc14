"""Paths on surfaces whose saddles are known."""

from functools import partial

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.fd import calculate_numerical_forces
from ase.cell import Cell

from esgap.physics import barrier as b
from esgap.physics.field import field_vector

CELL = np.array([[9.0, 0.0, 0.0], [2.0, 8.0, 0.0], [-3.0, 1.0, 7.0]])
LI = np.full(2, 3)


def surface(positions: np.ndarray, height: float = 0.3, curvature: float = 2.0, bow: float = 0.0, tilt: float = 0.0):
    """Energy and forces of atom 0 on height (1 - (x^2 - 1)^2 ... ): wells at x = -1 and 1, the floor along y = bow (1 - x^2)."""
    x, y, z = positions[:, 0].T
    off = y - bow * (1 - x**2)
    energies = height * (x**2 - 1) ** 2 + curvature / 2 * (off**2 + z**2) + tilt * x
    forces = np.zeros_like(positions)
    forces[:, 0, 0] = -(4 * height * x * (x**2 - 1) + curvature * off * 2 * bow * x + tilt)
    forces[:, 0, 1] = -curvature * off
    forces[:, 0, 2] = -curvature * z
    return b.Path(positions, energies, forces)


def straight(x: np.ndarray, bow: float = 0.0) -> np.ndarray:
    """Images of two atoms: atom 0 at (x, bow (1 - x^2), 0), atom 1 at rest."""
    rows = np.zeros((len(x), 2, 3))
    rows[:, 0, 0], rows[:, 0, 1] = x, bow * (1 - x**2)
    rows[:, 1] = 4.0
    return rows


def test_barriers_of_a_double_well():
    found = b.barrier(surface(straight(np.linspace(-1, 1, 7))))
    assert (found.forward, found.back, found.difference) == pytest.approx((0.3, 0.3, 0.0), abs=1e-12)
    assert found.saddle == 3
    assert found.length == pytest.approx(2.0, rel=1e-12)
    assert (found.force_along, found.force_across) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert found.excess == pytest.approx(0.0, abs=1e-12)


def test_tilted_wells_have_other_barriers_back():
    """With a force q E = 0.05 along x the saddle of h (x^2-1)^2 + t x lies where 4 h x (x^2-1) + t = 0."""
    low, saddle, high = sorted(np.roots([1.2, 0, -1.2, 0.05]).real)
    energy = lambda x: 0.3 * (x**2 - 1) ** 2 + 0.05 * x  # noqa: E731
    images = np.append(np.linspace(low, saddle, 5), np.linspace(saddle, high, 4)[1:])
    found = b.barrier(surface(straight(images), tilt=0.05))
    assert found.forward == pytest.approx(energy(saddle) - energy(low), rel=1e-12)
    assert found.back == pytest.approx(energy(saddle) - energy(high), rel=1e-12)
    assert found.difference == pytest.approx(energy(high) - energy(low), rel=1e-9)


def test_the_profile_goes_through_energies_and_slopes():
    """A quartic between five images: the cubic Hermite spline is off by at most h^4 E''''/384; E'''' = 24 height."""
    path = surface(straight(np.linspace(-1, 1, 5)))
    curve = b.profile(path)
    s = np.linspace(0, 2, 201)
    assert np.abs(curve(s) - 0.3 * ((s - 1) ** 2 - 1) ** 2).max() <= 0.5**4 * 24 * 0.3 / 384 * 1.0001
    np.testing.assert_allclose(curve(curve.x), path.energies, rtol=0, atol=1e-14)


def test_excess_of_a_saddle_between_images():
    path = surface(straight(np.array([-1.0, -0.4, 0.4, 1.0])))
    assert b.barrier(path).excess == pytest.approx(0.3 - path.energies.max(), rel=0.1)
    assert any("more images" in text for text in b.problems(path, 10.0, CELL, LI))


def test_forces_along_and_across_a_bent_path():
    """In a bent valley, along and across its floor; beside a straight one, the spring k d pulls across."""
    x = np.linspace(-1, 1, 201)
    path = surface(straight(x, bow=0.5), bow=0.5)
    along, across = b.force_parts(path, 50)
    floor, force = np.array([1.0, 0.5]) / np.hypot(1.0, 0.5), path.forces[50, 0, :2]  # the valley's direction at x = -0.5
    assert along == pytest.approx(abs(force @ floor), rel=2e-2)
    assert across == pytest.approx(np.linalg.norm(force - (force @ floor) * floor), abs=1e-2)
    beside = straight(x)
    beside[:, 0, 2] += 0.1
    assert b.force_parts(surface(beside), 100) == pytest.approx((0.0, 0.2), abs=1e-12)


def test_field_part():
    dipoles = np.array([[0.1, 0, 0], [0.6, 0, 0.2], [1.0, 0, 0]])
    assert b.field_part(np.array([0.2, 0.5, -1.0]), dipoles, 1) == pytest.approx(-(0.5 * 0.2 - 0.2), rel=1e-12)


def test_unwrap_and_align_over_a_boundary():
    first = np.array([[8.9, 0.1, 0.0], [4.0, 4.0, 4.0], [2.0, 2.0, 2.0]])
    last = first + [0.4, -0.3, 0.2]  # a drift of all
    last[0] += [0.5, 0.0, 0.0]  # and a hop
    wrapped = Cell(CELL).scaled_positions(last) % 1.0 @ CELL
    assert np.abs(wrapped - last).max() > 5
    np.testing.assert_allclose(b.align(first, wrapped, CELL, np.array([1, 2])) - first, [[0.5, 0, 0], [0, 0, 0], [0, 0, 0]], atol=1e-12)
    path = np.array([first, wrapped, first])
    np.testing.assert_allclose(b.unwrap(path, CELL)[1:], [last, first], atol=1e-12)


@pytest.mark.parametrize("kind", ["linear", "idpp"])
def test_first_paths_keep_their_ends(kind):
    first = np.array([[0.0, 0, 0], [2.0, 0.2, 0], [4.0, 4.0, 3.0]])
    last = first.copy()
    last[0] = [4.0, 0, 0]
    make = b.linear if kind == "linear" else partial(b.idpp, cell=np.eye(3) * 12)
    path = make(first, last, images=5)
    np.testing.assert_allclose(path[[0, -1]], [first, last], rtol=0, atol=1e-12)
    nearest = np.linalg.norm(path[:, 0] - path[:, 1], axis=1).min()
    assert nearest == pytest.approx(0.2, abs=1e-9) if kind == "linear" else nearest > 1.2  # IDPP goes around


def test_intermediate_minimum_is_found_and_splits_the_path():
    x = np.linspace(-2, 2, 9)
    path = b.Path(straight(x), 0.2 * np.sin(np.pi * x / 2) ** 2, np.zeros((9, 2, 3)))
    path.forces[:, 0, 0] = -0.2 * np.pi / 2 * np.sin(np.pi * x)
    assert b.intermediate_minima(path) == [4]
    assert b.intermediate_minima(path, depth=0.21) == []
    one, two = path.part(0, 4), path.part(4, 8)
    assert [b.barrier(part).forward for part in (one, two)] == pytest.approx([0.2, 0.2], abs=1e-12)
    assert b.intermediate_minima(one) == b.intermediate_minima(two) == []


def test_a_minimum_beside_an_end_belongs_to_that_end():
    """The first image stands 0.3 Angstrom beside the minimum: it is that state, not relaxed."""
    x = np.array([-2.3, -1.0, 0.0, 1.0, 2.0])
    path = b.Path(straight(x), 0.2 * np.sin(np.pi * x / 2) ** 2, np.zeros((5, 2, 3)))
    path.forces[:, 0, 0] = -0.2 * np.pi / 2 * np.sin(np.pi * x)
    assert b.intermediate_minima(path) == [2]


def test_tangent_at_an_extremum_leans_to_the_higher_neighbour():
    """Henkelman 2000, eqs. 8 to 11: the step to the higher neighbour counts with the larger difference of energy."""
    positions = np.zeros((3, 1, 3))
    positions[1, 0], positions[2, 0] = [1, 0, 0], [1, 1, 0]
    path = b.Path(positions, np.array([0.0, 3.0, 2.0]), np.zeros((3, 1, 3)))
    np.testing.assert_allclose(b.tangent(path, 1), np.array([[1, 3, 0]]) / np.sqrt(10), rtol=1e-12)
    np.testing.assert_allclose(b.tangent(b.Path(positions, np.array([2.0, 3.0, 0.0]), path.forces), 1), np.array([[3, 1, 0]]) / np.sqrt(10), rtol=1e-12)
    np.testing.assert_allclose(b.tangent(b.Path(positions, np.array([0.0, 1.0, 2.0]), path.forces), 1), [[0, 1, 0]], rtol=1e-12)


def test_idpp_forces_are_its_gradient():
    atoms = Atoms("Li4", positions=np.random.default_rng(3).uniform(0, 4, (4, 3)), cell=CELL, pbc=True)
    first, second = np.triu_indices(4, 1)
    atoms.calc = b.Idpp(np.full(6, 2.5), first, second, np.zeros((6, 3)))
    np.testing.assert_allclose(atoms.get_forces(), calculate_numerical_forces(atoms, eps=1e-5), rtol=1e-5, atol=1e-8)


def test_a_path_moved_to_other_ends():
    path = straight(np.linspace(-1, 1, 5))
    first, last = path[0] + [0.1, 0, 0], path[-1] + [0, 0.2, 0] + CELL[1]
    moved = b.between(path, first, last, CELL)
    np.testing.assert_allclose(moved[:, 0] - path[:, 0], np.linspace([0.1, 0, 0], [0, 0.2, 0], 5), rtol=0, atol=1e-12)


def test_fields_along_axes_and_cell_vectors():
    np.testing.assert_allclose(field_vector("y", -0.3, CELL), [0, -0.3, 0])
    np.testing.assert_allclose(field_vector("b", 0.5, CELL), 0.5 * CELL[1] / np.linalg.norm(CELL[1]))
    np.testing.assert_allclose(field_vector("-", 0.0, CELL), 0)
    np.testing.assert_allclose(field_vector("0,3,-4", 0.5, CELL), [0, 0.3, -0.4])


def test_collapsed_images():
    positions = straight(np.array([-1.0, -0.5, -0.49, 0.4, 1.0]))
    assert b.collapsed(positions) == [2]
    assert b.collapsed(straight(np.linspace(-1, 1, 5))) == []
    assert b.collapsed(straight(np.zeros(3))) == [1, 2]


def test_exchange_is_told_from_a_row_that_moves_up():
    first = np.array([[0.0, 0, 0], [2.0, 0, 0], [4.0, 0, 0], [4.0, 3.0, 3.0]])
    swapped = first[[1, 0, 2, 3]]
    assert b.exchanged(first, swapped, np.eye(3) * 12, np.full(4, 3)) == [[0, 1]]
    assert b.exchanged(first, swapped, np.eye(3) * 12, np.array([3, 11, 3, 3])) == []  # unlike ions cannot change names
    row = first + [[2.0, 0, 0], [2.0, 0, 0], [2.0, 0, 0], [0, 0, 0]]
    assert b.exchanged(first, row, np.eye(3) * 12, np.full(4, 3)) == []


@pytest.mark.parametrize(
    "x, phrase",
    [
        (np.linspace(-1.05, -0.95, 5), "the two ends are one state"),
        (np.linspace(-1, 0, 5), "no saddle: the highest image is the last"),
        (np.linspace(0, 1, 5), "no saddle: the highest image is the first"),
        (np.linspace(-1, 0.9, 7), "saddle not proved: a force of"),
        (np.array([-1, -0.5, -0.49, 0, 0.4, 1.0]), "images collapsed: 3"),
        (np.array([-1, -0.5, 0, 0.04]), "hardly a barrier back: 0.0010 eV"),
    ],
)
def test_problems_are_named(x, phrase):
    found = b.problems(surface(straight(x)), 0.01, CELL, LI)
    assert any(text.startswith(phrase) for text in found), found


def test_a_good_path_has_no_problem():
    assert b.problems(surface(straight(np.linspace(-1, 1, 7))), 0.01, CELL, LI) == []
