"""Formation energy of a Frenkel pair in a uniform field, and which state the pair is in."""

from dataclasses import dataclass

import numpy as np
from ase.cell import Cell
from ase.geometry import get_distances

INTACT = "intact"
FEW = 4  # ions that are named
FILLED_RADIUS = 1.5  # Angstrom: half of the usual distance between neighbouring Li sites


@dataclass(frozen=True)
class CellState:
    """A relaxed cell as the analysis needs it; positions unwrapped, by atom id."""

    energy: float  # eV, -E.p included
    dipole: np.ndarray  # (3,) e Angstrom
    positions: np.ndarray  # (N, 3) Angstrom
    squared_force: float = 0.0  # (eV/Angstrom)^2, that are left, summed over the atoms


@dataclass(frozen=True)
class FormationEnergy:
    """All energies in eV; dipole in e Angstrom."""

    total: float
    frozen: float  # with the dipole of the pair at zero field
    relaxation: float  # total - frozen: what the response of the ions to the field adds
    dipole: np.ndarray  # (3,) of the pair, at this field


def formation_energy(perfect: CellState, defect: CellState, perfect_zero: CellState, defect_zero: CellState, field: np.ndarray) -> FormationEnergy:
    """E_f(E) = U[defect relaxed at E] - U[perfect relaxed at E], split into frozen dipole and relaxation.

    frozen = E_f(0) - dp(0).E with dp = p[defect] - p[perfect], dipoles against one reference.
    `field` in V/Angstrom, shape (3,), in the frame of the dipoles. Fig. 5 of doi:10.1021/acsaem.1c02363.
    """
    total = defect.energy - perfect.energy
    frozen = (defect_zero.energy - perfect_zero.energy) - (defect_zero.dipole - perfect_zero.dipole) @ field
    return FormationEnergy(total, frozen, total - frozen, defect.dipole - perfect.dipole)


def pair_of(perfect: CellState, defect: CellState) -> CellState:
    """The pair alone, what the defect has more than the perfect cell in the same field: energy E_f, dipole, forces left in both; positions of the defect."""
    return CellState(defect.energy - perfect.energy, defect.dipole - perfect.dipole, defect.positions, defect.squared_force + perfect.squared_force)


def emptied_sites(sites: np.ndarray, positions: np.ndarray, mobile: np.ndarray, cell: np.ndarray) -> list[int]:
    """Ids (from 1) of the mobile ions whose places in `sites` no mobile ion fills in `positions`.

    An ion fills the nearest place (minimum image, drift of the rest of the crystal removed) when it is within FILLED_RADIUS.
    `sites`, `positions`: all atoms, (N, 3) in Angstrom; `mobile`: indices; `cell`: rows a, b, c.
    """
    shift = drift(sites, positions, mobile)
    _, distances = get_distances(positions[mobile] - shift, sites[mobile], cell=Cell(cell), pbc=True)
    filled = distances.argmin(axis=1)[distances.min(axis=1) < FILLED_RADIUS]
    return [int(mobile[k]) + 1 for k in np.setdiff1d(np.arange(len(mobile)), filled)]


def drift(before: np.ndarray, after: np.ndarray, mobile: np.ndarray) -> np.ndarray:
    """Mean displacement (3,) of the atoms that are not mobile; zero when there is none."""
    frame = np.setdiff1d(np.arange(len(before)), mobile)
    return (after[frame] - before[frame]).mean(axis=0) if len(frame) else np.zeros(3)


def left_sites(before: CellState, after: CellState, mobile: np.ndarray, cell: np.ndarray) -> str:
    """Which ions left their places in `before`, in words; empty when all places are filled."""
    lost = emptied_sites(before.positions, after.positions, mobile, cell)
    return _left(lost) if lost else ""


def pair_state(perfect: CellState, defect: CellState, origin: np.ndarray, mobile: np.ndarray, moved: int, cell: np.ndarray) -> str:
    """Which state a relaxed Frenkel pair is in, from the occupation of the mobile ions' places in the perfect cell.

    `origin`: where the interstitial ion is expected, (3,) in Angstrom: its place without field, or the site it was put on; `moved`: its index.
    Returns "intact", or what happened instead: "recombined" (no place of the perfect cell is empty), "ion N left its site"
    (another than the vacancy that was made; N: the id of its atom), "interstitial moved" (it left its origin by more than FILLED_RADIUS).
    """
    empty = emptied_sites(perfect.positions, defect.positions, mobile, cell)
    if not empty:
        return "recombined"
    others = [number for number in empty if number != moved + 1]
    if others:
        return _left(others)
    place = defect.positions[moved] - drift(perfect.positions, defect.positions, mobile)
    distance = get_distances(place, origin, cell=Cell(cell), pbc=True)[1].item()
    return INTACT if distance < FILLED_RADIUS else "interstitial moved"


def _left(ids: list[int]) -> str:
    """Which ions, by atom id, left their sites; only how many where it is more than FEW."""
    if len(ids) > FEW:
        return f"{len(ids)} ions left their sites"
    return f"ion{'s' * (len(ids) > 1)} {', '.join(map(str, ids))} left {'their sites' if len(ids) > 1 else 'its site'}"
