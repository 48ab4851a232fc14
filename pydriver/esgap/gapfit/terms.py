"""The terms of a GAP: descriptor, kernel, and sparse points. Units: eV, Angstrom.

A term is what stands between <gpCoordinates> and </gpCoordinates> of a file of gap_fit, less the weights. Formulas:
A. P. Bartok, R. Kondor, G. Csanyi, Phys. Rev. B 87, 184115 (2013), doi:10.1103/PhysRevB.87.184115.
"""

from dataclasses import dataclass

import numpy as np

from esgap.errors import EsgapError

L_LIMIT, N_LIMIT = 20, 64  # of the evaluator
NARROWEST = 0.01  # Angstrom, of a cutoff that is not sharp


@dataclass(frozen=True)
class Pair:
    """`distance_2b`: a squared-exponential kernel of the distance of two atoms of the elements `z1` and `z2`."""

    z1: int
    z2: int
    cutoff: float
    cutoff_transition_width: float = 0.5
    delta: float = 1.0  # eV
    theta: float = 1.0  # Angstrom

    dimensions = 1
    kind = "distance_2b"

    def __post_init__(self):
        _check_cutoff(self)
        _check(self, "delta", self.delta > 0, "above 0")
        _check(self, "theta", self.theta > 0, "above 0")

    def cutoff_factors(self, points: np.ndarray) -> np.ndarray:
        """c_s: the cutoff function at each sparse point, as gap_fit writes it (`sparseCutoff`)."""
        return cutoff_function(points[:, 0], self.cutoff, self.cutoff_transition_width)

    def covariance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """delta^2 exp(-(a - b)^2 / (2 theta^2)), shape (len(a), len(b)), for distances in columns."""
        return self.delta**2 * np.exp(-0.5 * ((a - b.T) / self.theta) ** 2)

    def line(self, n_sparse: int, method: str) -> str:
        return (
            f"distance_2b Z1={self.z1} Z2={self.z2} cutoff={self.cutoff!r} cutoff_transition_width={self.cutoff_transition_width!r} "
            f"covariance_type=ard_se delta={self.delta!r} theta_uniform={self.theta!r} sparse_method={method} n_sparse={n_sparse} add_species=F"
        )


@dataclass(frozen=True)
class Soap:
    """`soap`: the kernel delta^2 (p . p')^zeta of the normalised power spectra of atoms of the element `z`."""

    z: int
    species: tuple[int, ...]
    n_max: int
    l_max: int
    atom_sigma: float
    cutoff: float
    cutoff_transition_width: float = 0.5
    central_weight: float = 1.0
    delta: float = 1.0  # eV
    zeta: float = 4.0

    kind = "soap"

    def __post_init__(self):
        _check_cutoff(self)
        _check(self, "n_max", 1 <= self.n_max <= N_LIMIT, f"from 1 to {N_LIMIT}")
        _check(self, "l_max", 0 <= self.l_max <= L_LIMIT, f"from 0 to {L_LIMIT}")
        _check(self, "zeta", self.zeta >= 1, "at least 1")
        for name in ("atom_sigma", "delta"):
            _check(self, name, getattr(self, name) > 0, "above 0")
        _check(self, "species", self.z in self.species or self.central_weight == 0, f"with the centre's own {self.z} in it")

    @property
    def dimensions(self) -> int:
        channels = len(self.species) * self.n_max
        return channels * (channels + 1) // 2 * (self.l_max + 1) + 1

    def cutoff_factors(self, points: np.ndarray) -> np.ndarray:
        return np.ones(len(points))

    def covariance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """delta^2 (a . b)^zeta, shape (len(a), len(b)), for power spectra in rows."""
        return self.delta**2 * np.maximum(a @ b.T, 0.0) ** self.zeta

    def descriptor(self) -> str:
        """The line that `esgap.calculators.Descriptor` and quippy take."""
        species = " ".join(map(str, self.species))
        return (
            f"soap n_max={self.n_max} l_max={self.l_max} atom_sigma={self.atom_sigma!r} cutoff={self.cutoff!r} "
            f"cutoff_transition_width={self.cutoff_transition_width!r} central_weight={self.central_weight!r} "
            f"Z={self.z} n_species={len(self.species)} species_Z={{{species}}}"
        )

    def line(self, n_sparse: int, method: str) -> str:
        return (
            f"{self.descriptor()} covariance_type=dot_product zeta={self.zeta:g} delta={self.delta!r} "
            f"sparse_method={method} n_sparse={n_sparse} add_species=F"
        )


Term = Pair | Soap


@dataclass(frozen=True)
class Sparse:
    """A term and its sparse points, shape (count, term.dimensions).

    factors (count,): c_s, by which the weights of a file are multiplied. By default those of gap_fit. They change the
    potential through the jitter alone; 1 keeps weights of points near the cutoff small.
    """

    term: Term
    points: np.ndarray
    method: str = "file"
    factors: np.ndarray = None

    def __post_init__(self):
        if self.points.ndim != 2 or self.points.shape[1] != self.term.dimensions:
            raise EsgapError(f"sparse points of shape {self.points.shape} for a {self.term.kind} term, expected (count, {self.term.dimensions}): give others")
        if self.factors is None:
            object.__setattr__(self, "factors", self.term.cutoff_factors(self.points))

    def __len__(self) -> int:
        return len(self.points)

    def covariance(self) -> np.ndarray:
        """K_MM of this term's weights: covariances of the sparse points, times their cutoff factors c_s c_s'."""
        return self.term.covariance(self.points, self.points) * np.outer(self.factors, self.factors)


def cutoff_function(r: np.ndarray, cutoff: float, width: float) -> np.ndarray:
    """1 below cutoff - width, then half a cosine down to 0 at the cutoff."""
    inside = np.asarray(r) < cutoff - width
    falling = 0.5 * (1 + np.cos(np.pi * (np.asarray(r) - cutoff + width) / width)) if width > 0 else np.zeros_like(r)
    return np.where(inside, 1.0, np.where(np.asarray(r) < cutoff, falling, 0.0))


def _check_cutoff(term) -> None:
    _check(term, "cutoff", 0 < term.cutoff <= 100, "above 0 and at most 100 Angstrom")
    width = term.cutoff_transition_width
    _check(term, "cutoff_transition_width", width == 0 or NARROWEST <= width <= term.cutoff, f"0, or from {NARROWEST} Angstrom to the cutoff")


def _check(term, name: str, good: bool, expected: str) -> None:
    if not good:
        raise EsgapError(f"{term.kind} has {name} = {getattr(term, name)}, expected {expected}: correct it")
