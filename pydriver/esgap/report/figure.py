"""How figures look, and where matplotlib is set up: no display on a cluster."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def new(width: float = 6.0, height: float = 4.2, **kwargs) -> tuple[Figure, Axes]:
    """A figure and its axes (inches); keywords of plt.subplots."""
    return plt.subplots(figsize=(width, height), layout="constrained", **kwargs)


def plain(text: str) -> str:
    """A user's text with nothing in it read as mathematics."""
    return text.replace("$", r"\$")


def save(figure: Figure, file: Path) -> Path:
    """Write a figure as PNG and free it."""
    part = file.with_suffix(".part.png")
    figure.savefig(part, dpi=150)
    plt.close(figure)
    part.replace(file)
    return file
