"""Born effective charges and the permittivity of clamped ions from small fields of both signs.

Z*_{i,ab} = [F_ia(+E_b) - F_ia(-E_b)] / 2E and eps_ab = delta_ab + 4 pi k [p_a(+E_b) - p_a(-E_b)] / 2 E V, k = 1/(4 pi eps0)
(doi:10.1103/PhysRevLett.89.117602, doi:10.1103/PhysRevLett.89.157602).
"""

import numpy as np
from ase.geometry import find_mic

from esgap.units import COULOMB


def charges(plus: np.ndarray, minus: np.ndarray, field: float) -> np.ndarray:
    """Z*_{i,ab} of all atoms i and axes a for fields of +-`field` (V/Angstrom) along one axis b: (N, 3) e. `plus`, `minus`: forces in them, (N, 3) eV/Angstrom."""
    return (plus - minus) / (2 * field)


def permittivity(plus: np.ndarray, minus: np.ndarray, field: float, axis: int, cell: np.ndarray) -> np.ndarray:
    """eps_ab for all a, of the dipoles (3,) e Angstrom of the cell (rows, Angstrom) in +-`field` along axis b. The branch of the change is the one nearest to zero."""
    change = find_mic(plus - minus, cell)[0]
    return np.eye(3)[axis] + 4 * np.pi * COULOMB * change / (2 * field * abs(np.linalg.det(cell)))


def permittivity_of_energies(plus: float, zero: float, minus: float, field: float, cell: np.ndarray) -> float:
    """eps_bb of the second difference of energies (eV) in the field along b, its work on the dipole included."""
    return float(1 - 4 * np.pi * COULOMB * (plus + minus - 2 * zero) / (field**2 * abs(np.linalg.det(cell))))


def drop(field: float, axis: int, cell: np.ndarray) -> float:
    """The largest potential drop of a field along an axis over a vector of the cell, V. Beyond the gap electrons tunnel, and there is no such state."""
    return float(field * np.abs(cell[:, axis]).max())
