"""Trajectories of mobile ions in a triclinic cell with known D* and Haven ratio: jumps between sites, rattling in cages, vibration, drift."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

CELL = np.array([[12.5, 0.0, 0.0], [1.5, 12.4, 0.0], [-3.0, -1.0, 12.2]])  # Angstrom
JUMPS = np.concatenate([CELL / 4, -CELL / 4])
CAGE, MEMORY, VIBRATION = 0.6, 0.6, 0.3  # Angstrom, ps, Angstrom
IONS, IMMOBILE = 28, 12
HAVEN = {"independent": 1.0, "pairs": 0.5, "exchange": 2.0}


@dataclass(frozen=True)
class Walk:
    positions: np.ndarray  # (F, IONS + IMMOBILE, 3), the mobile ions first
    mobile: np.ndarray  # mask
    diffusion: float  # Angstrom^2/ps
    haven: float


def walk(kind: str, seed: int, frames: int = 3000, interval: float = 0.2, rate: float = 0.03) -> Walk:
    """Ions that jump at `rate` (1/ps): each on its own, in pairs side by side, or half of the time two in opposite directions."""
    random = np.random.default_rng(seed)

    def jumps(rate: float, walkers: int) -> np.ndarray:
        counts = random.poisson(rate * interval, (frames - 1, walkers))
        out = np.zeros((frames - 1, walkers, 3))
        for number in range(counts.max()):
            chosen = counts > number
            out[chosen] += JUMPS[random.integers(len(JUMPS), size=chosen.sum())]
        return out

    if kind == "pairs":
        steps = np.repeat(jumps(rate, IONS // 2), 2, axis=1)
    elif kind == "exchange":
        steps, shared = jumps(rate / 2, IONS), jumps(rate / 2, IONS // 2)
        steps[:, ::2] += shared
        steps[:, 1::2] -= shared
    else:
        steps = jumps(rate, IONS)
    sites = np.concatenate([np.zeros((1, IONS, 3)), np.cumsum(steps, axis=0)])
    memory = np.exp(-interval / MEMORY)
    cage = lfilter([np.sqrt(1 - memory**2)], [1, -memory], random.standard_normal((frames + 100, IONS, 3)), axis=0)[100:]
    still = VIBRATION / 3 * random.standard_normal((frames, IMMOBILE, 3))
    positions = np.concatenate([sites + CAGE * cage + VIBRATION * random.standard_normal(sites.shape), still], axis=1)
    drift = np.cumsum(0.05 * random.standard_normal((frames, 1, 3)), axis=0) + 0.01 * np.arange(frames)[:, None, None]
    home = random.uniform(size=(1, IONS + IMMOBILE, 3)) @ CELL
    diffusion = rate * (JUMPS**2).sum(axis=1).mean() / 6
    return Walk(positions + drift + home, np.arange(IONS + IMMOBILE) < IONS, diffusion, HAVEN[kind])
