"""A potential drop at an interface, the field that it is, and what a field does to the occupation of defects (Fig. 4 of doi:10.1021/acsaem.1c02363)."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator, make_interp_spline
from scipy.special import expit

from esgap.errors import EsgapError
from esgap.units import BOLTZMANN


@dataclass(frozen=True)
class Profile:
    """One value a depth, from the interface into the crystal."""

    depth: np.ndarray  # (n,) Angstrom, increasing
    potential: np.ndarray  # (n,) V
    field: np.ndarray  # (n,) V/Angstrom along the depth, -d potential/d depth


def exponential(depth: np.ndarray, drop: float, length: float) -> Profile:
    """potential = drop exp(-depth/length): screened by charges in the crystal, Debye and Hueckel's profile; `drop` in V, `length` in Angstrom."""
    depth = np.asarray(depth, float)
    potential = drop * np.exp(-depth / length)
    return Profile(depth, potential, potential / length)


def linear(depth: np.ndarray, drop: float, length: float) -> Profile:
    """potential = drop (1 - depth/length) up to `length`, where the drop ends: a layer without charges."""
    depth = np.asarray(depth, float)
    inside = depth < length
    return Profile(depth, np.where(inside, drop * (1 - depth / length), 0.0), np.where(inside, drop / length, 0.0))


def tabulated(depth: np.ndarray, potential: np.ndarray, points: int) -> Profile:
    """Through the points of a table, at `points` depths evenly between its ends: monotone cubic pieces, which do not overshoot (doi:10.1137/0717021).

    Raises EsgapError for fewer than three points, depths that do not increase, nan.
    """
    depth, potential = np.asarray(depth, float), np.asarray(potential, float)
    if len(depth) < 3 or not np.isfinite([depth, potential]).all() or (np.diff(depth) <= 0).any():
        raise EsgapError(f"the table of the potential has {len(depth)} points, expected three or more finite numbers with increasing depth: look at the file")
    curve = PchipInterpolator(depth, potential)
    at = np.linspace(depth[0], depth[-1], points)
    return Profile(at, curve(at), -curve.derivative()(at))


class EnergyCurve:
    """Formation energy between the fields at which it was computed: a spline of third order, lower for few points, never beyond its ends."""

    def __init__(self, fields: np.ndarray, energies: np.ndarray, order: int = 3):
        """`fields` (n,) V/Angstrom, each once; `energies` (n,) eV; `order` 1: straight lines, for a curve with kinks. Raises EsgapError for fewer than two fields."""
        if len(fields) < 2:
            raise EsgapError(f"{len(fields)} field does not give energies between fields: compute the pair in two fields at least")
        rising = np.argsort(fields)
        self.fields, self.energies, self.order = np.asarray(fields, float)[rising], np.asarray(energies, float)[rising], order
        self._spline = make_interp_spline(self.fields, self.energies, k=min(order, len(fields) - 1))

    def __call__(self, field: np.ndarray) -> np.ndarray:
        """Energies (eV) at `field` (V/Angstrom); nan beyond the ends."""
        field = np.asarray(field, float)
        near = np.clip(field, self.fields[0], self.fields[-1])
        return np.where(np.isclose(near, field, rtol=0, atol=1e-9), self._spline(near), np.nan)

    def miss(self) -> float | None:
        """By how much (eV) the curve through all other points misses an inner one at most; None for fewer than four points."""
        if len(self.fields) < 4:
            return None
        others = ((k, np.delete(np.arange(len(self.fields)), k)) for k in range(1, len(self.fields) - 1))
        return max(abs(float(EnergyCurve(self.fields[rest], self.energies[rest], self.order)(self.fields[k]) - self.energies[k])) for k, rest in others)


def site_fraction(energy: np.ndarray, temperature: float) -> np.ndarray:
    """1/(1 + exp(E_f/kT)): how many of the sites of a pair hold one, pairs not seeing each other; `energy` in eV, `temperature` in K."""
    return expit(-np.asarray(energy, float) / (BOLTZMANN * temperature))
