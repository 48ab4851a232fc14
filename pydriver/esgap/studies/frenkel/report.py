"""Formation energy of a Frenkel pair against the field: the figure."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from esgap.physics.frenkel import INTACT
from esgap.report import figure
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Formation energy against field, one line a direction, potentials that were relaxed without field only as marks.

    Hollow marks: the pair is not the one that was made (recombined, or another site emptied); no line goes through
    them. Crosses: the relaxation did not reach its force.
    """
    rows = result.rows("formation_energy")
    fig, axes = figure.new()
    in_fields = [row.potential for row in rows if row.field] or [row.potential for row in rows[:1]]
    for number, direction in enumerate(sorted({row.direction for row in rows} - {"-"})):
        line = sorted((row for row in rows if row.potential == in_fields[0] and row.direction in (direction, "-")), key=lambda row: row.field)
        x, y = [row.field for row in line], [row.formation_energy.value for row in line]
        same = [row.state == INTACT for row in line]
        axes.plot(x, [e if ok else float("nan") for e, ok in zip(y, same)], "-o", color=f"C{number}", label=f"{in_fields[0]}, along {direction}")
        axes.plot([a for a, ok in zip(x, same) if not ok], [e for e, ok in zip(y, same) if not ok], "o", color=f"C{number}", mfc="none")
    stuck = [row for row in rows if "not converged" in row.verdict]
    axes.plot([row.field for row in stuck], [row.formation_energy.value for row in stuck], "x", color="black", zorder=3, label="not converged" if stuck else None)
    single = [row for row in rows if row.potential not in in_fields or len(rows) == len({row.potential for row in rows})]
    for number, row in enumerate(single):
        hollow = {} if row.state == INTACT else {"mfc": "none"}
        axes.plot(row.field, row.formation_energy.value, marker="*Pd^"[number % 4], ms=13, ls="none", color="black", label=row.potential, **hollow)
    if any(row.state != INTACT for row in rows):
        axes.plot([], [], "o", color="grey", mfc="none", label="another state (see table)")
    axes.set(xlabel="electric field (V/Å)", ylabel="formation energy (eV)", title=figure.plain(result.title))
    axes.axhline(0.0, color="grey", lw=0.6)
    if rows:
        axes.legend(fontsize="small")
    yield "formation_energy", fig
