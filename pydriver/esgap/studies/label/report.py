"""What was labelled: energy against pressure."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Energy an atom against pressure, one mark a configuration that has both."""
    rows = [row for row in result.rows("labels") if row.energy_per_atom and row.pressure]
    if rows:
        fig, axes = figure.new()
        axes.plot([row.pressure.value for row in rows], [row.energy_per_atom.value for row in rows], "o")
        axes.set(xlabel="pressure (GPa)", ylabel="energy (eV/atom)", title=figure.plain(result.title))
        yield "labels", fig
