"""Dipole and polarisability of a pair of defects from its energies and dipoles in small fields."""

import numpy as np

from esgap.physics.estimate import Estimate, standard_errors
from esgap.physics.threshold import PARAMETERS, VOIGT, PairResponse, design


def response(fields: np.ndarray, energies: np.ndarray, dipoles: np.ndarray) -> PairResponse:
    """Least squares of E_f(E) = E0 - p.E - E.alpha.E/2 and -dE_f/dE = p + alpha.E together.

    `fields`: (n, 3) V/Angstrom; `energies`: (n,) eV; `dipoles`: (n, 3) e Angstrom, those of the pair in these fields. A dipole counts as the
    energy of the root mean square field on it. The covariance is that of the scatter about the fit, what is not of second order included,
    and None where no degree of freedom is left.
    """
    fields, energies, dipoles = (np.asarray(values, float) for values in (fields, energies, dipoles))
    weight = float(np.sqrt((fields**2).sum(axis=1).mean())) or 1.0
    rows = np.concatenate([design(fields), weight * dipole_design(fields).reshape(-1, PARAMETERS)])
    values = np.concatenate([energies, weight * dipoles.ravel()])
    scale = np.array([1.0] + 3 * [weight] + 6 * [weight**2])  # columns of like size
    inverse = np.linalg.pinv(rows / scale, rcond=1e-9)
    told = inverse @ (rows / scale)  # projector onto what the fields tell; its trace is the rank
    best = inverse @ values
    freedom = len(values) - round(told.trace())
    covariance = None
    if freedom > 0 and len(fields) > 1:
        variance = float(((values - rows / scale @ best) ** 2).sum()) / freedom
        covariance = variance * inverse @ inverse.T / np.outer(scale, scale)
    return PairResponse.of(best / scale, covariance, freedom, told * scale / scale[:, None])


def dipole_design(fields: np.ndarray) -> np.ndarray:
    """What the parameters are multiplied with to give the dipole: (..., 3, 10) for `fields` (..., 3) in V/Angstrom."""
    rows = np.zeros((*np.shape(fields), PARAMETERS))
    rows[..., :, 1:4] = np.eye(3)
    for k, (i, j) in enumerate(VOIGT, start=4):
        rows[..., i, k] = fields[..., j]
        rows[..., j, k] = fields[..., i]
    return rows


def estimates(found: PairResponse) -> list[Estimate | None]:
    """The ten parameters with their intervals (Student's t); None for those that the fields do not tell."""
    out = []
    for k, value in enumerate(found.parameters):
        if np.isnan(value):
            out.append(None)
        elif found.covariance is None:
            out.append(Estimate(float(value)))
        else:
            half = standard_errors(found.freedom) * float(np.sqrt(found.covariance[k, k]))
            out.append(Estimate(float(value), float(value) - half, float(value) + half, "scatter about second order in the field"))
    return out
