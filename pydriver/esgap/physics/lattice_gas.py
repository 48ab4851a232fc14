"""Monte Carlo over the distributions of ions on places: Metropolis et al., J. Chem. Phys. 21, 1087 (1953), doi:10.1063/1.1699114."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """The chain after one trial move."""

    occupied: tuple[int, ...]  # places with an ion, ascending
    energy: float  # eV
    accepted: bool
    tried: bool  # False: two ions would have come too close, and no energy was asked for


def metropolis(
    start: np.ndarray, distances: np.ndarray, nearest: float, energy: Callable[[tuple[int, ...]], float], kT: float, steps: int, seed: int
) -> Iterator[Step]:
    """Yield the state after each of `steps` trial moves of one ion to an empty place, at equilibrium distributed as exp(-E/kT).

    Parameters
    ----------
    start
        Indices of the places with an ion.
    distances
        Between all places, shape (places, places), Angstrom.
    nearest
        States with two ions nearer than this have no weight; the start may have such pairs, and keeps what it has of them.
    energy
        eV, of the occupied places in ascending order.
    """
    random = np.random.default_rng(seed)
    occupied = np.zeros(len(distances), dtype=bool)
    occupied[start] = True
    state = tuple(np.flatnonzero(occupied).tolist())
    now = energy(state)
    for _ in range(steps):
        leave, enter = random.choice(np.flatnonzero(occupied)), random.choice(np.flatnonzero(~occupied))
        uniform = random.random()
        occupied[leave] = False
        tried = bool((distances[enter, occupied] >= nearest).all())
        accepted = False
        if tried:
            occupied[enter] = True
            trial = tuple(np.flatnonzero(occupied).tolist())
            there = energy(trial)
            accepted = bool(uniform < np.exp(min(0.0, (now - there) / kT)))
            occupied[enter] = accepted
        occupied[leave] = not accepted
        if accepted:
            state, now = trial, there
        yield Step(state, now, accepted, tried)
