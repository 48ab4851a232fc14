"""Diffusion and ionic conductivity from slopes of mean squared displacements, with intervals and a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from esgap.errors import EsgapError
from esgap.physics.displacement import Run, Slope, weighted_error, slope, choose_start
from esgap.physics.estimate import Estimate, standard_errors
from esgap.units import conductivity


def ratio(over: Slope, under: Slope, factor: float, method: str) -> Estimate:
    """`factor` x quotient of two slopes whose blocks belong together in pairs, interval from the blocks on a logarithmic scale."""
    if over.value <= 0 or under.value <= 0:
        return Estimate(np.nan, method="a slope is not positive")
    value = factor * over.value / under.value
    spread = weighted_error(over.blocks / over.value - under.blocks / under.value, over.weights) * standard_errors(over.freedom)
    return Estimate(value, value * np.exp(-spread), value * np.exp(spread), method)


def quotient(one: Estimate, other: Estimate, method: str) -> Estimate:
    """one / other of independent estimates, interval on a logarithmic scale."""
    if not (one.value > 0 and other.value > 0):
        return Estimate(np.nan, method="a value is not positive")
    spread = np.hypot(*((e.high - e.low) / 2 / e.value for e in (one, other)))
    value = one.value / other.value
    return Estimate(value, value * np.exp(-spread), value * np.exp(spread), method)


@dataclass(frozen=True)
class Transport:
    """What pooled runs at one temperature say."""

    diffusion: Estimate  # D*, Angstrom^2/ps
    nernst_einstein: Estimate  # mS/cm
    collective: Estimate  # mS/cm
    haven: Estimate  # sigma_NE / sigma_collective
    diffusion_later: Estimate  # D* from 2 t0 on; no interval when the runs are too short for it
    start: float  # ps, t0
    length: float  # ps, all runs together
    verdict: str


@dataclass(frozen=True)
class Conditions:
    """What turns slopes into conductivities."""

    charge: float  # e, formal, of a mobile ion
    volume: float  # Angstrom^3
    temperature: float  # K

    def nernst_einstein(self, diffusion: float, ions: int) -> float:
        """sigma_NE = N z^2 e^2 D* / (V kB T), mS/cm; D* in Angstrom^2/ps."""
        return conductivity(ions * self.charge**2 * diffusion, self.volume, self.temperature)

    def collective(self, slope_sixth: float) -> float:
        """sigma = z^2 e^2 / (6 V kB T) d<|sum_i du_i|^2>/d tau, mS/cm; a sixth of that slope in Angstrom^2/ps."""
        return conductivity(self.charge**2 * slope_sixth, self.volume, self.temperature)


def transport(runs: Sequence[Run], conditions: Conditions, hops_per_ion: float | None, start: float | None = None) -> Transport:
    """D*, conductivities and Haven ratio of pooled runs.

    `start`: t0 of the fits (ps), chosen by `choose_start` when None; `hops_per_ion`: for the verdict, None when hops were not counted.

    Raises EsgapError when the runs are too short.
    """
    start = choose_start(runs) if start is None else start
    single, total = slope(runs, start), slope(runs, start, collective=True)
    ions = runs[0].positions.shape[1]
    diffusion = single.estimate()
    try:
        later = slope(runs, 2 * start).estimate()
    except EsgapError:
        later = Estimate(single.value, method="too short for a fit from 2 t0 on")
    sigma, collective = single.estimate(conditions.nernst_einstein(1.0, ions)), total.estimate(conditions.collective(1.0))
    haven = ratio(single, total, ions, "blocks of time, in pairs")
    found = verdict(runs, single, {"conductivity_nernst_einstein": sigma, "conductivity_collective": collective}, later, hops_per_ion)
    return Transport(diffusion, sigma, collective, haven, later, start, sum(run.length for run in runs), found)


LARGEST = 0.2  # half-width of a converged value, of the value
FEWEST = 5  # hops an ion
DOUBTFUL = 2.0  # ratio of generalised to ordinary least squares


def verdict(runs: Sequence[Run], single: Slope, sigmas: dict[str, Estimate], later: Estimate, hops_per_ion: float | None) -> str:
    """"ok", or what keeps the values from being converged."""
    found = []
    for name, estimate in sigmas.items():
        relative = (estimate.high - estimate.low) / 2 / estimate.value if estimate.value > 0 else np.inf
        if relative > LARGEST:
            found.append(f"{name} has a half-width of {relative:.0%}, more than {LARGEST:.0%}")
    if hops_per_ion is not None and hops_per_ion < FEWEST:
        found.append(f"{hops_per_ion:.1f} hops an ion, fewer than {FEWEST}")
    try:
        first, second = (slope([run.part(*part) for run in runs], single.start) for part in ((0, 0.5), (0.5, 1)))
        if abs(first.value - second.value) > np.hypot(first.half_width, second.half_width):
            found.append("the halves of the run disagree")
    except EsgapError:
        found.append("too short to compare its halves")
    if later.low is None or abs(later.value - single.value) > single.half_width:
        found.append(f"the MSD is not straight from {single.start:g} ps on" if later.low is not None else later.method)
    if single.value <= 0 or not 1 / DOUBTFUL < single.value / single.ordinary < DOUBTFUL:
        found.append("the fit of the MSD is doubtful")
    return "not converged: " + "; ".join(found) if found else "ok"


def running(runs: Sequence[Run], conditions: Conditions, start: float, points: int = 20) -> list[tuple[float, Estimate]]:
    """sigma_NE of the first part of every run, against its length (ps a run): how the value converges."""
    out = []
    for fraction in np.linspace(1 / points, 1.0, points):
        parts = [run.part(0, fraction) for run in runs]
        try:
            found = slope(parts, start)
        except EsgapError:
            continue
        out.append((fraction * max(run.length for run in runs), found.estimate(conditions.nernst_einstein(1.0, runs[0].positions.shape[1]))))
    return out
