"""Mean positions before and after a hop: the states that a hop of molecular dynamics runs between."""

from dataclasses import dataclass

import numpy as np


SAME = 1e-6  # ps; times nearer than this are one


@dataclass(frozen=True)
class Residences:
    """Mean positions (N, 3) while no ion hops, just before and just after an event of hops that overlap in time."""

    before: np.ndarray  # Angstrom, unwrapped
    after: np.ndarray
    ions: tuple[int, ...]  # indices of the atoms that hop in the event
    frames: tuple[int, int]  # how many each mean is over


def residences(times: np.ndarray, positions: np.ndarray, ions: np.ndarray, starts: np.ndarray, ends: np.ndarray, hop: int) -> Residences:
    """The states before and after a hop.

    `times` (F,) ps and `positions` (F, N, 3) Angstrom, unwrapped, of a trajectory; `ions`, `starts`, `ends` (H,): index of the
    atom and times (ps) at which it left and arrived, of all hops; `hop`: which of them. Hops that overlap with it, or with one
    that does, belong to one event. The means run over the frames between the event and the nearest hop of any ion before and after it, one frame at least.
    Raises ValueError when the trajectory does not reach from the event's start to its end.
    """
    first, last, members = event(starts, ends, hop)
    if first < times[0] - SAME or last > times[-1] + SAME:
        raise ValueError(f"hop from {first:g} to {last:g} ps, but the trajectory runs from {times[0]:g} to {times[-1]:g} ps")
    others = np.setdiff1d(np.arange(len(starts)), members)
    quiet_from = max(ends[others][ends[others] <= first + SAME], default=times[0])
    quiet_to = min(starts[others][starts[others] >= last - SAME], default=times[-1])
    before = np.flatnonzero((times >= quiet_from - SAME) & (times <= first + SAME))
    after = np.flatnonzero((times >= last - SAME) & (times <= quiet_to + SAME))
    before = before if len(before) else [np.flatnonzero(times <= first + SAME)[-1]]
    after = after if len(after) else [np.flatnonzero(times >= last - SAME)[0]]
    hopping = tuple(dict.fromkeys(int(ions[k]) for k in (hop, *members)))
    return Residences(positions[before].mean(axis=0), positions[after].mean(axis=0), hopping, (len(before), len(after)))


def event(starts: np.ndarray, ends: np.ndarray, hop: int) -> tuple[float, float, np.ndarray]:
    """Start and end of the event that a hop belongs to, and the indices of its hops: all that overlap, directly or through others."""
    first, last = starts[hop], ends[hop]
    while True:
        members = np.flatnonzero((starts < last - SAME) & (ends > first + SAME) | (np.arange(len(starts)) == hop))
        wider = min(starts[members]), max(ends[members])
        if wider == (first, last):
            return float(first), float(last), members
        first, last = wider
