"""Formation energy of a Frenkel pair in a uniform field, and which state the pair is in."""

from dataclasses import dataclass

import numpy as np
from ase.cell import Cell
from ase.geometry import get_distances

HELD = "held"


@dataclass(frozen=True)
class CellState:
    """A relaxed cell as the analysis needs it; positions unwrapped, by atom id."""

    energy: float  # eV, -E.p included
    dipole: np.ndarray  # (3,) e Angstrom
    positions: np.ndarray  # (N, 3) Angstrom


@dataclass(frozen=True)
class FormationEnergy:
    """All energies in eV; dipole in e Angstrom."""

    total: float
    frozen: float  # with the dipole of the pair at zero field
    relaxation: float  # total - frozen: what the response of the ions to the field adds
    dipole: np.ndarray  # (3,) of the pair, at this field


def formation_energy(perfect: CellState, defect: CellState, perfect0: CellState, defect0: CellState, field: np.ndarray) -> FormationEnergy:
    """E_f(E) = U[defect relaxed at E] - U[perfect relaxed at E], split into frozen dipole and relaxation.

    frozen = E_f(0) - dp(0).E with dp = p[defect] - p[perfect], dipoles against one reference.
    `field` in V/Angstrom, shape (3,), in the frame of the dipoles. Fig. 5 of doi:10.1021/acsaem.1c02363.
    """
    total = defect.energy - perfect.energy
    frozen = (defect0.energy - perfect0.energy) - (defect0.dipole - perfect0.dipole) @ field
    return FormationEnergy(total, frozen, total - frozen, defect.dipole - perfect.dipole)


def pair_state(perfect: np.ndarray, defect: np.ndarray, mobile: np.ndarray, moved: int, site: np.ndarray, cell: np.ndarray) -> str:
    """Which state a relaxed Frenkel pair is in, from the occupation of sites.

    Sites are the places of the mobile ions in the relaxed perfect cell, and `site` (Cartesian, Angstrom), the
    interstitial one; every mobile ion of the defect cell belongs to its nearest site (minimum image, drift of
    the rest of the crystal removed). `mobile`: indices of the mobile ions; `moved`: index of the one that was moved.
    Returns "held" (interstitial filled, its vacancy empty, all others at home), "fell back" (every site of the
    perfect cell filled), "hopped" (the interstitial is empty, and a site of the perfect cell too) or
    "site N emptied" (N: the id of the atom whose place is empty instead of, or beside, the vacancy).
    """
    frame = np.setdiff1d(np.arange(len(perfect)), mobile)
    drift = (defect[frame] - perfect[frame]).mean(axis=0) if len(frame) else np.zeros(3)
    sites = np.vstack([perfect[mobile], site])
    _, distances = get_distances(defect[mobile] - drift, sites, cell=Cell(cell), pbc=True)
    filled = np.bincount(distances.argmin(axis=1), minlength=len(sites)) > 0
    vacancy = int(np.flatnonzero(mobile == moved)[0])
    empty = np.flatnonzero(~filled[:-1])
    if not len(empty):
        return "fell back"
    others = [int(mobile[k]) + 1 for k in empty if k != vacancy]
    if others:
        return f"site {', '.join(map(str, others))} emptied"
    return HELD if filled[-1] else "hopped"
