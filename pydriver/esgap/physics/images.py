"""What a dipole in a periodic cell has from its own images, in a medium that screens, and what an isolated one would cost.

The cell is repeated with conducting boundary (tin-foil), as by Ewald sums and with no macroscopic field. The lattice sum of
dipoles: doi:10.1063/1.1324708; for a cube it is -2 pi C p^2/(3 eps V), doi:10.1103/PhysRevB.51.4014. A medium with
dielectric tensor eps is empty space in the coordinates eps^(-1/2) r, with charges divided by sqrt(det eps), doi:10.1103/PhysRevB.87.094111.

What to put in for a pair of defects: its dipole in the relaxed cell without macroscopic field. A uniform medium adds no moment to
it at zero field, so it is the source of the screened field far away. The energy goes with 1/V; the next orders (the moment that the
field of the images induces, higher multipoles) with 1/V^2 and V^(-5/3). Elastic images go with 1/V as well and are not in it.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import erfc

from esgap.errors import EsgapError
from esgap.physics.estimate import Estimate, standard_errors
from esgap.units import COULOMB

REACH = 7.0  # widths of the Gaussians at which sums end: exp(-49)
ASYMMETRY = 0.1  # of a dielectric tensor, relative to its largest element: more is no noise


def image_energy(dipole: np.ndarray, cell: np.ndarray, dielectric: np.ndarray | float = 1.0) -> float:
    """Energy (eV) of a dipole with its periodic images, conducting boundary: U = p.T.p/2.

    `dipole`: (3,) e Angstrom; `cell`: rows a, b, c in Angstrom; `dielectric`: number or (3, 3), relative permittivity of the
    medium between the dipoles. Take it off an energy of the periodic cell for that of an isolated dipole. Raises EsgapError as `image_tensor`.
    """
    dipole = np.asarray(dipole, float)
    return float(0.5 * dipole @ image_tensor(cell, dielectric) @ dipole)


def image_tensor(cell: np.ndarray, dielectric: np.ndarray | float = 1.0) -> np.ndarray:
    """T of `image_energy`, (3, 3) in eV/(e Angstrom)^2; -T.p is the field of the images at the dipole, V/Angstrom.

    With x = eps^(-1/2) r the screened interaction of two dipoles is that in empty space, divided by sqrt(det eps):
    T = eps^(-1/2) T0(cell eps^(-1/2)) eps^(-1/2) / sqrt(det eps). Raises EsgapError when `dielectric` is not symmetric and positive.
    """
    squeeze = inverse_root(dielectric)
    return squeeze @ _empty_space(np.asarray(cell, float) @ squeeze) @ squeeze * np.linalg.det(squeeze)


def inverse_root(dielectric: np.ndarray | float) -> np.ndarray:
    """eps^(-1/2), (3, 3), of a number or a tensor. Raises EsgapError when it is not symmetric within ASYMMETRY, or not positive."""
    tensor = np.eye(3) * dielectric if np.ndim(dielectric) == 0 else np.asarray(dielectric, float)
    off = np.abs(tensor - tensor.T).max() / np.abs(tensor).max()
    values, vectors = np.linalg.eigh((tensor + tensor.T) / 2)
    if off > ASYMMETRY or values.min() <= 0:
        said = f"is not symmetric (by {off:.2f} of its largest element)" if off > ASYMMETRY else f"has the principal value {values.min():.3g}"
        raise EsgapError(f"the dielectric tensor {said}, expected a symmetric one with positive values: check the dipoles in small fields that it came from")
    return vectors / np.sqrt(values) @ vectors.T


def _empty_space(cell: np.ndarray) -> np.ndarray:
    """T of a lattice of dipoles in empty space by Ewald's sum, eV/(e Angstrom)^2."""
    volume = abs(np.linalg.det(cell))
    g = np.sqrt(np.pi) / np.cbrt(volume)  # 1/Angstrom: both sums take as many terms
    r, k = lattice_points(cell, REACH / g), lattice_points(2 * np.pi * np.linalg.inv(cell).T, 2 * g * REACH)
    r2, k2 = (r**2).sum(axis=1), (k**2).sum(axis=1)
    gauss = 2 * g / np.sqrt(np.pi) * np.exp(-(g**2) * r2)
    along = erfc(g * np.sqrt(r2)) / r2**1.5 + gauss / r2
    across = (3 * along + 2 * g**2 * gauss) / r2
    real = along.sum() * np.eye(3) - np.einsum("n,ni,nj", across, r, r)
    fourier = 4 * np.pi / volume * np.einsum("n,ni,nj", np.exp(-k2 / (4 * g**2)) / k2, k, k)
    return COULOMB * (real + fourier - 4 * g**3 / (3 * np.sqrt(np.pi)) * np.eye(3))


