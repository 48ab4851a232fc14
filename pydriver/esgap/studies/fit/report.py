"""Parity of the fitted potentials: predicted against reference."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from esgap.record import read_json
from esgap.report import figure
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """One figure a potential whose labels have forces: these by element, held-out ones in front. Of a scan, the errors of all points."""
    if result.rows("scan"):
        yield "scan", _scan(result.rows("scan"))
    if result.rows("learning"):
        yield "learning", _learning(result.rows("learning"))
    for name in dict.fromkeys(row.potential for row in result.rows("errors")):
        data = read_json(folder / "models" / name / "parity.json", "fit again")
        if not data["forces"]:
            continue
        fig, axes = figure.new(4.2 * len(data["forces"]), 4.0, ncols=len(data["forces"]), squeeze=False)
        for ax, (symbol, parts) in zip(axes[0], data["forces"].items()):
            for held, colour in ((False, "0.7"), (True, "C0")):
                pairs = np.array([pair for part in parts if part["held_out"] == held for pair in part["pairs"]]).reshape(-1, 2)
                ax.plot(*pairs.T, ".", ms=2, color=colour, label="held out" if held else "fitted")
            ends = ax.get_xlim()
            ax.plot(ends, ends, "k-", lw=0.5)
            ax.set(title=symbol, xlabel="reference force (eV/Å)", ylabel=f"{name} (eV/Å)")
            ax.legend(fontsize="small")
        yield f"parity_{name}", fig


def _learning(rows) -> Figure:
    """Held-out force errors by element against the number of fitted configurations, potentials by line style."""
    fig, ax = figure.new(5.0, 4.0)
    rows = [row for row in rows if row.force_rmse is not None]
    symbols = list(dict.fromkeys(row.element for row in rows))
    for style, name in zip(("-", "--", ":", "-."), dict.fromkeys(row.potential for row in rows)):
        for colour, symbol in enumerate(symbols):
            mine = [row for row in rows if row.potential == name and row.element == symbol]
            ax.loglog([row.fitted for row in mine], [row.force_rmse.value for row in mine], "o", ls=style, color=f"C{colour}", label=f"{name}, {symbol}")
    ax.set(xlabel="configurations fitted", ylabel="held-out force error (eV/Å)")
    ax.legend(fontsize="small")
    return fig


def _scan(rows) -> Figure:
    """Energy and force errors and the evidence of each point, potentials by colour."""
    kinds = {"energy_rmse": "energy (meV/atom)", "force_rmse": "force (eV/Å)", "log_evidence": "log evidence a label"}
    names = list(dict.fromkeys(row.values for row in rows))
    fig, axes = figure.new(9.0, 1.5 + 0.28 * len(names), ncols=3, sharey=True)
    for ax, (kind, label) in zip(axes, kinds.items()):
        for colour, model in enumerate(dict.fromkeys(row.potential for row in rows)):
            mine = [row for row in rows if row.potential == model and getattr(row, kind) is not None]
            ax.plot([getattr(row, kind).value for row in mine], [names.index(row.values) for row in mine], "o", color=f"C{colour}", label=model)
        ax.set(xlabel=label)
        ax.grid(axis="y", lw=0.3)
    axes[0].set_yticks(range(len(names)), [figure.plain(name) for name in names], fontsize="small")
    axes[0].invert_yaxis()
    axes[-1].legend(fontsize="small")
    return fig
