"""Potential, field, formation energy and site fraction against the depth: the figure."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import Result

LINES = ("-", "--", ":", "-.")  # one a pair; colours are directions


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Three panels over one depth, a colour a direction, a line style a pair; a line ends where the pair is no longer what was made."""
    rows = result.rows("profile")
    fig, (drop, energy, fraction) = figure.new(6.0, 7.5, nrows=3, sharex=True)
    if rows:
        first = [row for row in rows if _curve(row) == _curve(rows[0])]
        depth = [row.depth for row in first]
        drop.plot(depth, [row.drop.value for row in first], color="black")
        field = drop.twinx()
        field.plot(depth, [row.field.value for row in first], "--", color="C3")
        field.set_ylabel("field (V/Å), dashed", color="C3")
    directions, pairs = ([*dict.fromkeys(part(row) for row in rows)] for part in (lambda row: row.direction, lambda row: _curve(row)[:-1]))
    for curve in dict.fromkeys(map(_curve, rows)):
        some = [row for row in rows if _curve(row) == curve]
        depth = [row.depth for row in some]
        look = {"color": f"C{directions.index(curve[-1])}", "ls": LINES[pairs.index(curve[:-1]) % len(LINES)]}
        energy.plot(depth, [_or_gap(row.formation_energy) for row in some], label=figure.plain(f"{_name(result, curve)}, into {curve[-1]}"), **look)
        fraction.semilogy(depth, [_or_gap(row.fraction) for row in some], **look)
    energy.axhline(0.0, color="grey", lw=0.6)
    drop.set(ylabel="potential (V)", title=figure.plain(result.title))
    energy.set(ylabel="formation energy (eV)")
    fraction.set(xlabel="depth below the interface (Å)", ylabel="site fraction")
    if rows:
        fig.legend(fontsize="small", loc="outside lower center", ncols=2)
    yield "interface", fig


def _curve(row) -> tuple[str, ...]:
    return row.potential, row.supercell, row.pair, row.direction


def _name(result: Result, curve: tuple[str, ...]) -> str:
    """What tells a curve from the others, the direction left out."""
    others = list(zip(*map(_curve, result.rows("interface"))))
    parts = [part for part, column in zip(curve[:-1], others) if len(set(column)) > 1]
    return ", ".join(parts) or curve[0]


def _or_gap(quantity) -> float:
    return float("nan") if quantity is None else quantity.value  # matplotlib leaves a gap there
