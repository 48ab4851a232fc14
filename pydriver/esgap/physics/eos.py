"""Equation of state of Birch and Murnaghan: Birch, Phys. Rev. 71, 809 (1947), doi:10.1103/PhysRev.71.809."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import curve_fit

from esgap.errors import EsgapError
from esgap.physics.estimate import LEVEL, Estimate, standard_errors

PARAMETERS = 4
METHOD = "least squares, Student's t on the scatter about the curve"


@dataclass(frozen=True)
class EquationOfState:
    """The fitted curve, in the units of the data: energy, volume, energy/volume."""

    energy: Estimate
    volume: Estimate
    bulk_modulus: Estimate
    derivative: Estimate  # dB/dP
    residuals: np.ndarray  # data minus curve


def birch_murnaghan(volume, energy, minimum, bulk_modulus, derivative):
    """E(V), third order: E0 + 9 V0 B0/16 [(x - 1)^3 B0' + (x - 1)^2 (6 - 4 x)], x = (V0/V)^(2/3)."""
    x = (minimum / np.asarray(volume)) ** (2 / 3)
    return energy + 9 / 16 * minimum * bulk_modulus * ((x - 1) ** 3 * derivative + (x - 1) ** 2 * (6 - 4 * x))


def pressure(volume, minimum, bulk_modulus, derivative):
    """P(V) = -dE/dV of `birch_murnaghan`."""
    x = (minimum / np.asarray(volume)) ** (1 / 3)
    return 1.5 * bulk_modulus * (x**7 - x**5) * (1 + 0.75 * (derivative - 4) * (x**2 - 1))


def fit(volumes: np.ndarray, energies: np.ndarray, level: float = LEVEL) -> EquationOfState:
    """Fit energy against volume.

    Raises EsgapError: fewer than five volumes, or energies that have no minimum in reach of the curve.
    """
    volumes, energies = np.asarray(volumes, float), np.asarray(energies, float)
    if len(np.unique(volumes)) <= PARAMETERS:
        raise EsgapError(f"{len(np.unique(volumes))} volumes cannot give the {PARAMETERS} parameters of the curve and their intervals: give five or more")
    minimum, bulk_modulus = _start(volumes, energies)
    # About 1 each: volumes over V0, energies over V0 B0 from the lowest.
    x, scale = volumes / minimum, minimum * bulk_modulus
    try:
        best, covariance = curve_fit(birch_murnaghan, x, (energies - energies.min()) / scale, p0=[0.0, 1.0, 1.0, 4.0])
    except RuntimeError as error:
        raise EsgapError(f"the equation of state does not fit the energies ({error}): look at them, an ion may have jumped") from error
    factors = np.array([scale, minimum, bulk_modulus, 1.0])
    reach = standard_errors(len(volumes) - PARAMETERS, level) * np.sqrt(np.diag(covariance)) * factors
    values = best * factors + [energies.min(), 0.0, 0.0, 0.0]
    estimates = [Estimate(float(v), float(v - r), float(v + r), METHOD, level) for v, r in zip(values, reach)]
    return EquationOfState(*estimates, residuals=energies - birch_murnaghan(volumes, *values))


def _start(volumes: np.ndarray, energies: np.ndarray) -> tuple[float, float]:
    """Volume and bulk modulus at the minimum of a parabola."""
    centre = volumes.mean()
    a, b, _ = np.polyfit(volumes - centre, energies, 2)
    if a <= 0 or not 0.5 * volumes.min() < centre - b / (2 * a) < 2 * volumes.max():
        raise EsgapError("the energies have no minimum near the volumes: choose `volumes` around the relaxed one (kind relax gives it)")
    minimum = centre - b / (2 * a)
    return minimum, 2 * a * minimum
