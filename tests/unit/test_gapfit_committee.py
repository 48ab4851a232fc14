"""Error bars: members are draws from the posterior, intervals cover a synthetic truth at their rate, files run alone."""

import numpy as np
import pytest
from gapfit_toys import configuration, sparse_points
from quippy.potential import Potential as Quippy
from scipy.linalg import solve_triangular

from esgap.calculators import GAP
from esgap.errors import EsgapError
from esgap.gapfit.committee import calibrate, coverage, members, posterior_stddev, write_members
from esgap.gapfit.fit import Fit, predict
from esgap.gapfit.kernel import Kernel
from esgap.gapfit.regression import prior_factor
from esgap.gapfit.targets import Target
from esgap.gapfit.xml import write_model

E0 = {3: 0.0, 15: 0.0, 16: 0.0}
SIGMA = {"sigma_energy": 0.01, "sigma_forces": 0.1, "sigma_virial": 0.05}
JITTER = 1e-8


@pytest.fixture(scope="module")
def truth():
    """Weights drawn from the prior, and how they label a configuration, with noise of the sigmas."""
    sparse = sparse_points(6)
    kernel, rng = Kernel(sparse), np.random.default_rng(7)
    weights = solve_triangular(prior_factor(sparse, JITTER), rng.normal(size=kernel.columns))

    def label(seed, noise=1.0):
        atoms = configuration(seed)
        energy, forces, v = predict(kernel, weights, atoms, E0)
        virial = np.array([[v[0], v[5], v[4]], [v[5], v[1], v[3]], [v[4], v[3], v[2]]])
        exact = Target(atoms, energy, forces, virial, **SIGMA)
        scatter = noise * rng.normal(size=exact.count) * exact.sigmas()
        n = 3 * len(atoms)
        xx, yy, zz, yz, xz, xy = scatter[1 + n :]
        shift = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        return Target(atoms, energy + scatter[0], forces + scatter[1 : 1 + n].reshape(-1, 3), virial + shift, **SIGMA)

    return sparse, kernel, label


@pytest.fixture(scope="module")
def fit(truth):
    sparse, _, label = truth
    return Fit([label(seed) for seed in range(8)], sparse, E0, jitter=JITTER)


def test_intervals_cover_the_truth_at_their_rate(truth, fit):
    """40 truths would be as good as 40 frames; one truth is one draw of the weights, so the rate is that of many frames on average."""
    _, kernel, label = truth
    fresh = [label(seed, noise=0.0) for seed in range(100, 180)]
    rows = np.array([kernel.rows(t.atoms, False, False).energy for t in fresh])
    errors = rows @ fit.weights - np.array([t.energy for t in fresh])
    stddevs = posterior_stddev(fit, rows)
    factor = calibrate(errors[::2], stddevs[::2])
    assert 0.5 < factor < 2.0  # the truth is of the model: nothing to correct but chance
    found = coverage(errors[1::2], factor * stddevs[1::2])
    assert found.frames == 40
    for level, share in found.share.items():
        # energies of nearby frames go together, so the scatter is larger than that of 40 independent draws
        assert abs(share - level) < 0.2, (level, share)
    narrow = coverage(errors[1::2], 0.2 * stddevs[1::2])
    assert narrow.share[0.95] < 0.6, "intervals five times too narrow must show"


def test_forces_have_the_same_factor(truth, fit):
    """On a truth of the model's own kind, energies and forces ask for the same factor: about 1."""
    _, kernel, label = truth
    fresh = [label(seed, noise=0.0) for seed in range(300, 320)]
    rows = np.concatenate([kernel.rows(t.atoms, True, False).forces for t in fresh])
    errors = rows @ fit.weights - np.concatenate([t.forces.ravel() for t in fresh])
    assert 0.5 < calibrate(errors, posterior_stddev(fit, rows)) < 2.0


def test_members_scatter_as_the_posterior_says(truth, fit):
    _, kernel, label = truth
    rows = kernel.rows(label(200).atoms, False, False).energy
    many = rows @ members(fit, 4000, factor=1.5, seed=3)
    assert many.mean() == pytest.approx(rows @ fit.weights, abs=0.1 * many.std())
    assert many.std() == pytest.approx(1.5 * posterior_stddev(fit, rows)[0], rel=0.05)
    np.testing.assert_array_equal(members(fit, 3, seed=3), members(fit, 3, seed=3))


def test_member_files_share_the_sparse_points_and_run_alone(fit, tmp_path):
    xml, *files = write_model(tmp_path / "gap.xml", fit.model("toy"))
    weights = members(fit, 2, seed=1)
    paths = write_members(fit, weights, "toy", xml, files)
    assert [p.name for p in paths] == ["gap.member-01.xml", "gap.member-02.xml"]
    assert len(list(tmp_path.iterdir())) == 1 + len(files) + 2
    for path, column in zip(paths, weights.T, strict=True):
        ours, theirs = configuration(50), configuration(50)
        ours.calc, theirs.calc = GAP(path), Quippy(param_filename=str(path))
        assert ours.get_potential_energy() == pytest.approx(predict(fit.kernel, column, ours, E0)[0], abs=1e-8)
        assert ours.get_potential_energy() == pytest.approx(theirs.get_potential_energy(), abs=1e-7)
    committee = predict(fit.kernel, weights, configuration(50), E0)
    together = GAP(xml, committee=True)
    together.calculate(configuration(50))
    np.testing.assert_allclose(together.results["committee_energies"], committee[0], rtol=0, atol=1e-8)
    assert committee[0].shape == (2,) and committee[1].shape == (5, 3, 2) and committee[2].shape == (6, 2)


def test_calibration_needs_data():
    with pytest.raises(EsgapError, match="needs energies of configurations that were not fitted"):
        calibrate(np.array([]), np.array([]))
    assert calibrate(np.array([2.0, -2.0]), np.array([1.0, 1.0])) == 2.0


def test_what_symmetry_fixes_does_not_count():
    errors, stddevs = np.array([2.0, -2.0, 2.0, 1e-4, 1e-4]), np.array([1.0, 1.0, 1.0, 0.0, 1e-12])
    assert calibrate(errors, stddevs) == 2.0
    with pytest.raises(EsgapError, match="that the weights change"):
        calibrate(errors[3:4], stddevs[3:4])
