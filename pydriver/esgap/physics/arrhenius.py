"""Conductivity against temperature: sigma T = A exp(-E_a / kB T)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from esgap.errors import EsgapError
from esgap.physics.estimate import LEVEL, Estimate, standard_errors
from esgap.units import BOLTZMANN

DRAWS = 20_000


@dataclass(frozen=True)
class Arrhenius:
    """A fit of ln(sigma T) against 1/T."""

    activation_energy: Estimate  # eV
    prefactor: Estimate  # mS K/cm
    straight: float  # probability of deviations from the line as large as these when it is one; nan for two temperatures
    draws: np.ndarray  # (DRAWS, 2) intercept and slope of ln(sigma T) against 1/T

    def conductivity(self, temperature: float) -> Estimate:
        """sigma (mS/cm) on the line at `temperature` (K), interval from the draws."""
        return _interval(np.exp(self.draws @ [1, 1 / temperature]) / temperature, f"Arrhenius line at {temperature:g} K")


def arrhenius(temperatures: Sequence[float], sigmas: Sequence[Estimate], seed: int = 0) -> Arrhenius:
    """Fit conductivities (mS/cm) at `temperatures` (K): each sigma is drawn on a logarithmic scale from its interval.

    Raises EsgapError: fewer than two temperatures, or a conductivity that is not above zero.
    """
    inverse = 1 / np.asarray(temperatures, float)
    if len(np.unique(inverse)) < 2:
        raise EsgapError("an Arrhenius line needs two temperatures or more: add some under `temperatures`")
    values = np.array([sigma.value for sigma in sigmas])
    if (values <= 0).any():
        raise EsgapError("a conductivity is not above zero, so it has no place on an Arrhenius line: run longer or leave that temperature out")
    errors = np.array([(sigma.high - sigma.low) / 2 for sigma in sigmas]) / standard_errors(np.inf) / values
    logs = np.log(values / inverse)
    samples = logs + errors * np.random.default_rng(seed).standard_normal((DRAWS, len(values)))
    design = np.stack([np.ones_like(inverse), inverse], axis=1) / errors[:, None]
    solve = np.linalg.pinv(design) / errors
    best = solve @ logs
    chi2 = (((logs - np.stack([np.ones_like(inverse), inverse], axis=1) @ best) / errors) ** 2).sum()
    freedom = len(values) - 2
    draws = samples @ solve.T
    return Arrhenius(
        activation_energy=_interval(-BOLTZMANN * draws[:, 1], "Arrhenius line"),
        prefactor=_interval(np.exp(draws[:, 0]), "Arrhenius line"),
        straight=float(chdtrc(freedom, chi2)) if freedom > 0 else np.nan,
        draws=draws,
    )


def _interval(draws: np.ndarray, method: str) -> Estimate:
    low, median, high = np.quantile(draws, [0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2])
    return Estimate(float(median), float(low), float(high), method)
