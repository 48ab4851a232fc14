"""The reference of the documentation as generated from the code: nothing without a meaning, nothing lost."""

import sys
from typing import Annotated

import pytest
from places import ROOT

from esgap.jobs.job import Frozen
from esgap.studies.contract import Column, Quantity, Row
from esgap.studies.kinds import kinds
from esgap.studies.load import module

sys.path.insert(0, str(ROOT / "docs"))
import generate  # noqa: E402


@pytest.mark.parametrize("kind", kinds())
def test_every_key_and_column_of_a_kind_is_there(kind):
    """A key without a docstring raises ValueError: write one below it."""
    text = generate.study_reference(kind)
    for name in module(kind, "study").Study.model_fields:
        assert f"| `{name}` |" in text
    for table, row in module(kind, "analyse").TABLES.items():
        assert f"## Columns of {table}.csv" in text
        assert all(f"`{name}`" in text for name in row.columns())


def test_a_key_without_meaning_is_refused():
    class Silent(Frozen):
        force: float = 0.1

    with pytest.raises(ValueError, match="Silent.force has no meaning"):
        list(generate.keys(Silent))


def test_keys_tell_what_they_may_be():
    class Inner(Frozen):
        """A table."""

        deep: bool = True
        """Deep."""

    class Outer(Frozen):
        names: tuple[str, ...] = ("a", "b")
        """Names."""
        inner: Inner = Inner()
        needed: int
        """Needed."""

    assert list(generate.keys(Outer)) == [
        ("`names`", "list of text", '`["a", "b"]`', "Names."),
        ("`inner`", "table", "", "A table."),
        ("`needed`", "whole number", "required", "Needed."),
        ("`inner.deep`", "true or false", "`true`", "Deep."),
    ]


def test_results_are_shown_as_in_a_report(tmp_path):
    class Line(Row):
        name: Annotated[str, Column("name")]
        energy: Annotated[Quantity, Column("E", "{:.1f}", "eV/Angstrom")]
        hidden: Annotated[str, Column("hidden", shown=False)] = ""

    (tmp_path / "x.csv").write_text("name,energy,energy_low,energy_high,hidden,verdict\na,1.26,1.0,2.0,h,ok\nb,,,,h,not converged\n")
    assert generate.result(tmp_path / "x.csv", Line).splitlines()[0] == "| name | E (eV/Å) | verdict |"
    assert generate.result(tmp_path / "x.csv", Line).splitlines()[2:] == ["| a | 1.3 [1.0 2.0] | ok |", "| b | - | not converged |"]


def test_worked_cases_ship_tables_of_their_kind():
    found = dict(generate.results())
    shipped = [file for file in ROOT.glob("inputs/*/expected/*.csv")]
    assert len(found) >= 4 and all("|" in text for text in found.values()) and len(found) <= len(shipped)


def test_variables_of_decks_with_their_comments():
    text = generate.decks()
    assert "| `force` | `0.01` | largest force on an atom at the end, eV/Angstrom |" in text
    assert all(f"## {file.name}\n" in text for file in ROOT.glob("inputs/in.*"))


def test_sentences_of_errors():
    text = generate.errors()
    assert "stands twice: name each run folder once" in text
    assert text.count("\n- ") > 200 and "### esgap/pipeline.py" in text and "### pair_gap.cpp" in text
