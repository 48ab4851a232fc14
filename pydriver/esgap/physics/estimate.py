"""A number with its interval."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit  # Student's t; scipy.stats takes longer to load than all of esgap

LEVEL = 0.95


def standard_errors(freedom: float, level: float = LEVEL) -> float:
    """Half-width of an interval in standard errors that have `freedom` degrees of freedom (Student's t); inf: known errors."""
    return float(stdtrit(freedom, (1 + level) / 2))


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that holds the truth with probability `level`; low and high are None where there is no interval."""

    value: float
    low: float | None = None
    high: float | None = None
    method: str = ""
    level: float = LEVEL

    def times(self, factor: float) -> "Estimate":
        """The same in another unit; `factor` is positive."""
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Estimate(self.value * factor, low, high, self.method, self.level)

    def with_committee(self, deviations: np.ndarray) -> "Estimate":
        """The interval widened by the deviations (K,) of a committee's members from the value; the same without members.

        Members are drawn about the value, so their mean square deviation s^2 has K degrees of freedom and the truth lies within
        t_K s (Student's t) at the rate `level`, however few they are. Independent of the interval so far, so widths add as squares.
        """
        if not len(deviations):
            return self
        reach = standard_errors(len(deviations), self.level) * float(np.sqrt(np.mean(np.square(deviations))))
        down, up = (0.0 if end is None else abs(self.value - end) for end in (self.low, self.high))
        method = "; ".join(filter(None, (self.method, f"committee of {len(deviations)}, Student's t")))
        return Estimate(self.value, self.value - float(np.hypot(down, reach)), self.value + float(np.hypot(up, reach)), method, self.level)
