"""A number with its interval."""

from dataclasses import dataclass

LEVEL = 0.95


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
