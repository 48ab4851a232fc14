"""Errors by generation, and the errors of what was chosen against their standard deviations."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Learning curves (energies; forces by element) and the calibration."""
    yield "energies", curves(result, "energy_rmse", ["all"], "energy error (meV/atom)")
    elements = list(dict.fromkeys(row.element for row in result.rows("errors") if row.element != "all"))
    yield "forces", curves(result, "force_rmse", elements, "force error (eV/Å)")
    rows = [row for row in result.rows("chosen") if row.energy_error]
    if rows:
        yield "calibration", calibration(result, rows)


def curves(result: Result, name: str, elements: list[str], label: str) -> Figure:
    """Errors against generation: filled held out, open train; a colour for each potential and element."""
    fig, axes = figure.new()
    potentials = list(dict.fromkeys(row.potential for row in result.rows("errors")))
    lines = [(potential, element) for potential in potentials for element in elements]
    for number, (potential, element) in enumerate(lines):
        for part, style in (("held_out", "o-"), ("train", "s:")):
            rows = [row for row in result.rows("errors") if (row.potential, row.element, row.part) == (potential, element, part) and getattr(row, name)]
            words = " ".join(word for word in (potential, "" if element == "all" else element, part.replace("_", " ")) if word)
            axes.plot([row.generation for row in rows], [getattr(row, name).value for row in rows], style, color=f"C{number}", mfc=None if part == "held_out" else "none", label=words)
    axes.set(xlabel="generation", ylabel=label, title=figure.plain(result.title), ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize="small")
    return fig


def calibration(result: Result, rows) -> Figure:
    """Size of the error against standard deviation; lines at 1 and 1.96 of them."""
    fig, axes = figure.new()
    for number in dict.fromkeys(row.generation for row in rows):
        mine = [row for row in rows if row.generation == number]
        axes.plot([row.stddev.value for row in mine], [abs(row.energy_error.value) for row in mine], "o", label=f"chosen by generation {number}")
    span = np.array([0.0, 1.05 * max(row.stddev.value for row in rows)])
    for factor, style in ((1.0, "k-"), (1.96, "k:")):
        axes.plot(span, factor * span, style, linewidth=1, label=f"{factor:g} standard deviation{'s' if factor > 1 else ''}")
    axes.set(xlabel="standard deviation (meV/atom)", ylabel="error of the energy (meV/atom)", title=figure.plain(result.title), xlim=(0, None), ylim=(0, None))
    axes.legend(fontsize="small")
    return fig
