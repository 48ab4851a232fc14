"""The field at which a pair of defects costs nothing, along any direction.

E_f(E) = E0 - p.E - E.alpha.E/2 to second order: E0 the energy without field, p the dipole of the pair and alpha its polarisability
(both those of the pair less those of the perfect crystal). The interval is Fieller's: E_f is linear in (E0, p, alpha) at a given
field, so the fields at which it is zero within its own interval (Student's t where the variance is estimated) are known exactly for
normal errors, doi:10.1111/j.2517-6161.1954.tb00159.x.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from esgap.errors import EsgapError
from esgap.physics.estimate import Estimate, standard_errors

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))  # order of the six elements of alpha
PARAMETERS = 10
KNOWN = 1e-8  # how much of a combination of parameters may lie outside what the fields tell


@dataclass(frozen=True)
class PairResponse:
    """E0, p and alpha of a pair, and how well they are known; nan for each element that the fields do not tell."""

    energy: float  # eV
    dipole: np.ndarray  # (3,) e Angstrom
    polarisability: np.ndarray  # (3, 3) e Angstrom^2/V, symmetric
    covariance: np.ndarray | None = None  # (10, 10) of (energy, dipole, polarisability in the order VOIGT), of combinations that are told
    freedom: float = np.inf  # degrees of freedom of the estimated variance; inf: a covariance that is known
    told: np.ndarray | None = None  # (10, 10) projector onto the combinations that the fields tell; None: all of them
    fitted: np.ndarray | None = None  # (10,) one of those that fit, where not all are told

    @property
    def parameters(self) -> np.ndarray:
        """(10,): energy, dipole, polarisability in the order VOIGT."""
        return np.array([self.energy, *self.dipole, *(self.polarisability[i, j] for i, j in VOIGT)], float)

    @classmethod
    def of(cls, parameters: np.ndarray, covariance: np.ndarray | None = None, freedom: float = np.inf, told: np.ndarray | None = None) -> "PairResponse":
        """From `parameters`, for example of a least-squares fit with `design`."""
        single = parameters if told is None else _combined(np.eye(PARAMETERS), parameters, told)
        alpha = np.zeros((3, 3))
        for (i, j), value in zip(VOIGT, single[4:]):
            alpha[i, j] = alpha[j, i] = value
        return cls(float(single[0]), np.array(single[1:4], float), alpha, covariance, freedom, told, parameters)

    def combine(self, rows: np.ndarray) -> np.ndarray:
        """Combinations (...) of the parameters for `rows` (..., 10); nan for those that the fields do not tell."""
        return rows @ self.parameters if self.told is None else _combined(rows, self.fitted, self.told)

    def formation_energy(self, fields: np.ndarray) -> np.ndarray:
        """E_f in eV at `fields`, (..., 3) V/Angstrom; nan where the fields that were computed do not tell it."""
        return self.combine(design(fields))


def design(fields: np.ndarray) -> np.ndarray:
    """What the parameters are multiplied with to give E_f: (..., 10) for `fields` (..., 3) in V/Angstrom."""
    fields = np.asarray(fields, float)
    squares = [fields[..., i] * fields[..., j] * (0.5 if i == j else 1.0) for i, j in VOIGT]
    return np.concatenate([np.ones((*fields.shape[:-1], 1)), -fields, -np.stack(squares, axis=-1)], axis=-1)


def _combined(rows: np.ndarray, fitted: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Combinations of what was fitted; a row that is not told lacks some of its own elements when projected."""
    outside = np.where(rows != 0, rows @ told - rows, 0.0)
    return np.where(np.abs(outside).max(axis=-1) < KNOWN, rows @ fitted, np.nan)


@dataclass(frozen=True)
class Threshold:
    """Where E_f = 0 first along a direction: the field in V/Angstrom, None with a reason where there is none or nothing to look for."""

    field: Estimate | None
    reason: str = ""  # what is wrong, also with a field that is given


def threshold(response: PairResponse, direction: np.ndarray, largest: float | None = None) -> Threshold:
    """The smallest positive field along `direction` (3,) at which E_f = 0; its interval holds the fields at which E_f may be zero.

    `largest`: up to which field (V/Angstrom) the response was measured; a threshold beyond is given with that as a reason. The upper end
    is None when E_f may stay above zero at any field. Raises EsgapError when `direction` is no direction.
    """
    unit = unit_vector(direction)
    if response.energy <= 0:
        return Threshold(None, f"E_f is {response.energy:.3f} eV without field already")
    projection = _along(unit)
    energy, linear, square = coefficients = response.combine(projection)  # E_f = energy + linear E + square E^2
    if not np.isfinite(coefficients).all():
        return Threshold(None, "the fields do not tell the response along this direction")
    inside = linear**2 - 4 * square * energy
    if inside < 0 or (half := -linear + np.sqrt(inside)) <= 0:
        return Threshold(None, "E_f stays above zero along this direction")
    value = 2 * energy / half
    beyond = f"beyond the field to which the pair was followed, {largest:g} V/Angstrom" if largest is not None and value > largest else ""
    if response.covariance is None:
        return Threshold(Estimate(float(value), method="second order in the field"), beyond)
    low, high = _interval(coefficients, projection @ response.covariance @ projection.T, value, response.freedom)
    return Threshold(Estimate(float(value), low, high, "second order in the field, Fieller's interval"), beyond)


def _along(unit: np.ndarray) -> np.ndarray:
    """(3, 10): the coefficients of 1, E, E^2 in E_f along a unit vector, from the parameters."""
    rows = np.zeros((3, PARAMETERS))
    full = design(unit)
    rows[0, 0], rows[1, 1:4], rows[2, 4:] = full[0], full[1:4], full[4:]
    return rows


def _interval(coefficients: np.ndarray, covariance: np.ndarray, value: float, freedom: float) -> tuple[float, float | None]:
    """The fields around `value` where E_f^2 <= t^2 var(E_f): ends are roots of a polynomial of fourth order."""
    reach = standard_errors(freedom)
    variance = np.array([covariance[::-1].trace(offset=k) for k in range(-2, 3)])  # of E^0 ... E^4: sums over antidiagonals
    roots = np.polynomial.Polynomial(np.convolve(coefficients, coefficients) - reach**2 * variance).roots()
    real = roots.real[(np.abs(roots.imag) < 1e-7 * (np.abs(roots) + value)) & (roots.real > 0)]
    below, above = real[real <= value], real[real >= value]
    return float(below.max(initial=0.0)), float(above.min()) if len(above) else None


def unit_vector(direction: Sequence[float]) -> np.ndarray:
    """`direction` with length 1. Raises EsgapError for a zero vector, nan, or other than three numbers."""
    vector = np.asarray(direction, float)
    length = np.linalg.norm(vector) if vector.shape == (3,) else 0.0
    if not np.isfinite(length) or length == 0:
        raise EsgapError(f"{list(np.ravel(direction))} is no direction, expected three numbers that are not all zero")
    return vector / length


def circle(first: Sequence[float], second: Sequence[float], count: int = 181) -> tuple[np.ndarray, np.ndarray]:
    """Angles (count,) from 0 to 2 pi and the directions (count, 3) at them in the plane of two vectors; 0 is along `first`."""
    one = unit_vector(first)
    other = unit_vector(np.asarray(second, float) - one * np.dot(one, second))
    angles = np.linspace(0, 2 * np.pi, count)
    return angles, np.cos(angles)[:, None] * one + np.sin(angles)[:, None] * other
