"""Formation energy of a Frenkel pair in a uniform field, and which state the pair is in."""

from dataclasses import dataclass

import numpy as np
from ase.cell import Cell
from ase.geometry import get_distances

INTACT = "intact"
BRANCH = 0.01  # eV in one step of the field: what smooth response leaves of `energy_jump` is a hundred times less
SOFT = 1.0  # eV/Angstrom^2, curvature of the soft motions that a minimisation ends with
SITE_RADIUS = 1.5  # Angstrom: half of the usual distance between neighbouring Li sites


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


def energy_jump(before: CellState, after: CellState, step: np.ndarray) -> float:
    """What of the energy between two fields, `step` apart (V/Angstrom, shape (3,)), is not work of the field, in eV.

    On one branch dU = -p.dE, so U2 - U1 + (p1 + p2).(E2 - E1)/2 vanishes to third order in the step. Far below zero: the cell fell into
    another state on the way, whatever the occupation of its sites; what a minimisation has left undone counts too, see `jump_limit`.
    """
    return after.energy - before.energy + 0.5 * float((before.dipole + after.dipole) @ step)


def jump_limit(before: CellState, after: CellState) -> float:
    """How much of `energy_jump` (eV) says nothing of another state: BRANCH, and what the forces left in both cells may still give, F^2/(2 SOFT)."""
    return BRANCH + (before.squared_force + after.squared_force) / (2 * SOFT)


def emptied_sites(sites: np.ndarray, positions: np.ndarray, mobile: np.ndarray, cell: np.ndarray) -> list[int]:
    """Ids (from 1) of the mobile ions whose places in `sites` no mobile ion fills in `positions`.

    An ion fills the nearest place (minimum image, drift of the rest of the crystal removed) when it is within SITE_RADIUS.
    `sites`, `positions`: all atoms, (N, 3) in Angstrom; `mobile`: indices; `cell`: rows a, b, c.
    """
    shift = drift(sites, positions, mobile)
    _, distances = get_distances(positions[mobile] - shift, sites[mobile], cell=Cell(cell), pbc=True)
    filled = distances.argmin(axis=1)[distances.min(axis=1) < SITE_RADIUS]
    return [int(mobile[k]) + 1 for k in np.setdiff1d(np.arange(len(mobile)), filled)]


def drift(before: np.ndarray, after: np.ndarray, mobile: np.ndarray) -> np.ndarray:
    """Mean displacement (3,) of the atoms that are not mobile; zero when there is none."""
    frame = np.setdiff1d(np.arange(len(before)), mobile)
    return (after[frame] - before[frame]).mean(axis=0) if len(frame) else np.zeros(3)


def pair_state(perfect: CellState, defect: CellState, perfect_zero: CellState, origin: np.ndarray, mobile: np.ndarray, moved: int, cell: np.ndarray) -> str:
    """Which state a relaxed Frenkel pair is in, from the occupation of the mobile ions' places.

    `perfect_zero`: the perfect cell without field; `origin`: where the interstitial ion is expected, (3,) in Angstrom: its
    place without field, or the site it was put on. Returns "intact", or what happened instead: "recombined" (no place of
    the perfect cell is empty), "ion N left its site" (another than the vacancy that was made; N: the id of its atom),
    "interstitial moved" (the interstitial left its origin by more than SITE_RADIUS), "perfect cell: ion N left its site".
    """
    lost = emptied_sites(perfect_zero.positions, perfect.positions, mobile, cell)
    if lost:
        return f"perfect cell: {_left(lost)}"
    empty = emptied_sites(perfect.positions, defect.positions, mobile, cell)
    if not empty:
        return "recombined"
    others = [number for number in empty if number != moved + 1]
    if others:
        return _left(others)
    place = defect.positions[moved] - drift(perfect.positions, defect.positions, mobile)
    distance = get_distances(place, origin, cell=Cell(cell), pbc=True)[1].item()
    return INTACT if distance < SITE_RADIUS else "interstitial moved"


def _left(ids: list[int]) -> str:
    """Which ions, by atom id, left their sites."""
    return f"ion{'s' * (len(ids) > 1)} {', '.join(map(str, ids))} left {'their sites' if len(ids) > 1 else 'its site'}"


def field_vector(direction: str, value: float) -> np.ndarray:
    """The field (V/Angstrom, shape (3,)) along a Cartesian direction; "-" means none."""
    return value * np.array([direction == axis for axis in "xyz"], dtype=float)
