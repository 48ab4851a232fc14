"""Chains and states: the figures."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from esgap.record import read_json
from esgap.report import figure
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Energy along each chain, and of each state before and after it was relaxed."""
    if rows := result.rows("chains"):
        fig, axes = figure.new()
        for number, temperature in enumerate(dict.fromkeys(row.temperature for row in rows)):
            for row in (row for row in rows if row.temperature == temperature):
                work = folder / "monte_carlo" / f"{temperature!r}K-{row.seed}"
                zero = read_json(work / "chain.json", "run the chain again")["crystal"]
                label = f"{temperature:g} K" if row.seed == rows[0].seed else None
                axes.plot(pd.read_csv(work / "trace.csv").energy - zero, "-", lw=0.8, color=f"C{number}", label=label)
        axes.set(xlabel="trial move", ylabel="energy against the crystal (eV)", title=figure.plain(result.title))
        axes.legend(fontsize="small")
        yield "chains", fig
    if rows := result.rows("states"):
        fig, axes = figure.new()
        for row in rows:
            axes.plot([0, 1], [row.energy_placed.value, row.energy.value], "-o", color=f"C{row.state % 10}", label=f"{row.state}: {row.interstitials}")
        axes.set(xticks=[0, 1], xticklabels=["in the chain", "relaxed"], ylabel="energy against the crystal (eV)", title=figure.plain(result.title))
        axes.legend(fontsize="small", title="state: interstitial sites")
        yield "states", fig
