"""What a kind of study gives: a Study (what is asked), jobs (deck), a Result of typed rows (analyse), figures (report).

A kind is a folder `studies/KIND/` with four modules, named after the verbs of the command line:

    study.py     class Study(contract.Study)                            keys of the study file, with their meaning
    deck.py      deck(study, work: Workspace) -> iterable of Job        writes into work.stage, reads finished jobs in work.folder;
                                                                        called again after each round, until no new job comes
    analyse.py   TABLES = {NAME: Row class}; analyse(study, runs: Runs) -> Result, of the finished jobs
    report.py    figures(result, folder) -> iterable of (NAME, matplotlib Figure)

and, where a run has something to give away, publish.py with publish(study, folder) -> lines for the terminal.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field, model_validator

from esgap.errors import EsgapError
from esgap.jobs.job import Frozen, Job, Tag
from esgap.jobs.record import unfinished
from esgap.jobs.resources import Resources
from esgap.lammps.log import problem
from esgap.physics.estimate import LEVEL, Estimate

SCHEMA = 2
OK = "ok"


class Study(Frozen):
    """What every study file has."""

    kind: str
    """Kind of study."""
    title: str = ""
    """Heading of tables, figures and report."""
    run: Resources = Resources()


class Quantity(Frozen):
    """A result: value and unit, and the interval [low, high] at `level`; low and high are null where there is no interval."""

    value: Annotated[float, Field(allow_inf_nan=False)] | None
    unit: str
    low: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None
    level: float = LEVEL
    method: str = ""


class Column(NamedTuple):
    """How a field of a row is shown, and its unit."""

    heading: str
    form: str = "{}"
    unit: str = ""
    meaning: str = ""
    shown: bool = True  # on the terminal; files hold every column


class Row(Frozen):
    """One line of a table: tags, quantities, a verdict. Each field is annotated with its Column.

    A quantity may be given as a number or an Estimate; its unit is that of its column.
    """

    printed: ClassVar[bool] = True  # False for the points of curves: in files and figures, not on the terminal

    verdict: Annotated[str, Column("verdict", meaning="ok, or what is wrong")] = OK

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Field -> Column, the verdict last."""
        found = {name: column for name, field in cls.model_fields.items() for column in field.metadata if isinstance(column, Column)}
        if lost := set(cls.model_fields) - set(found):
            raise TypeError(f"{cls.__name__}: {', '.join(sorted(lost))} has no Column")
        return {name: column for name, column in found.items() if name != "verdict"} | {"verdict": found["verdict"]}

    @classmethod
    def is_quantity(cls, name: str) -> bool:
        """True for a field that holds a Quantity."""
        return "Quantity" in str(cls.model_fields[name].annotation)

    @model_validator(mode="before")
    @classmethod
    def _numbers_become_quantities(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        columns = cls.columns()
        return {name: _quantity(value, columns[name]) if name in columns and cls.is_quantity(name) else value for name, value in values.items()}

    @classmethod
    def flat_names(cls) -> list[str]:
        """The columns of a CSV file."""
        return [f"{name}{end}" for name in cls.columns() for end in (("", "_low", "_high") if cls.is_quantity(name) else ("",))]

    def flat(self) -> dict[str, Tag | None]:
        """The row for a CSV file: NAME, NAME_low, NAME_high for a quantity with an interval."""
        out: dict[str, Tag | None] = {}
        for name in self.columns():
            value = getattr(self, name)
            if isinstance(value, Quantity):
                out |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
            elif not self.is_quantity(name):
                out[name] = value
            else:
                out |= {name: None, f"{name}_low": None, f"{name}_high": None}
        return out


def _quantity(value: Any, column: Column) -> Any:
    """Raises EsgapError for nan and infinity: no result has them."""
    if value is None or isinstance(value, dict | Quantity):
        return value
    found = value if isinstance(value, Estimate) else Estimate(float(value))
    numbers = {"value": found.value, "low": found.low, "high": found.high}
    if wrong := [f"{name} {number}" for name, number in numbers.items() if number is not None and not math.isfinite(number)]:
        raise EsgapError(f"{column.heading} came out as {', '.join(wrong)}, which is no result: look at the logs of the jobs behind it, delete those that went wrong")
    numbers = {name: None if number is None else float(number) for name, number in numbers.items()}
    return Quantity(unit=column.unit, level=found.level, method=found.method, **numbers)


class Result(Frozen):
    """What `result.json` holds."""

    version: ClassVar[int] = SCHEMA
    schema_: Annotated[int, Field(alias="schema")] = SCHEMA
    kind: str
    title: str
    method: str = ""
    tables: dict[str, list[Any]]
    notes: list[str] = []
    provenance: dict[str, Any] = {}

    model_config = {"populate_by_name": True, "frozen": True, "extra": "forbid"}

    def rows(self, table: str) -> list[Any]:
        """The rows of a table; empty when there is no such table."""
        return self.tables.get(table, [])


@dataclass(frozen=True)
class Workspace:
    """Where a deck is written, and where the results of earlier rounds are."""

    folder: Path  # the run folder, to read from
    stage: Path  # to write into; its files become those of the run folder when they contradict no result
    said: list[str] = field(default_factory=list)  # lines for the terminal

    def say(self, line: str) -> None:
        """Tell the user something about the deck."""
        self.said.append(line)

    def finished(self, job: Job) -> bool:
        """True when the job of an earlier round has a result."""
        return unfinished(job, self.folder, problem) is None


@dataclass(frozen=True)
class Runs:
    """The jobs of a run folder, for the analysis."""

    folder: Path
    jobs: tuple[Job, ...]
    done: frozenset[str]  # names of the finished ones

    def select(self, **tags: Tag) -> Iterator[Job]:
        """The finished jobs with these tags."""
        for job in self.jobs:
            if job.name in self.done and all(job.tags.get(key) == value for key, value in tags.items()):
                yield job

    def find(self, **tags: Tag) -> Job | None:
        """The finished job with these tags, None when it is not finished; there must be one such job at most."""
        found = list(self.select(**tags))
        if len(found) > 1:
            raise EsgapError(f"{len(found)} jobs of {self.folder} have the tags {tags}: the plan is not of this version; write the deck again")
        return found[0] if found else None

    def path(self, job: Job, output: str) -> Path:
        """The file of a job whose name ends in `output`."""
        return self.folder / next(name for name in (*job.outputs, job.log) if name.endswith(output))
