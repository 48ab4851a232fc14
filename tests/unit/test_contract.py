"""Typed rows: to CSV and JSON and back, quantities with their units and intervals, nan refused; what an analysis asks of a run folder."""

import json
import math
from pathlib import Path
from typing import Annotated

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.physics.estimate import Estimate
from esgap.pipeline import read_result
from esgap.record import write_json
from esgap.report.table import cell, write_csv
from esgap.studies.contract import Column, Quantity, Result, Row, Runs
from esgap.studies.frenkel.rows import FormationEnergy
from esgap.studies.kinds import kinds
from esgap.studies.load import module


class Conductivity(Row):
    """A row with every sort of field."""

    potential: Annotated[str, Column("potential")]
    temperature: Annotated[float, Column("T", "{:.0f}", "K")]
    conductivity: Annotated[Quantity, Column("sigma", "{:.2f}", "mS/cm")]
    haven_ratio: Annotated[Quantity | None, Column("H_R", "{:.2f}")] = None
    hops: Annotated[int | None, Column("hops", shown=False)] = None


def row(**changes) -> Conductivity:
    return Conductivity(**{"potential": "a/b", "temperature": 600.0, "conductivity": Estimate(12.0, 10.0, 15.0, "bootstrap")} | changes)


def test_numbers_and_estimates_become_quantities_with_the_unit_of_their_column():
    one, two = row(), row(conductivity=3, haven_ratio=0.4)
    assert one.conductivity == Quantity(value=12.0, unit="mS/cm", low=10.0, high=15.0, level=0.95, method="bootstrap")
    assert two.conductivity == Quantity(value=3.0, unit="mS/cm") and two.conductivity.low is None
    assert two.haven_ratio.unit == "" and one.haven_ratio is None and one.verdict == "ok"


def test_estimate_without_an_interval_has_none():
    assert row(conductivity=Estimate(1.0)).flat()["conductivity_low"] is None


def test_csv(tmp_path):
    """NAME, NAME_low, NAME_high for each quantity; tags and the verdict as they are; all digits."""
    write_csv(tmp_path / "t.csv", [row(), row(conductivity=1 / 3, haven_ratio=Estimate(0.5, 0.25, None), hops=7, verdict="not converged: 7 hops")])
    csv = pd.read_csv(tmp_path / "t.csv")
    quantities = [f"{name}{end}" for name in ("conductivity", "haven_ratio") for end in ("", "_low", "_high")]
    assert list(csv) == ["potential", "temperature", *quantities, "hops", "verdict"]
    first, second = csv.to_dict("records")
    assert (first["conductivity"], first["conductivity_low"], first["conductivity_high"]) == (12.0, 10.0, 15.0)
    assert second["conductivity"] == 1 / 3 and second["haven_ratio_low"] == 0.25 and second["verdict"] == "not converged: 7 hops"
    assert all(math.isnan(value) for value in (first["haven_ratio"], second["haven_ratio_high"], second["conductivity_low"]))
    write_csv(tmp_path / "none.csv", [], type(row()))
    assert list(pd.read_csv(tmp_path / "none.csv")) == list(csv)


def test_as_text():
    columns = Conductivity.columns()
    shown = {name: cell(row(hops=3), name, column) for name, column in columns.items()}
    assert shown == {"potential": "a/b", "temperature": "600", "conductivity": "12.00 [10.00 15.00]", "haven_ratio": "-", "hops": "3", "verdict": "ok"}
    assert list(columns)[-1] == "verdict"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), Estimate(float("nan")), Estimate(1.0, float("nan"), 2.0), Estimate(1.0, 0.0, float("inf"))])
def test_nan_is_no_result(value):
    with pytest.raises(EsgapError, match="sigma .*(nan|inf)"):
        row(conductivity=value)


def test_unknown_or_missing_fields_are_errors():
    with pytest.raises(ValidationError, match="conductance"):
        row(conductance=1.0)
    with pytest.raises(ValidationError, match="temperature"):
        Conductivity(potential="a", conductivity=1.0)


def test_field_without_a_column_is_an_error_of_the_programmer():
    class Bare(Row):
        what: str

    with pytest.raises(TypeError, match="what has no Column"):
        Bare.columns()


number = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tags = {"potential": text, "supercell": text, "pair": text, "sweep": text, "direction": st.sampled_from("-xyz"), "field": number, "state": text, "verdict": text}
quantities = [name for name in FormationEnergy.model_fields if FormationEnergy.is_quantity(name)]
points = st.fixed_dictionaries(tags | dict.fromkeys(quantities, number | st.builds(Estimate, number, number | st.none(), number | st.none(), text)))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(rows=st.lists(points, max_size=3), title=text, notes=st.lists(text, max_size=2))
def test_result_json_and_back(tmp_path_factory, rows, title, notes):
    """The very same rows, typed."""
    folder = tmp_path_factory.mktemp("run")
    result = Result(kind="frenkel", title=title, tables={"formation_energy": [FormationEnergy(**point) for point in rows]}, notes=notes)
    write_json(folder / "result.json", result.model_dump(mode="json", by_alias=True))
    assert read_result(folder) == result
    content = json.loads((folder / "result.json").read_text())
    assert content["schema"] == Result.version and set(content) == {"schema", "kind", "title", "method", "tables", "notes", "provenance"}
    for found, point in zip(content["tables"]["formation_energy"], rows, strict=True):
        assert set(found["formation_energy"]) == {"value", "unit", "low", "high", "level", "method"} and found["formation_energy"]["unit"] == "eV"
        assert found["field"] == point["field"]


@pytest.mark.parametrize("kind", kinds())
def test_every_row_class_of_every_kind_has_columns_with_units(kind):
    for name, rows in module(kind, "analyse").TABLES.items():
        columns = rows.columns()
        assert name.isidentifier() and list(columns)[-1] == "verdict"
        assert all(column.heading for column in columns.values())


def runs() -> Runs:
    def job(name, **tags):
        return Job(name=name, command=("lmp",), inputs={}, outputs=(f"{name}/relaxed.dump", f"{name}/log.lammps"), tags=tags)

    jobs = (job("a", cell="perfect", field=0.0), job("b", cell="defect", field=0.0), job("c", cell="defect", field=0.1), job("d", cell="defect", field=0.1))
    return Runs(Path("/run"), jobs, frozenset("abd"))


def test_finished_jobs_are_found_by_their_tags():
    found = runs()
    assert [job.name for job in found.select(cell="defect")] == ["b", "d"]
    assert found.find(cell="perfect", field=0.0).name == "a" and found.find(cell="perfect", field=0.1) is None
    assert found.find(cell="defect", field=0.1).name == "d", "the other is not finished"
    with pytest.raises(EsgapError, match="2 jobs of /run have the tags"):
        found.find(cell="defect")
    assert found.path(found.jobs[0], "relaxed.dump") == Path("/run/a/relaxed.dump")
    assert found.path(found.jobs[0], "log.lammps") == Path("/run/a/log.lammps")
