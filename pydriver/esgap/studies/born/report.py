"""Born charges over sqrt(eps_inf) beside the charges of models."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.born.analyse import ALL, MEAN
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """A group of bars an element: Z*/sqrt(eps_inf) with its spread over atoms, then a bar a model."""
    rows = [row for row in result.rows("born") if row.environment == ALL]
    root = next((row.root.value for row in result.rows("dielectric") if row.field == MEAN), None)
    if not rows or not root:
        return
    elements, fitted = [row.element for row in rows], result.rows("fitted")
    models = list(dict.fromkeys(row.model for row in fitted))
    width = 0.8 / (1 + len(models))
    fig, axes = figure.new()
    axes.bar([k - 0.4 + width / 2 for k in range(len(rows))], [row.born.value / root for row in rows], width, yerr=[row.spread.value / root for row in rows], capsize=3, label=f"Z*/{root:.2f} (DFT)")
    for number, model in enumerate(models, start=1):
        there = [row for row in fitted if row.model == model]
        axes.bar([elements.index(row.element) - 0.4 + (number + 0.5) * width for row in there], [row.charge.value for row in there], width, label=figure.plain(model))
    axes.axhline(0, color="0.7", linewidth=1)
    axes.set_xticks(range(len(elements)), elements)
    axes.set(ylabel="charge (e)", title=figure.plain(result.title))
    axes.legend(fontsize="small")
    yield "born", fig
