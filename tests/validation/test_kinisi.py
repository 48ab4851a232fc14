"""Mean squared displacements and D* against kinisi (doi:10.21105/joss.05984), whose regression samples a posterior."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipp as sc
from kinisi.diffusion import Diffusion
from kinisi.displacement import calculate_msd
from walks import walk

from esgap.physics.displacement import Run, mean_squared_displacement, slope, without_drift

INTERVAL, START = 0.2, 4.0  # ps


@pytest.mark.parametrize("seed", range(6))
def test_msd_and_diffusion_coefficient(seed):
    w = walk("independent", seed)
    positions = without_drift(w.positions, w.mobile)
    mine = slope([Run(positions, INTERVAL)], START)
    lags = np.unique(np.round(np.geomspace(mine.start, mine.stop, 10) / INTERVAL).astype(int))
    theirs = _kinisi(positions, np.append(lags, len(positions) - 1))  # the last lag tells it the length of the run
    np.testing.assert_allclose(theirs["da"].values[:-1], mean_squared_displacement(positions)[lags], rtol=1e-9, atol=0)
    fit = Diffusion(theirs)
    fit.bayesian_regression(sc.scalar(START, unit="ps"), progress=False, random_state=np.random.RandomState(seed))
    draws = np.asarray(fit.gradient.values) / 6
    print(f"kinisi {draws.mean():.4f} +- {draws.std():.4f}, esgap {mine.value:.4f} +- {mine.windows:.4f}, true {w.diffusion:.4f}")
    assert mine.value == pytest.approx(draws.mean(), abs=0.5 * draws.std())
    assert 0.6 < mine.windows / draws.std() < 1.1  # overlapping windows are counted here


def _kinisi(positions: np.ndarray, lags: np.ndarray) -> sc.DataGroup:
    """kinisi's MSD of displacements given as they are: its own unwrapping takes cells for orthogonal."""
    trajectory = SimpleNamespace(
        displacements=sc.array(dims=["obs", "particle", "dimension"], values=positions[1:] - positions[0], unit="angstrom"),
        dt_index=sc.array(dims=["time interval"], values=lags),
        dt=sc.array(dims=["time interval"], values=lags * INTERVAL, unit="ps"),
        dimensionality=sc.scalar(3.0),
    )
    return calculate_msd(trajectory, progress=False)
