"""The choice of what to label, against dense linear algebra."""

import numpy as np
import pytest
from scipy.linalg import cholesky

from esgap.gapfit.informative import after_labels, gain, informative

M, CANDIDATES = 12, 30


@pytest.fixture
def posterior():
    """R and the covariance of the weights."""
    random = np.random.default_rng(3)
    a = random.normal(size=(40, M))
    return cholesky(a.T @ a), np.linalg.inv(a.T @ a)


@pytest.fixture
def rows():
    return np.random.default_rng(4).normal(size=(CANDIDATES, 1, M)) * np.linspace(0.5, 8, CANDIDATES)[:, None, None]


def test_one_row_each_is_pivoted_cholesky_of_the_posterior_covariance(posterior, rows):
    """Each choice is the largest variance that those before leave, with the noise of their labels, 1 in these units."""
    r, covariance = posterior
    flat = rows[:, 0]
    found = informative(r, rows, lambda k: rows[k], 6)
    left = flat @ covariance @ flat.T
    for chosen, information in zip(found.chosen, found.gains, strict=True):
        masked = left.diagonal().copy()
        masked[found.chosen[: found.chosen.index(chosen)]] = -np.inf
        assert chosen == np.argmax(masked)
        assert information == pytest.approx(0.5 * np.log1p(left[chosen, chosen]), rel=1e-10)
        left = left - np.outer(left[:, chosen], left[chosen]) / (1 + left[chosen, chosen])
    assert len(set(found.chosen)) == 6


def test_several_rows_and_the_posterior_after_them(posterior, rows):
    r, covariance = posterior
    block = np.concatenate(rows[:5])
    assert gain(r, block) == pytest.approx(0.5 * np.linalg.slogdet(np.eye(5) + block @ covariance @ block.T)[1], rel=1e-10)
    after = after_labels(r, block)
    np.testing.assert_allclose(after.T @ after, np.linalg.inv(covariance) + block.T @ block, rtol=1e-10, atol=1e-8)
    assert np.allclose(np.tril(after, -1), 0, atol=0) and np.allclose(np.tril(r, -1), 0, atol=0)


def test_a_copy_of_what_was_chosen_comes_last(posterior, rows):
    """Diversity: the largest variance twice, and others that are small but new."""
    r, _ = posterior
    candidates = [rows[-1], rows[-1], 0.2 * rows[3], 0.2 * rows[5]]
    exact = [100 * row for row in candidates]  # labels without noise to speak of
    assert informative(r, candidates, lambda k: exact[k], 4).chosen[0] == 0
    assert informative(r, candidates, lambda k: exact[k], 4).chosen[-1] == 1
    assert len(informative(r, candidates, lambda k: exact[k], 99).chosen) == 4 and informative(r, [], None, 3).chosen == []
