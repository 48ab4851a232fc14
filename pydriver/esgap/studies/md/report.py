"""Mean squared displacement, convergence, Arrhenius line and hop network: the figures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import Result

LINES = 40  # paths in the network
FADED = 0.2  # of a band


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Figures from result.json and the CSV files that the analysis left beside it."""
    yield "msd", displacements(pd.read_csv(folder / "msd.csv"), result)
    yield "convergence", convergence(pd.read_csv(folder / "convergence.csv"), result)
    if result.rows("arrhenius"):
        yield "arrhenius", line(result)
    hops, sites = pd.read_csv(folder / "hops.csv"), pd.read_csv(folder / "sites.csv")
    if len(hops):
        yield "hop_network", network(hops, sites, result)


def _curves(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Label, colour and rows of each potential and temperature."""
    for number, ((potential, temperature), rows) in enumerate(table.groupby(["potential", "temperature"], sort=False)):
        yield f"{potential}, {temperature:g} K".removeprefix("-, "), f"C{number}", rows


def displacements(table: pd.DataFrame, result: Result) -> Figure:
    """Mean squared displacement of an ion, and of the charge (dashed), with a line of slope 1 for the eye."""
    fig, axes = figure.new()
    for label, colour, rows in _curves(table):
        axes.loglog(rows["lag_ps"], rows["msd"], color=colour, label=label)
        axes.loglog(rows["lag_ps"], rows["charge_msd"], "--", color=colour)
    axes.axline((1.0, table["msd"].median() / 10), (10.0, table["msd"].median()), color="grey", lw=0.6, label="slope 1")
    axes.set(xlabel="lag (ps)", ylabel="mean squared displacement (Å²)", title=figure.plain(result.title))
    axes.plot([], [], "--", color="grey", label="of the charge, an ion")
    axes.legend(fontsize="small")
    return fig


def convergence(table: pd.DataFrame, result: Result) -> Figure:
    """Nernst-Einstein conductivity of the first part of the runs, with its interval (Fig. 3)."""
    fig, axes = figure.new()
    for label, colour, rows in _curves(table):
        axes.plot(rows["length_ps"], rows["conductivity"], color=colour, label=label)
        axes.fill_between(rows["length_ps"], rows["conductivity_low"], rows["conductivity_high"], color=colour, alpha=FADED, lw=0)
    axes.set(xlabel="length of each run (ps)", ylabel="$\\sigma_{NE}$ (mS/cm)", title=figure.plain(result.title), xlim=(0, None), ylim=(0, None))
    axes.legend(fontsize="small")
    return fig


def line(result: Result) -> Figure:
    """Conductivity times temperature against inverse temperature."""
    fig, axes = figure.new()
    for number, fit in enumerate(result.rows("arrhenius")):
        rows = [row for row in result.rows("conductivity") if row.potential == fit.potential and row.conductivity_nernst_einstein.value > 0]
        t = np.array([row.temperature for row in rows])
        values, low, high = (np.array([getattr(row.conductivity_nernst_einstein, end) for row in rows]) for end in ("value", "low", "high"))
        axes.errorbar(1000 / t, values * t, yerr=[(values - low) * t, (high - values) * t], fmt="o", color=f"C{number}", label=fit.potential)
        q, at = fit.conductivity_extrapolated, fit.extrapolated_to
        axes.errorbar(1000 / at, q.value * at, yerr=[[(q.value - q.low) * at], [(q.high - q.value) * at]], fmt="s", mfc="none", color=f"C{number}")
        hot = int(np.argmax(t))
        axes.plot([1000 / t[hot], 1000 / at], [values[hot] * t[hot], q.value * at], color=f"C{number}", lw=0.8)
    axes.set(xlabel="1000 / T (1/K)", ylabel="$\\sigma_{NE} T$ (mS K/cm)", yscale="log", title=figure.plain(result.title))
    axes.legend(fontsize="small")
    return fig


def network(hops: pd.DataFrame, sites: pd.DataFrame, result: Result) -> Figure:
    """Sites seen along z, and the paths that contribute most, as wide as their contribution; one panel a potential and temperature."""
    groups = list(_curves(hops))
    fig, panels = figure.new(width=4.5 * len(groups), ncols=len(groups), squeeze=False)
    for axes, (label, colour, rows) in zip(panels[0], groups):
        here = sites[(sites["potential"] == rows["potential"].iloc[0]) & (sites["temperature"] == rows["temperature"].iloc[0])].set_index("site")
        axes.scatter(here["x"], here["y"], s=120 * here["occupation"] / here["occupation"].max(), color="grey", zorder=2)
        forward = rows["from"] < rows["to"]
        ends = rows.assign(one=rows["from"].where(forward, rows["to"]), other=rows["to"].where(forward, rows["from"]))
        ends[["dx", "dy"]] = ends[["dx", "dy"]].where(forward, -ends[["dx", "dy"]], axis=0)
        best = ends.groupby(["one", "other"]).agg(dx=("dx", "first"), dy=("dy", "first"), share=("contribution", "sum")).nlargest(LINES, "share")
        for (one, _), path in best.iterrows():
            x, y = here.loc[one, ["x", "y"]]
            axes.plot([x, x + path.dx], [y, y + path.dy], color=colour, lw=max(0.3, 5 * path.share / best["share"].max()), alpha=0.6, zorder=1)
        axes.set(xlabel="x (Å)", ylabel="y (Å)", title=figure.plain(label), aspect="equal")
    fig.suptitle(figure.plain(result.title))
    return fig
