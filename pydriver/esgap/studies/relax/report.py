"""Relaxations: how they went down, and the cell against pressure."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import OK, Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Dipole against the size of the field along each of its directions; volume against pressure: each where there is more than one value."""
    rows = result.rows("relaxed")
    for name, axis, value, label, quantity in (
        ("volume", "pressure (GPa)", lambda row: row.pressure, "volume (Å³)", lambda row: row.volume.value),
        ("dipole", "field (V/Å)", _field, "dipole along the field (e Å)", _along),
    ):
        if len({value(row) for row in rows}) > 1:
            fig, axes = figure.new()
            for number, potential in enumerate(dict.fromkeys(row.potential for row in rows)):
                line = sorted((row for row in rows if row.potential == potential), key=value)
                axes.plot([value(row) for row in line], [quantity(row) for row in line], "-o" if name == "volume" else "o", color=f"C{number}", label=potential)
                wrong = [row for row in line if row.verdict != OK]
                axes.plot([value(row) for row in wrong], [quantity(row) for row in wrong], "x", color="black", zorder=3)
            axes.set(xlabel=axis, ylabel=label, title=figure.plain(result.title))
            axes.legend(fontsize="small")
            yield name, fig


def _vector(row, name: str) -> np.ndarray:
    values = (getattr(row, f"{name}_{axis}") for axis in "xyz")
    return np.array([getattr(value, "value", value) for value in values])


def _field(row) -> float:
    return float(np.linalg.norm(_vector(row, "field")))


def _along(row) -> float:
    size = _field(row)
    return float(_vector(row, "dipole") @ _vector(row, "field") / size) if size else 0.0
