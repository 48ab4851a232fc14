"""Normal modes from a mass-weighted matrix of second derivatives."""

import numpy as np
from ase import units

STILL = 0.3  # THz; slower modes count as neither stable nor unstable: translations, and noise of the mesh
THZ = np.sqrt(units._e / 1e-20 / units._amu) / (2 * np.pi) * 1e-12  # of a mode of 1 eV/Angstrom^2/(g/mol)


def frequencies(matrix: np.ndarray) -> np.ndarray:
    """Frequencies (THz, ascending; imaginary ones as negative numbers) of a matrix (3N, 3N) in eV/Angstrom^2/(g/mol), made symmetric."""
    squares = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    return np.sign(squares) * np.sqrt(np.abs(squares)) * THZ


def unstable(found: np.ndarray) -> int:
    """The number of unstable modes among frequencies (THz): one at a saddle."""
    return int((found < -STILL).sum())
