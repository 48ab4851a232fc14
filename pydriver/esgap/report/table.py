"""Rows of a result as a table on the terminal and as CSV; columns, units and forms come from the Row class."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from esgap.record import write_text

if TYPE_CHECKING:
    from esgap.studies.contract import Column, Row

NARROW = 60  # columns of the terminal below which a row is printed as a line


def write_csv(file: Path, rows: Sequence["Row"], kind: type["Row"] | None = None) -> None:
    """Write NAME.csv: tags, NAME, NAME_low, NAME_high for quantities, verdict; the heading alone where there are no rows of this kind."""
    write_text(file, csv(rows, kind))


def csv(rows: Sequence["Row"], kind: type["Row"] | None = None) -> str:
    """The rows as the text of a CSV file."""
    return pd.DataFrame([row.flat() for row in rows], columns=kind.flat_names() if kind else None).to_csv(index=False)


def cell(row: "Row", name: str, column: "Column") -> str:
    """A value as text; a quantity with its interval; "-" for none."""
    value = getattr(row, name)
    if not row.is_quantity(name):
        return "-" if value is None else column.form.format(value)
    if value is None or value.value is None:
        return "-"
    text = column.form.format(value.value)
    if value.low is None and value.high is None:
        return text
    ends = ("-" if end is None else column.form.format(end) for end in (value.low, value.high))
    return f"{text} [{' '.join(ends)}]"


def heading(column: "Column") -> str:
    """Heading with the unit."""
    return f"{column.heading} ({column.unit.replace('Angstrom', 'Å')})" if column.unit else column.heading


def terminal(rows: Sequence["Row"], title: str) -> Table:
    """The rows as a table; those with a verdict other than ok stand out."""
    columns = {name: column for name, column in type(rows[0]).columns().items() if column.shown}
    out = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name, column in columns.items():
        out.add_column(heading(column).replace(" (", "\n("), justify="left" if name == "verdict" else "right", overflow="fold", no_wrap=name != "verdict")
    for row in rows:
        out.add_row(*(cell(row, name, column) for name, column in columns.items()), style=None if row.verdict == "ok" else "yellow")
    return out


def show(console: Console, rows: Sequence["Row"], title: str) -> None:
    """Print rows: as a table, or in a narrow terminal one block a row, so that nothing is cut."""
    if not rows or not rows[0].printed:
        return
    table = terminal(rows, title)
    if console.width >= table.__rich_measure__(console, console.options.update(max_width=1000)).minimum and console.width >= NARROW:
        console.print(table)
        return
    console.print(title, style="bold")
    columns = type(rows[0]).columns()
    for row in rows:
        console.print("; ".join(f"{heading(c)} {cell(row, name, c)}" for name, c in columns.items() if c.shown), soft_wrap=True, highlight=False)
