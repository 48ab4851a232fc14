"""The file of a publication: cases, figures, printed numbers, and where ours are found.

What is printed and what was computed never mix: `Printed` holds the one, `Computed` says where in the results the other stands.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from esgap.studies.load import read_toml, validate
from esgap.studies.sections import Finite, Section, StudyPath, distinct


class Case(Section):
    """A study that belongs to the publication."""

    name: str
    """Also its run folder below that of all."""
    study: StudyPath
    """Study file."""
    set: dict[str, Any] = {}
    """Keys of the study that are other here; {runs} stands for the folder of all runs."""
    short: dict[str, Any] = {}
    """Further ones for a short run that shows that everything works."""
    time: str = ""
    """How long it takes."""
    expected: StudyPath | None = None
    """Shipped tables of such a run; {table} stands for the table."""


class Printed(Section):
    """What the publication prints: a value, a range, a bound, or words."""

    value: Finite | None = None
    low: Finite | None = None
    high: Finite | None = None
    above: Finite | None = None
    below: Finite | None = None
    text: str = ""
    where: str
    """Figure and section."""

    @model_validator(mode="after")
    def _one_thing(self):
        given = [self.value is not None, self.low is not None or self.high is not None, self.above is not None, self.below is not None]
        if sum(given) > 1 or (self.low is None) != (self.high is None) or not (any(given) or self.text):
            raise ValueError("give value, or low and high, or above, or below, or text alone")
        return self


class Cell(Section):
    """One number of a result: the column of the one row in which all of `row` holds."""

    case: str
    table: str
    row: dict[str, str | float] = {}
    column: str


class Labels(Section):
    """A difference of two labelled energies, found by `tag` in an extxyz file."""

    file: StudyPath
    key: str
    plus: str
    minus: str


class Computed(Section):
    """Where our number is found: a cell, or one cell divided by or less another; or labels."""

    cell: Cell | None = None
    over: Cell | None = None
    less: Cell | None = None
    labels: Labels | None = None

    @model_validator(mode="after")
    def _one_source(self):
        if (self.cell is None) == (self.labels is None) or (self.over and self.less) or (self.labels and (self.over or self.less)):
            raise ValueError("give cell, with over or less or neither, or labels")
        return self


class Quantity(Section):
    """One number beside the other."""

    name: str
    unit: str = ""
    form: str = "{:.3g}"
    printed: Printed
    computed: Computed | None = None
    why: str = ""
    """What is done differently, and what that does."""


class Figure(Section):
    """A figure of the publication."""

    title: str
    text: str = ""
    cases: tuple[str, ...] = ()
    """Whose figures belong to it."""
    quantity: tuple[Quantity, ...] = ()


class Paper(Section):
    """A publication."""

    title: str
    source: str
    """Authors, journal, DOI."""
    differs: tuple[str, ...] = ()
    """What is done differently in all of it."""
    case: Annotated[tuple[Case, ...], Field(min_length=1)]
    """In the order in which they are run: a case may use those above it."""
    figure: tuple[Figure, ...]

    @field_validator("case")
    @classmethod
    def _each_once(cls, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        distinct(tuple(case.name for case in cases), "case.name")
        return cases

    @model_validator(mode="after")
    def _cases_exist(self):
        known = {case.name for case in self.case}
        cells = [cell for figure in self.figure for one in figure.quantity if one.computed for cell in (one.computed.cell, one.computed.over, one.computed.less) if cell]
        named = {name for figure in self.figure for name in figure.cases} | {cell.case for cell in cells}
        if lost := sorted(named - known):
            raise ValueError(f"there is no case {', '.join(lost)}: the cases are {', '.join(sorted(known))}")
        return self


def load(file: Path) -> Paper:
    """Read a file of a publication. Raises EsgapError, one sentence: no such file, a key that is unknown or wrong."""
    return validate(Paper, read_toml(file), file)
