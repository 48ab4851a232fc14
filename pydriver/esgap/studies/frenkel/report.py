"""Formation energy of Frenkel pairs against the field and the size of the cell: the figures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from esgap.physics.frenkel import INTACT
from esgap.physics.threshold import PairResponse
from esgap.record import read_json
from esgap.report import figure
from esgap.report.polar import zero_energy_fields
from esgap.studies.contract import Result, Row
from esgap.studies.frenkel.analyse import RESPONSES
from esgap.studies.frenkel.deck import CHOSEN
from esgap.studies.frenkel.sweep import PERFECT


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """A figure a pair and supercell against the field; one against the size where there are several."""
    rows = result.rows("formation_energy")
    groups = list(dict.fromkeys((row.supercell, row.pair) for row in rows)) or [("", "")]
    for supercell, pair in groups:
        name = "formation_energy" if len(groups) == 1 else f"formation_energy-{supercell}-{pair}"
        drawn = against_field(result, supercell, pair, "" if len(groups) == 1 else f": {pair} in {supercell}")
        screened_axis(drawn.axes[0], rows, folder)
        yield name, drawn
    yield from polar(result, folder)
    if result.rows("size"):
        yield "size", against_size(result)


def screened_axis(axes: Axes, rows: list[Row], folder: Path) -> None:
    """A second axis with E S / sqrt(eps_inf), where the study gives eps_inf. The force is S q E, so the same
    force belongs to that field at S = sqrt(eps_inf), and nothing else changes; S: that of the run."""
    file = folder / CHOSEN
    chosen = read_json(file, "write the deck again") if file.is_file() else {}
    in_fields = [row.potential for row in rows if row.field]
    if chosen.get("eps_inf") and in_fields:
        factor = chosen["charges"][in_fields[0]]["field_scale"] / chosen["eps_inf"] ** 0.5
        above = axes.secondary_xaxis("top", functions=(lambda field: field * factor, lambda field: field / factor))
        above.set_xlabel(f"the same with S = sqrt({chosen['eps_inf']:g}) (V/Å)", fontsize="small")


def polar(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """The field of zero formation energy in the planes xy, yz and zx, where the response is known in three directions."""
    file = folder / RESPONSES
    known = read_json(file, "analyse the run again") if file.is_file() else []
    responses = {one["name"]: PairResponse.of(np.array(one["parameters"]), np.array(one["covariance"]), one["freedom"]) for one in known}
    held = {one["name"]: np.array(one["fields"]) for one in known}
    if responses:
        yield "zero_energy", zero_energy_fields(responses, held, f"{result.title}: field of zero formation energy (V/Å)")


def against_field(result: Result, supercell: str, pair: str, more: str) -> Figure:
    """One colour a direction, potentials that were relaxed without field only as marks.

    Solid: the pair that was made. Hollow: another state on the way out; dashed and hollow: on the way back. Dotted: the lowest state known, where it is another. Crosses:
    not converged. Vertical: the crystal gave way.
    """
    rows = [row for row in result.rows("formation_energy") if (row.supercell, row.pair) == (supercell, pair)]
    fig, axes = figure.new()
    in_fields = [row.potential for row in rows if row.field] or [row.potential for row in rows[:1]]
    for number, direction in enumerate(sorted({row.direction for row in rows} - {"-"})):
        colour, mine = f"C{number}", [row for row in rows if row.potential == in_fields[0] and row.direction in (direction, "-")]
        line = sorted((row for row in mine if row.sweep == "out"), key=lambda row: row.field)
        _line(axes, line, [row.state == INTACT for row in line], "-o", colour, f"{in_fields[0]}, along {direction}")
        _marks(axes, [row for row in line if row.state != INTACT], "o", color=colour, mfc="none")
        for sign in (1, -1):
            back = [row for row in mine if row.sweep == "back" and (row.field * sign > 0)]
            if back:
                _line(axes, back, [True] * len(back), "--<", colour, None, ms=4, mfc="none", lw=0.8)
        low = [row for row in result.rows("equilibrium") if row.supercell == supercell and row.potential == in_fields[0] and row.direction in (direction, "-")]
        if any(row.state != INTACT or row.pair != pair for row in low):
            _line(axes, sorted(low, key=lambda row: row.field), [True] * len(low), ":", colour, None, lw=1.6)
        for limit in result.rows("limits"):
            if (limit.supercell, limit.cell, limit.direction, limit.potential) == (supercell, PERFECT, direction, in_fields[0]):
                axes.axvline(limit.lost, color=colour, lw=0.8, alpha=0.5)
    _marks(axes, [row for row in rows if "not converged" in row.verdict], "x", color="black", zorder=3, label="not converged")
    single = [row for row in rows if row.potential not in in_fields or len(rows) == len({row.potential for row in rows})]
    for number, row in enumerate(single):
        hollow = {} if row.state == INTACT else {"mfc": "none"}
        axes.plot(row.field, row.formation_energy.value, marker="*Pd^"[number % 4], ms=13, ls="none", color="black", label=row.potential, **hollow)
    known = [row for row in result.rows("reference") if (row.supercell, row.pair) == (supercell, pair) and row.reference]
    for number, row in enumerate(known):
        axes.plot(0.0, row.reference.value, "_x|+"[number % 4], ms=16, mew=2.5, color="black", label=f"reference on {row.potential}'s cells")
    _legend(axes, rows)
    axes.set(xlabel="electric field (V/Å)", ylabel="formation energy (eV)", title=figure.plain(result.title + more))
    return fig


def _line(axes: Axes, rows: list[Row], shown: list[bool], style: str, colour: str, label: str | None, **more) -> None:
    """A line through rows; where one is not shown it is broken."""
    values = [row.formation_energy.value if ok else float("nan") for row, ok in zip(rows, shown)]
    axes.plot([row.field for row in rows], values, style, color=colour, label=label, **more)


def _marks(axes: Axes, rows: list[Row], marker: str, label: str | None = None, **more) -> None:
    axes.plot([row.field for row in rows], [row.formation_energy.value for row in rows], marker, label=label if rows else None, **more)


def _legend(axes: Axes, rows: list[Row]) -> None:
    axes.axhline(0.0, color="grey", lw=0.6)
    if any(row.state != INTACT for row in rows):
        axes.plot([], [], "o", color="grey", mfc="none", label="another state")
    if any(row.sweep == "back" for row in rows):
        axes.plot([], [], "--<", color="grey", ms=4, mfc="none", lw=0.8, label="way back")
        axes.plot([], [], ":", color="grey", lw=1.6, label="lowest known")
    if rows:
        axes.legend(fontsize="x-small")


def against_size(result: Result) -> Figure:
    """E_f without field against 1/V, as computed and without the energy of the dipole's images; at 0 what they tend to. Hollow, with no line: another state, or not converged; the table says what."""
    fig, axes = figure.new()
    rows = result.rows("size")
    for number, (potential, pair) in enumerate(dict.fromkeys((row.potential, row.pair) for row in rows)):
        all_sizes = [row for row in rows if (row.potential, row.pair) == (potential, pair)]
        mine = [row for row in all_sizes if row.sound]
        for row in all_sizes:
            if row.volume and not row.sound:
                axes.plot(1e3 / row.volume, row.formation_energy.value, "o", color=f"C{number}", mfc="none", label=f"{potential}, {pair}: not this state")
        for name, style, words in (("formation_energy", "-o", ""), ("corrected", "--s", ", images taken off")):
            known = [(1e3 / row.volume if row.volume else 0.0, getattr(row, name).value) for row in mine if getattr(row, name)]
            if known:
                axes.plot(*zip(*sorted(known)), style, color=f"C{number}", mfc=None if style == "-o" else "none", label=f"{potential}, {pair}{words}")
    axes.set(xlabel="1000/V (Å⁻³)", ylabel="formation energy without field (eV)", title=figure.plain(result.title))
    axes.set_xlim(left=0.0)
    axes.legend(fontsize="x-small")
    return fig
