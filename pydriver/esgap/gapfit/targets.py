"""What a fit is asked to reproduce: energies, forces and virials of configurations, each with its expected error."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from esgap.gapfit.kernel import Kernel

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Target:
    """One configuration of N atoms; None stands for a label that is not fitted.

    energy: eV, less the baseline; forces (N, 3): eV/Angstrom; virial (3, 3): eV, positive trace = positive pressure.
    Expected errors: sigma_energy and sigma_virial in eV per atom, sigma_forces in eV/Angstrom, (N,) or (N, 3).
    """

    atoms: Atoms
    energy: float | None = None
    forces: np.ndarray | None = None
    virial: np.ndarray | None = None
    sigma_energy: float = 0.001
    sigma_forces: np.ndarray | float = 0.1
    sigma_virial: float = 0.01

    @property
    def count(self) -> int:
        """Number of rows."""
        return (self.energy is not None) + (0 if self.forces is None else self.forces.size) + (0 if self.virial is None else 6)

    def values(self, e0: dict[int, float]) -> np.ndarray:
        """The labels less the isolated atoms in one list: energy, forces atom after atom, virial xx yy zz yz xz xy."""
        parts = []
        if self.energy is not None:
            parts.append([self.energy - sum(e0.get(z, 0.0) for z in self.atoms.numbers)])
        if self.forces is not None:
            parts.append(np.ravel(self.forces))
        if self.virial is not None:
            parts.append([0.5 * (self.virial[a, b] + self.virial[b, a]) for a, b in VOIGT])
        return np.concatenate(parts)

    def sigmas(self) -> np.ndarray:
        """Standard deviation of each of `values`.

        Energies and virials of N atoms get sigma sqrt(N), as by gap_fit: errors of atoms that do not know of each other.
        """
        scale, parts = np.sqrt(len(self.atoms)), []
        if self.energy is not None:
            parts.append([self.sigma_energy * scale])
        if self.forces is not None:
            sigma = np.asarray(self.sigma_forces, dtype=float)
            parts.append(np.broadcast_to(sigma[:, None] if sigma.ndim == 1 else sigma, self.forces.shape).ravel())
        if self.virial is not None:
            parts.append(np.full(6, self.sigma_virial * scale))
        return np.concatenate(parts)

    def rows(self, kernel: Kernel) -> np.ndarray:
        """Rows of K_NM for `values`, shape (count, M)."""
        rows = kernel.rows(self.atoms, self.forces is not None, self.virial is not None)
        parts = [rows.energy[None]] if self.energy is not None else []
        return np.concatenate(parts + [part for part in (rows.forces, rows.virial) if part is not None])
