"""Mean positions before and after a hop: the states that a hop of molecular dynamics runs between."""

from dataclasses import dataclass

import numpy as np

SAME = 1e-6  # ps; times nearer than this are one


@dataclass(frozen=True)
class Residences:
    """Mean positions (N, 3) of all atoms while the ion stays and no other leaves or arrives, just before and just after a hop."""

    before: np.ndarray  # Angstrom, unwrapped
    after: np.ndarray
    frames: tuple[int, int]  # how many each mean is over


def residences(times: np.ndarray, positions: np.ndarray, starts: np.ndarray, ends: np.ndarray, hop: int) -> Residences:
    """The states before and after a hop.

    `times` (F,) ps and `positions` (F, N, 3) Angstrom, unwrapped, of a trajectory; `starts`, `ends` (H,) ps: when the ions of all hops
    left and arrived; `hop`: which of them. The means run back from the start, and on from the end, to the nearest time at which any
    other hop starts or ends: at high temperature that is one frame, which a relaxation brings to its minimum.
    Raises ValueError when the trajectory does not reach from the hop's start to its end.
    """
    first, last = starts[hop], ends[hop]
    if first < times[0] - SAME or last > times[-1] + SAME:
        raise ValueError(f"hop from {first:g} to {last:g} ps, but the trajectory runs from {times[0]:g} to {times[-1]:g} ps")
    leave, arrive = np.delete(starts, hop), np.delete(ends, hop)  # those that leave or arrive together with the ion do not cut
    quiet_from = max([*leave[leave < first - SAME], *arrive[arrive <= first + SAME]], default=times[0])
    quiet_to = min([*leave[leave >= last - SAME], *arrive[arrive > last + SAME]], default=times[-1])
    before = np.flatnonzero((times >= quiet_from - SAME) & (times <= first + SAME))
    after = np.flatnonzero((times >= last - SAME) & (times <= quiet_to + SAME))
    before = before if len(before) else [np.flatnonzero(times <= first + SAME)[-1]]
    after = after if len(after) else [np.flatnonzero(times >= last - SAME)[0]]
    return Residences(positions[before].mean(axis=0), positions[after].mean(axis=0), (len(before), len(after)))
