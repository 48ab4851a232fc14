"""Figures of a migration path: energy against path length, and barriers against the field."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.interpolate import CubicHermiteSpline

from esgap.report import figure
from esgap.studies.contract import Result

SAMPLES = 200  # of a curve


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Profiles without field, a panel for the path of each potential, and barriers against the field where there are any."""
    if any(not row.field for row in result.rows("images")):
        yield "profiles", profiles(result)
    if any(row.field for row in result.rows("barriers")):
        yield "field", against_field(result)


def profiles(result: Result) -> Figure:
    """Solid: the potential whose path it is; dashed: others on the same images. Legs one after the other."""
    rows = [row for row in result.rows("images") if not row.field]
    paths = list(dict.fromkeys(row.path for row in rows))
    colours = {name: f"C{k}" for k, name in enumerate(dict.fromkeys(row.potential for row in rows))}
    fig, panels = figure.new(6.0, 3.2 * len(paths), nrows=len(paths), squeeze=False, sharex=True)
    for axes, path in zip(panels[:, 0], paths):
        legs = final_legs([row.leg for row in rows if row.path == path])
        for potential, colour in colours.items():
            line = "-" if potential == path else "--"
            draw(axes, [[row for row in rows if (row.path, row.potential, row.leg) == (path, potential, leg)] for leg in legs], line, colour, potential)
        axes.set(ylabel="energy (eV)", title=figure.plain(f"path of {path}"))
        axes.axhline(0.0, color="grey", lw=0.6)
        axes.legend(fontsize="small")
    panels[-1, 0].set_xlabel("path length (Å)")
    fig.suptitle(figure.plain(result.title))
    return fig


def draw(axes, legs: list[list], line: str, colour: str, label: str) -> None:
    """Legs joined end to end; each is a Hermite spline through its images and slopes."""
    at, level = 0.0, 0.0
    for rows in legs:
        if not rows:
            continue
        s, energies, slopes = (np.array([getattr(row, name).value for row in rows]) for name in ("coordinate", "energy", "slope"))
        dense = np.linspace(s[0], s[-1], SAMPLES)
        axes.plot(at + dense, level + CubicHermiteSpline(s, energies, slopes)(dense), line, color=colour, label=label)
        axes.plot(at + s, level + energies, "o", ms=4, color=colour, mfc=colour if line == "-" else "none")
        if at:
            axes.axvline(at, color="grey", lw=0.6, ls=":")
        at, level, label = at + s[-1], level + energies[-1], None


def against_field(result: Result) -> Figure:
    """Barriers forward (filled) and back (hollow) against the field, a line a leg and direction; bands with a verdict are crossed."""
    rows = [row for row in result.rows("barriers") if row.path == row.potential]
    fig, axes = figure.new()
    number = 0
    for leg in final_legs([row.leg for row in rows if row.field]):
        for direction in dict.fromkeys(row.direction for row in rows if row.field):
            line = sorted((row for row in rows if row.leg == leg and row.direction in (direction, "-") and row.path == rows[0].path), key=lambda row: row.field)
            fields, colour = [row.field for row in line], f"C{number}"
            axes.plot(fields, [row.barrier_forward.value for row in line], "-o", color=colour, label=f"leg {leg}, along {direction}: forward")
            axes.plot(fields, [row.barrier_backward.value for row in line], "--o", color=colour, mfc="none", label="back")
            odd = [row for row in line if row.verdict != "ok"]
            axes.plot([row.field for row in odd], [row.barrier_forward.value for row in odd], "x", color="black", zorder=3)
            number += 1
    axes.set(xlabel="electric field (V/Å)", ylabel="barrier (eV)", title=figure.plain(result.title))
    axes.legend(fontsize="small")
    return fig


def final_legs(legs: list[str]) -> list[str]:
    """The legs in their order, without those that were split."""
    names = list(dict.fromkeys(legs))
    return [leg for leg in names if f"{leg}a" not in names]
