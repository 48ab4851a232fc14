"""Formation energy of a Frenkel pair against the field: table and figure."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display on a cluster

import matplotlib.pyplot as plt  # noqa: E402
import pandas as pd  # noqa: E402
from rich.table import Table  # noqa: E402

from esgap.analysis.frenkel import HELD  # noqa: E402

COLUMNS = {  # of the table on the terminal: title, format
    "potential": ("potential", "{}"),
    "direction": ("along", "{}"),
    "field": ("field", "{:+.2f}"),
    "formation_energy": ("E_f", "{:.3f}"),
    "frozen": ("frozen", "{:.3f}"),
    "relaxation": ("relaxed", "{:+.3f}"),
    "max_force": ("force", "{:.4f}"),
    "state": ("state", "{}"),
}
CAPTION = "field in V/Å; energies in eV: E_f = frozen dipole + relaxed; largest force in eV/Å"


def table(rows: pd.DataFrame, title: str) -> Table:
    """The results as a table; other states and unconverged relaxations stand out."""
    out = Table(title=title, caption=CAPTION)
    for name, _ in COLUMNS.values():
        out.add_column(name, justify="right")
    for row in rows.to_dict("records"):
        cells = [form.format(row[key]) for key, (_, form) in COLUMNS.items()]
        if not row["converged"]:
            cells[-1] += ", not converged"
        out.add_row(*cells, style=None if row["state"] == HELD and row["converged"] else "yellow")
    return out


def figure(rows: pd.DataFrame, field_potential: str, title: str, file: Path) -> None:
    """Formation energy against field, one line a direction, the other potentials' zero-field values as marks.

    Hollow marks: the pair is not the one that was made (fell back, or another site emptied); no line goes through
    them. Crosses: the relaxation did not reach its force.
    """
    fig, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
    charged = rows[rows.potential == field_potential]
    zero = charged[charged.field == 0.0]
    for number, direction in enumerate(sorted(set(charged.direction) - {"-"})):
        line = pd.concat([charged[charged.direction == direction], zero]).sort_values("field")
        same = line.state == HELD
        colour = f"C{number}"
        axes.plot(line.field, line.formation_energy.where(same), "-o", color=colour, label=f"{field_potential}, along {direction}")
        axes.plot(line.field[~same], line.formation_energy[~same], "o", color=colour, mfc="none")
        stuck = line[~line.converged.astype(bool)]
        axes.plot(stuck.field, stuck.formation_energy, "x", color="black", zorder=3)
    for number, row in enumerate(rows[rows.potential != field_potential].itertuples()):
        filled = {} if row.state == HELD else {"mfc": "none"}
        axes.plot(row.field, row.formation_energy, marker="*Pd^"[number % 4], ms=13, ls="none", color="black", label=row.potential, **filled)
    if (rows.state != HELD).any():
        axes.plot([], [], "o", color="grey", mfc="none", label="another state (see table)")
    if not rows.converged.all():
        axes.plot([], [], "x", color="black", label="not converged")
    axes.set(xlabel="electric field (V/Å)", ylabel="formation energy (eV)", title=title)
    axes.axhline(0.0, color="grey", lw=0.6)
    axes.legend(fontsize="small")
    fig.savefig(file, dpi=150)
    plt.close(fig)
