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
