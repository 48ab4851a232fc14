"""Our numbers for the quantities of a publication, from results or from shipped tables."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from ase.io import iread

from esgap.errors import EsgapError
from esgap.paper.data import Cell, Figure, Labels, Paper, Quantity
from esgap.studies.contract import OK, Result

Tables = Callable[[str, str], pd.DataFrame]  # case, table -> its rows


@dataclass(frozen=True)
class Side:
    """A quantity of the publication and ours."""

    quantity: Quantity
    value: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: str = OK  # of our rows, or why there is no number of ours

    @property
    def beside(self) -> str:
        """How ours lies to what is printed, in words; empty where one of them is no number."""
        printed = self.quantity.printed
        if self.value is None:
            return ""
        if (bound := printed.above if printed.above is not None else printed.below) is not None:
            return self._against(bound)
        low, high = (printed.value, printed.value) if printed.value is not None else (printed.low, printed.high)
        if low is None:
            return ""
        ours = (self.value if self.low is None else self.low, self.value if self.high is None else self.high)
        if ours[0] <= high and low <= ours[1]:
            return "within the range" if printed.value is None else "within our interval" if self.low is not None else "the same"
        if printed.value and self.value * printed.value <= 0:
            return "of the other sign" if self.value else "zero"
        if printed.value:
            return f"{self.value / printed.value:.2g} times the printed one"
        return "above the range" if self.value > high else "below the range"

    def _against(self, bound: float) -> str:
        """Ours against a bound: on the printed side, the other one, or neither."""
        if self.low is not None and self.high is not None and self.low <= bound <= self.high:
            return f"undecided: the interval holds {bound:g}"
        if self.quantity.form.format(self.value - bound) == self.quantity.form.format(0.0):
            return "the same within the digits shown"
        return "as printed" if (self.value > bound) == (self.quantity.printed.above is not None) else "the other way round"


def of_runs(found: Mapping[str, Result]) -> Tables:
    """Tables of results."""

    def tables(case: str, table: str) -> pd.DataFrame:
        return pd.DataFrame([row.flat() for row in found[case].rows(table)] if case in found else [])

    return tables


def of_shipped(paper: Paper) -> Tables:
    """Tables that are shipped with the cases; empty where there is none."""
    cases = {case.name: case for case in paper.case}

    def tables(case: str, table: str) -> pd.DataFrame:
        pattern = cases[case].expected or cases[case].study.parent / "expected" / "{table}.csv"
        file = Path(str(pattern).replace("{table}", table))
        return pd.read_csv(file, keep_default_na=False, na_values=[""]) if file.is_file() else pd.DataFrame()

    return tables


def sides(figure: Figure, tables: Tables) -> Iterator[Side]:
    """The quantities of a figure, with our numbers from `tables`."""
    for quantity in figure.quantity:
        yield side(quantity, tables)


def side(quantity: Quantity, tables: Tables) -> Side:
    """One quantity. The interval of a ratio or difference goes from one end of both to the other: it is the widest that both allow."""
    source = quantity.computed
    if source is None:
        return Side(quantity, verdict="not computed")
    if source.labels:
        return Side(quantity, labelled(source.labels))
    cells = [cell for cell in (source.cell, source.over or source.less) if cell]
    rows = [_row(cell, tables(cell.case, cell.table)) for cell in cells]
    if lost := [said for said in rows if isinstance(said, str)]:
        return Side(quantity, verdict=lost[0])
    verdict = "; ".join(dict.fromkeys(str(row["verdict"]) for row in rows if row["verdict"] != OK)) or OK
    values = [[_number(row.get(f"{cell.column}{end}")) for end in ("", "_low", "_high")] for row, cell in zip(rows, cells)]
    if len(values) == 1:
        return Side(quantity, *values[0], verdict)
    (one, low, high), (other, least, most) = values
    meet = (lambda a, b: None if a is None or b is None else a / b) if source.over else (lambda a, b: None if a is None or b is None else a - b)
    return Side(quantity, meet(one, other), meet(low, most), meet(high, least), verdict)


def _number(value) -> float | None:
    return None if pd.isna(value) else float(value)


def _row(cell: Cell, frame: pd.DataFrame) -> pd.Series | str:
    """The row of a cell, or why there is none. Raises EsgapError for a column that the table lacks, and for several rows."""
    if frame.empty:
        return f"no table {cell.table} of {cell.case}"
    if lost := [name for name in (*cell.row, cell.column) if name not in frame]:
        raise EsgapError(f"{cell.table} of {cell.case} has no column {', '.join(lost)}: its columns are {', '.join(frame)}")
    for name, value in cell.row.items():
        frame = frame[frame[name].astype(float).sub(value).abs() < 1e-9] if isinstance(value, float | int) else frame[frame[name].astype(str) == value]
    if len(frame) > 1:
        raise EsgapError(f"{cell.table} of {cell.case} has {len(frame)} rows with {cell.row}, expected one: name more of its columns")
    if frame.empty or pd.isna(frame[cell.column].iloc[0]):
        return f"{cell.table} of {cell.case} has no such row"
    return frame.iloc[0]


def labelled(labels: Labels) -> float:
    """The difference of two labelled energies. Raises EsgapError when a tag is not in the file."""
    found = {atoms.info.get("tag"): atoms.info.get(labels.key) for atoms in iread(labels.file, ":", format="extxyz")}
    if lost := [tag for tag in (labels.plus, labels.minus) if found.get(tag) is None]:
        raise EsgapError(f"{labels.file} has no configuration with the tag {', '.join(lost)} and {labels.key}: look at its comment lines")
    return float(found[labels.plus] - found[labels.minus])
