"""The choice of sparse points and of the energies of isolated atoms."""

import numpy as np
import pytest
from ase import Atoms
from gapfit_toys import PAIRS, SOAPS, configuration

from esgap.errors import EsgapError
from esgap.gapfit import e0
from esgap.gapfit.regression import prior_factor
from esgap.gapfit.sparse import choose, cur, descriptors, farthest, independent
from esgap.gapfit.terms import Pair, Sparse

FRAMES = [configuration(seed, "LiSPSLi" if seed % 2 else "LiSPS") for seed in range(12)]


def unexplained(term, points, chosen):
    """Variance of each point, relative to delta^2, that the chosen ones leave unexplained."""
    k, cross = term.covariance(points[chosen], points[chosen]), term.covariance(points, points[chosen])
    return 1 - np.einsum("ij,ji->i", cross, np.linalg.solve(k + 1e-10 * np.eye(len(k)), cross.T)) / term.delta**2


def test_farthest_point_is_the_one_that_those_before_it_explain_worst():
    points = descriptors(SOAPS[0], FRAMES)
    assert points.shape == (18, SOAPS[0].dimensions)
    chosen = farthest(SOAPS[0], points, 8)
    assert len(set(chosen)) == 8
    for k in range(1, 8):
        assert np.argmax(unexplained(SOAPS[0], points, chosen[:k])) == chosen[k]
    assert unexplained(SOAPS[0], points, chosen).max() < 0.7 * unexplained(SOAPS[0], points, np.arange(8)).max()


def test_cur_draws_by_leverage_and_by_its_seed():
    rng = np.random.default_rng(1)
    points = np.zeros((200, 5))
    points[:, 0] = 1.0
    points[:3, 1:4] = 3 * np.eye(3)  # the only atoms in three of four directions
    drawn = [set(cur(points, 10, np.random.default_rng(seed))) for seed in range(20)]
    assert np.mean([{0, 1, 2} <= d for d in drawn]) > 0.9 and all(len(d) == 10 for d in drawn)
    assert drawn[0] == set(cur(points, 10, np.random.default_rng(0))) != drawn[1]
    assert cur(rng.normal(size=(4, 5)), 10, rng).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("method", ["cur", "farthest"])
def test_chosen_points_are_surroundings_of_the_data(method):
    choice = choose(SOAPS[1], FRAMES, 10, method)
    assert choice.remark == "" and len(choice.sparse) == 10 and choice.sparse.method == f"{method}_points"
    points = descriptors(SOAPS[1], FRAMES)
    assert all((np.abs(points - p).max(axis=1) < 1e-14).any() for p in choice.sparse.points)
    np.testing.assert_array_equal(choice.sparse.points, choose(SOAPS[1], FRAMES, 10, method).sparse.points)


def test_copies_are_dropped_with_a_sentence():
    twice = [FRAMES[0], FRAMES[0].copy(), FRAMES[2]]
    for method in ("cur", "farthest"):
        choice = choose(SOAPS[2], twice, 3, method)
        assert len(choice.sparse) == 2 and "2 are used" in choice.remark and choice.remark.startswith("soap of P with cutoff 4.3")
    pair = Sparse(PAIRS[0], np.linspace(2, 4, 60)[:, None])
    fewer = independent(pair)
    assert len(fewer.sparse) < 40 and "60 sparse points are combinations of the others" in fewer.remark
    assert len(prior_factor([fewer.sparse])) == len(fewer.sparse)


def test_pair_points_cover_the_data_and_stop_before_the_cutoff():
    choice = choose(PAIRS[0], FRAMES, 6)
    shortest = min(a.get_all_distances(mic=True)[np.ix_(a.numbers == 3, a.numbers == 16)].min() for a in FRAMES)
    points = choice.sparse.points[:, 0]
    assert points[0] == pytest.approx(shortest, abs=1e-12) and PAIRS[0].cutoff - np.diff(points)[0] == pytest.approx(points[-1])
    assert (choice.sparse.factors == 1).all()


def test_term_without_data_is_left_out_with_a_sentence():
    choice = choose(Pair(15, 15, 2.0), FRAMES, 6)
    assert choice.sparse is None and "distance_2b of P-P" in choice.remark and "left out" in choice.remark
    assert choose(SOAPS[2], [Atoms("Li2S", positions=np.eye(3) * 3, cell=[9, 9, 9], pbc=True)], 6).sparse is None


WATER = [Atoms("H2O"), Atoms("H4O2"), Atoms("H2O2")]


def test_average_is_the_mean_over_configurations():
    assert e0.average(WATER, [-3.0, -12.0, None]) == pytest.approx({1: -1.5, 8: -1.5})
    assert e0.average(WATER, [None] * 3) == {1: 0.0, 8: 0.0}


def test_isolated_atoms():
    atoms = [*WATER, Atoms("H"), Atoms("O")]
    assert e0.isolated(atoms, [-1, -2, -3, -13.6, -430.0]) == {1: -13.6, 8: -430.0}
    with pytest.raises(EsgapError, match="no isolated atom of O in the data"):
        e0.isolated(atoms[:-1], [-1, -2, -3, -13.6])
    with pytest.raises(EsgapError, match="two isolated atoms of H have different energies"):
        e0.isolated([Atoms("H"), Atoms("H")], [-13.6, -13.5])


def test_least_squares_where_the_compositions_determine_it():
    energies = [2 * -1.0 + -5.0, 4 * -1.0 + 2 * -5.0, 2 * -1.0 + 2 * -5.0]
    assert e0.least_squares(WATER, energies) == pytest.approx({1: -1.0, 8: -5.0})
    with pytest.raises(EsgapError, match="e0 of H, O are 2 unknowns, but the energies belong to 1 independent compositions"):
        e0.least_squares(WATER[:2], energies[:2])
    with pytest.raises(EsgapError, match="belong to 0 independent"):
        e0.least_squares(WATER, [None] * 3)
