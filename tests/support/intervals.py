"""How often intervals hold the truth, and how wide they are against the scatter of the values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from walks import CELL, walk

from esgap.physics.displacement import Run, without_drift
from esgap.physics.transport import Conditions, Transport, transport

CONDITIONS = Conditions(charge=1.0, volume=float(np.linalg.det(CELL)), temperature=800.0)
START = 4.0  # ps: cages forget within 0.6 ps


@dataclass(frozen=True)
class Coverage:
    """Of the intervals of one quantity."""

    held: int  # hold the truth
    width: float  # mean width over that of the scatter at 95 %
    bias: float  # of the mean value, relative


def analysed(kind: str, seed: int, start: float | None = START, **kwargs) -> tuple[Transport, float, float]:
    """The analysis of one walk, its D* and its Haven ratio."""
    w = walk(kind, seed, **kwargs)
    run = Run(without_drift(w.positions, w.mobile), kwargs.get("interval", 0.2))
    return transport([run], CONDITIONS, None, start), w.diffusion, w.haven


def coverage(kind: str, seeds: Sequence[int], start: float | None = START) -> dict[str, Coverage]:
    """Of D*, the collective conductivity and the Haven ratio."""
    found = [analysed(kind, seed, start) for seed in seeds]
    diffusion, haven = found[0][1:]
    ions = 28
    truths = {"diffusion": diffusion, "collective": CONDITIONS.nernst_einstein(diffusion, ions) / haven, "haven": haven}
    out = {}
    for name, truth in truths.items():
        estimates = [getattr(one[0], name) for one in found]
        values, low, high = (np.array([getattr(e, key) for e in estimates]) for key in ("value", "low", "high"))
        width = np.mean(high - low) / (2 * 1.96 * values.std(ddof=1))
        out[name] = Coverage(int(np.sum((low <= truth) & (truth <= high))), float(width), float(values.mean() / truth - 1))
    return out
