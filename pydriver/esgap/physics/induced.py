r"""Induced dipoles beside fixed charges: what ions do whose electrons give way to the field of the others.

Every charge q_i and dipole mu_i is a Gaussian density of one width, so that two charges interact as KE erf(eta r) / r. The interaction is
smooth, and the whole of it is one sum over reciprocal vectors (tin-foil boundary):

  U = 1/2 sum_k w(k) |S(k)|^2 - self + KE/2 sum_i mu_i^2 (1/alpha_i - s) - sum_i mu_i . E,   w(k) = 4 pi KE / V exp(-k^2 / 4 eta^2) / k^2,
  S(k) = sum_i (q_i + i k . mu_i) exp(i k . x_i),   s = 4 eta^3 / (3 sqrt(pi)),

with dipoles that minimise U. s takes out the interaction of a dipole with itself, so alpha_i is the polarisability of the ion by itself.
B. T. Thole, Chem. Phys. 59, 341 (1981), doi:10.1016/0301-0104(81)85176-2 (smeared dipoles); A. Toukmaji et al., J. Chem. Phys. 113, 10913
(2000), doi:10.1063/1.1324708 (lattice sums). Units: eV, Angstrom, e, V/Angstrom; polarisabilities in Angstrom^3.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from esgap.errors import EsgapError
from esgap.units import COULOMB

ACCURACY = 1e-6  # of the Gaussian where the sum ends


@dataclass(frozen=True)
class Ions:
    """Charges (N,) in e, polarisabilities (N,) in Angstrom^3 (0: none), and eta in 1/Angstrom."""

    charges: np.ndarray
    polarisabilities: np.ndarray
    eta: float


@dataclass(frozen=True)
class Response:
    """Energy in eV, forces (N, 3) in eV/Angstrom, and the dipoles (N, 3) in e Angstrom."""

    energy: float
    forces: np.ndarray
    dipoles: np.ndarray


def self_interaction(eta: float) -> float:
    """s, 1/Angstrom^3."""
    return 4 * eta**3 / (3 * np.sqrt(np.pi))


def respond(positions: np.ndarray, cell: np.ndarray, ions: Ions, field: np.ndarray | None = None, of_charges: bool = True) -> Response:
    """The ions with the dipoles that minimise U; `of_charges`: with the energy of the charges among themselves.

    positions (N, 3), cell (3, 3), field (3,). Raises EsgapError where U has no minimum: dipoles that strengthen each other without end.
    """
    k, w = waves(cell, ions.eta)
    root, phases = np.sqrt(w), np.exp(1j * positions @ k.T)
    of_q = ions.charges @ phases
    where = ions.polarisabilities > 0
    dipoles = np.zeros((len(positions), 3))
    stiffness = COULOMB * (1 / ions.polarisabilities[where] - self_interaction(ions.eta))
    outer = np.zeros(3) if field is None else np.asarray(field, float)
    if where.any():
        # rows of sqrt(w) i k exp(i k . x), real and imaginary parts side by side: their products are those of S(k)
        rows = (1j * k.T * phases[where][:, None, :] * root).reshape(-1, len(w))
        rows = np.hstack([rows.real, rows.imag])
        driving = rows @ np.hstack([(of_q * root).real, (of_q * root).imag]) - np.tile(outer, int(where.sum()))
        matrix = rows @ rows.T
        matrix[np.diag_indices(len(matrix))] += np.repeat(stiffness, 3)
        dipoles[where] = _minimum(matrix, driving).reshape(-1, 3)
    weights = ions.charges[:, None] + 1j * dipoles @ k.T
    total = (weights * phases).sum(axis=0)
    forces = -((1j * weights * phases * total.conj() * w).real @ k)
    energy = 0.5 * float(w @ (np.abs(total) ** 2)) + 0.5 * float(stiffness @ (dipoles[where] ** 2).sum(axis=1)) - float(dipoles.sum(axis=0) @ outer)
    of_charges_alone = 0.5 * float(w @ (np.abs(of_q) ** 2))
    if of_charges:
        energy -= COULOMB * ions.eta / np.sqrt(np.pi) * float((ions.charges**2).sum())
    else:
        energy -= of_charges_alone
        forces += (1j * ions.charges[:, None] * phases * of_q.conj() * w).real @ k
    return Response(energy, forces, dipoles)


def waves(cell: np.ndarray, eta: float, accuracy: float = ACCURACY) -> tuple[np.ndarray, np.ndarray]:
    """Half of the reciprocal vectors (n, 3) in 1/Angstrom up to where the Gaussian is `accuracy`, and w(k) doubled for the other half."""
    longest = 2 * eta * np.sqrt(-np.log(accuracy))
    counts = [int(longest * length / (2 * np.pi)) for length in np.linalg.norm(cell, axis=1)]
    integers = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in counts), indexing="ij"), axis=-1).reshape(-1, 3)
    first = np.take_along_axis(integers, (integers != 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    k = integers[first > 0] @ (2 * np.pi * np.linalg.inv(cell).T)
    square = (k**2).sum(axis=1)
    k, square = k[square <= longest**2], square[square <= longest**2]
    return k, 8 * np.pi * COULOMB / abs(np.linalg.det(cell)) * np.exp(-square / (4 * eta**2)) / square


def _minimum(matrix: np.ndarray, driving: np.ndarray) -> np.ndarray:
    try:
        return cho_solve(cho_factor(matrix, lower=True), -driving)
    except np.linalg.LinAlgError as error:
        raise EsgapError(
            "the induced dipoles strengthen each other without end (polarisation catastrophe): take smaller polarisabilities or a smaller eta (wider densities)"
        ) from error