def lattice_points(cell: np.ndarray, reach: float) -> np.ndarray:
    """All points of a lattice but the origin within `reach`, (n, 3), in the unit of `cell` (rows)."""
    most = np.floor(reach * np.linalg.norm(np.linalg.inv(cell), axis=0)).astype(int)
    points = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij"), axis=-1).reshape(-1, 3) @ cell
    squared = (points**2).sum(axis=1)
    return points[(squared > 0) & (squared <= reach**2)]


def ionic_dielectric(fields: np.ndarray, dipoles: np.ndarray, volume: float) -> np.ndarray:
    """The dielectric tensor of a cell from its dipoles, relaxed in small fields: eps = 1 + 4 pi C (dp/dE)/V, symmetrised.

    `fields`: (n, 3) V/Angstrom, as they act on the charges of the model (a scale of the field included); `dipoles`: (n, 3) e Angstrom of the
    perfect cell in them; `volume`: Angstrom^3. Least squares p = p0 + alpha.E. Raises EsgapError when the fields do not span three
    directions, or the response is far from symmetric.
    """
    fields, dipoles = np.asarray(fields, float), np.asarray(dipoles, float)
    rows = np.column_stack([np.ones(len(fields)), fields])
    if np.linalg.matrix_rank(rows) < 4:
        raise EsgapError(f"{len(fields)} fields do not give a dielectric tensor: take at least two fields, zero among them, along each of three directions")
    response = np.linalg.lstsq(rows, dipoles, rcond=None)[0][1:]
    tensor = np.eye(3) + 4 * np.pi * COULOMB / volume * response
    inverse_root(tensor)
    return (tensor + tensor.T) / 2


def isolated(energies: Sequence[float], volumes: Sequence[float]) -> Estimate:
    """What energies (eV) of one defect in cells of several volumes (Angstrom^3) tend to: the intercept of a line in 1/V.

    Give energies with the electrostatic images taken off, or those of a potential without charges: what is left, elastic images above
    all, goes with 1/V as well when the cells have one shape. The interval is that of the line's scatter; two cells give none.
    Raises EsgapError for fewer than two different volumes.
    """
    inverse = 1 / np.asarray(volumes, float)
    if len(set(np.round(inverse / inverse.max(), 6))) < 2:
        raise EsgapError(f"{len(inverse)} cells of one size give no extrapolation: compute the pair in a second supercell")
    rows = np.column_stack([np.ones(len(inverse)), inverse])
    best = np.linalg.lstsq(rows, np.asarray(energies, float), rcond=None)[0]
    method, freedom = f"line in 1/V through {len(inverse)} cells", len(inverse) - 2
    if not freedom:
        return Estimate(float(best[0]), method=method)
    variance = ((energies - rows @ best) ** 2).sum() / freedom * np.linalg.inv(rows.T @ rows)[0, 0]
    half = standard_errors(freedom) * np.sqrt(variance)
    return Estimate(float(best[0]), float(best[0] - half), float(best[0] + half), method)
