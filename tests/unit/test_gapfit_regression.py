"""Weights, evidence and left-out errors of the blockwise factorisation against dense algebra written out."""

import numpy as np
import pytest
from gapfit_toys import configuration, sparse_points
from scipy.linalg import block_diag
from scipy.stats import multivariate_normal

from esgap.errors import EsgapError
from esgap.gapfit import fit as module
from esgap.gapfit.fit import Fit, predict
from esgap.gapfit.regression import Factorisation, prior_factor
from esgap.gapfit.targets import Target
from esgap.gapfit.terms import Sparse

E0 = {3: -1.0, 15: -2.0, 16: -3.0}
JITTER = 1e-6  # large: a well-conditioned toy, where dense algebra is exact enough to compare with


def targets(count=6):
    rng = np.random.default_rng(1)
    out = []
    for k in range(count):
        atoms = configuration(k, "LiSPSLi" if k % 2 else "LiSPS")
        virial = rng.normal(size=(3, 3))
        energy = sum(E0[z] for z in atoms.numbers) + rng.normal()
        forces = rng.normal(size=(len(atoms), 3))
        out.append(Target(atoms, energy, forces, virial + virial.T, 0.02, rng.uniform(0.1, 0.3, len(atoms)), 0.3))
    out[1] = Target(out[1].atoms, out[1].energy, sigma_energy=0.01)
    out[2] = Target(out[2].atoms, None, out[2].forces, None, sigma_forces=0.2)
    out[3] = Target(out[3].atoms, None, None, out[3].virial, sigma_virial=0.1)
    return out


@pytest.fixture(scope="module")
def fit():
    return Fit(targets(), sparse_points(), E0, jitter=JITTER)


@pytest.fixture(scope="module")
def dense(fit):
    """K_NM, K_MM, y, sigma."""
    ts = fit.targets
    prior = block_diag(*(s.covariance() for s in fit.sparse)) + JITTER * np.eye(len(fit.weights))
    return (
        np.concatenate([t.rows(fit.kernel) for t in ts]),
        prior,
        np.concatenate([t.values(E0) for t in ts]),
        np.concatenate([t.sigmas() for t in ts]),
    )


def test_weights_are_those_of_the_normal_equations(fit, dense):
    k, prior, y, sigma = dense
    expected = np.linalg.solve(k.T @ (k / sigma[:, None] ** 2) + prior, k.T @ (y / sigma**2))
    np.testing.assert_allclose(fit.weights, expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())


def test_sigmas_of_energy_and_virial_grow_with_the_root_of_the_size():
    t = targets()[0]
    np.testing.assert_allclose(t.sigmas()[[0, -1]], np.sqrt(4) * np.array([0.02, 0.3]))
    assert len(t.sigmas()) == t.count == 1 + 12 + 6
    np.testing.assert_allclose(t.sigmas()[1:13], np.repeat(t.sigma_forces, 3))


def test_evidence_is_the_density_of_the_labels(fit, dense):
    k, prior, y, sigma = dense
    covariance = k @ np.linalg.solve(prior, k.T) + np.diag(sigma**2)
    assert fit.factor.log_evidence() == pytest.approx(multivariate_normal(cov=covariance).logpdf(y), rel=1e-8)
    c = fit.weights
    assert fit.factor.misfit() == pytest.approx(np.sum(((y - k @ c) / sigma) ** 2) + c @ prior @ c, rel=1e-9)


def test_left_out_errors_are_those_of_fits_without_the_configuration(fit):
    left_out = fit.left_out()
    for k, target in enumerate(fit.targets):
        others = [t for i, t in enumerate(fit.targets) if i != k]
        again = Fit(others, fit.sparse, E0, jitter=JITTER)
        energy, forces, _ = predict(again.kernel, again.weights, target.atoms, E0)
        if target.energy is None:
            assert np.isnan(left_out.energy[k])
        else:
            assert left_out.energy[k] == pytest.approx((energy - target.energy) / len(target.atoms), rel=1e-6, abs=1e-8)
        if target.forces is None:
            assert left_out.forces[k] is None
        else:
            np.testing.assert_allclose(left_out.forces[k], forces - target.forces, rtol=1e-6, atol=1e-8)


def test_blocks_and_kept_rows_do_not_change_the_fit(fit, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 1)
    monkeypatch.setattr(module, "KEEP", 0)
    done = []
    again = Fit(fit.targets, fit.sparse, E0, jitter=JITTER, threads=1, progress=lambda *numbers: done.append(numbers))
    np.testing.assert_allclose(again.weights, fit.weights, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(again.left_out().energy, fit.left_out().energy, rtol=1e-7, atol=1e-10)
    assert done == [(k, 6) for k in range(1, 7)]


def test_singular_values():
    r = np.triu(np.random.default_rng(0).normal(size=(30, 30)))
    largest, *_, smallest = np.linalg.svd(r, compute_uv=False)
    assert Factorisation(r).singular_values(200) == pytest.approx((largest, smallest), rel=0.02)


def test_dependent_sparse_points_are_one_sentence():
    pair = sparse_points()[0]
    double = Sparse(pair.term, np.repeat(pair.points, 2, axis=0))
    with pytest.raises(EsgapError, match="the 10 sparse points of a distance_2b term depend on each other"):
        prior_factor([double], jitter=0.0)
    assert len(prior_factor([double])) == 10  # the default mends it


def test_labels_that_are_not_finite_and_no_labels_are_refused():
    bad = targets()[1]
    with pytest.raises(EsgapError, match="not finite"):
        Fit([Target(bad.atoms, np.nan)], sparse_points(), E0)
    with pytest.raises(EsgapError, match="nothing to fit"):
        Fit([Target(bad.atoms)], sparse_points(), E0)
