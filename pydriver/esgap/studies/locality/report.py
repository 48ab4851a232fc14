"""Induced forces against distance, before and after the electrostatics."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import Result

LINES = {"induced": ("o-", "reference"), "remaining": ("s--", "less charges"), "with_dipoles": ("^:", "less charges and dipoles")}


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """One line an element: solid the reference, dashed what the fitted charges leave, dotted what charges and induced dipoles leave."""
    rows = result.rows("induced")
    fig, axes = figure.new()
    for number, element in enumerate(dict.fromkeys(row.element for row in rows)):
        line = [row for row in rows if row.element == element]
        for name, (style, words) in LINES.items():
            values = [getattr(row, name) for row in line]
            if None in values:
                continue
            errors = [[(v.value - v.low) if v.low is not None else 0.0 for v in values], [(v.high - v.value) if v.high is not None else 0.0 for v in values]]
            label = f"{element}, {words}"
            axes.errorbar([row.radius for row in line], [v.value for v in values], yerr=errors, fmt=style, color=f"C{number}", capsize=3, label=label, mfc=None if name == "induced" else "none")
    axes.set(xlabel="distance to the nearest displaced atom, from (Å)", ylabel="induced force (eV/Å)", title=figure.plain(result.title), ylim=(0, None))
    axes.legend(fontsize="small")
    yield "induced", fig
