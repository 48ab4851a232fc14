"""Formation energy of a Frenkel pair in a uniform field, and which state the pair is in."""

from dataclasses import dataclass

import numpy as np
from ase.cell import Cell
from ase.geometry import get_distances

HELD = "held"
REACH = 1.5  # Angstrom: half of the usual distance between neighbouring Li sites


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


def emptied_sites(sites: np.ndarray, positions: np.ndarray, mobile: np.ndarray, cell: np.ndarray) -> list[int]:
    """Ids (from 1) of the mobile ions whose places in `sites` no mobile ion fills in `positions`.

    An ion fills the nearest place (minimum image, drift of the rest of the crystal removed) when it is within REACH.
    `sites`, `positions`: all atoms, (N, 3) in Angstrom; `mobile`: indices; `cell`: rows a, b, c.
    """
    shift = drift(sites, positions, mobile)
    _, distances = get_distances(positions[mobile] - shift, sites[mobile], cell=Cell(cell), pbc=True)
    filled = distances.argmin(axis=1)[distances.min(axis=1) < REACH]
    return [int(mobile[k]) + 1 for k in np.setdiff1d(np.arange(len(mobile)), filled)]


def drift(before: np.ndarray, after: np.ndarray, mobile: np.ndarray) -> np.ndarray:
    """Mean displacement (3,) of the atoms that are not mobile; zero when there is none."""
    frame = np.setdiff1d(np.arange(len(before)), mobile)
    return (after[frame] - before[frame]).mean(axis=0) if len(frame) else np.zeros(3)


def pair_state(perfect: CellState, defect: CellState, perfect0: CellState, origin: np.ndarray, mobile: np.ndarray, moved: int, cell: np.ndarray) -> str:
    """Which state a relaxed Frenkel pair is in, from the occupation of the mobile ions' places.

    `perfect0`: the perfect cell without field; `origin`: where the interstitial ion is expected, (3,) in Angstrom: its
    place without field, or the site it was put on. Returns "held", or what happened instead: "fell back" (no place of
    the perfect cell is empty), "site N emptied" (another than the vacancy that was made; N: the id of its atom),
    "hopped" (the interstitial left its origin by more than REACH), "perfect cell: site N emptied".
    """
    lost = emptied_sites(perfect0.positions, perfect.positions, mobile, cell)
    if lost:
        return f"perfect cell: site {', '.join(map(str, lost))} emptied"
    empty = emptied_sites(perfect.positions, defect.positions, mobile, cell)
    if not empty:
        return "fell back"
    others = [number for number in empty if number != moved + 1]
    if others:
        return f"site {', '.join(map(str, others))} emptied"
    place = defect.positions[moved] - drift(perfect.positions, defect.positions, mobile)
    distance = get_distances(place, origin, cell=Cell(cell), pbc=True)[1].item()
    return HELD if distance < REACH else "hopped"
