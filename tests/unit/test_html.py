"""The report of a run and of a set of runs: what they say, without a browser."""

import base64
import re
from typing import Annotated

import pytest

from esgap.errors import EsgapError
from esgap.pipeline import compare
from esgap.report.compare import write_set
from esgap.report.html import LONG, write_page
from esgap.studies.contract import Column, Quantity, Result, Row


class Energy(Row):
    """A row."""

    potential: Annotated[str, Column("potential")]
    energy: Annotated[Quantity, Column("E", "{:.2f}", "eV", "of the cell, doi:10.1021/acsaem.1c02363")]


def result(energies: dict[str, float], verdicts: dict[str, str] | None = None, **more) -> Result:
    rows = [Energy(potential=name, energy=value, verdict=(verdicts or {}).get(name, "ok")) for name, value in energies.items()]
    jobs = {"one": {"seconds": 2.5, "inputs": {"files": {"deck": "abc"}, "versions": {"lmp": "22 Jul"}}}, "two": "no record"}
    return Result(kind="frenkel", title="A <b> & C", tables={"energies": rows}, provenance={"jobs": jobs, "analysis": {"written": "now", "command": ["esgap"], "versions": {"python": "3"}}}, **more)


@pytest.fixture
def page(tmp_path):
    def write(*args, **kwargs) -> str:
        write_page(*args, file=tmp_path / "page.html", **kwargs)
        return (tmp_path / "page.html").read_text()

    return write


def test_verdicts_come_first_and_count(page):
    text = page(result({"a": 1.0, "b": 2.0, "c": 3.0}, {"b": "not <converged>", "c": "not <converged>"}, notes=["see doi:10.1000/x-y.z."]), [])
    assert "energies: 1 of 3 ok" in text and "2 &times; not &lt;converged&gt;" in text and text.count("<tr class=wrong>") == 2
    assert text.index("1 of 3 ok") < text.index("<table>")
    assert '<a href="https://doi.org/10.1000/x-y.z">doi:10.1000/x-y.z</a>.' in text
    assert "<h1>A &lt;b&gt; &amp; C</h1>" in text


def test_what_was_asked_and_where_it_comes_from(page):
    text = page(result({"a": 1.0}, method="As in 10.1021/acsaem.1c02363, closely"), [], question="Why?", asked={"field": {"values": [0.0, 0.1]}, "atom": None, "title": ""})
    assert "<dt>field.values</dt><dd><code>0.0, 0.1</code></dd>" in text and "1 keys" in text and "Why?" in text
    assert '<a href="https://doi.org/10.1021/acsaem.1c02363">' in text
    assert "2, 1 with a record, 2 s of computing" in text and "lmp 22 Jul" in text and "<dt>deck</dt><dd><code>abc</code>" in text


def test_the_csv_file_lies_inside(page):
    text = page(result({"a": 1.0}), [])
    content = base64.b64decode(re.search(r'download="energies.csv" href="data:text/csv;base64,([^"]+)"', text)[1]).decode()
    assert content.splitlines() == ["potential,energy,energy_low,energy_high,verdict", "a,1.0,,,ok"]


def test_a_long_table_is_folded(page):
    rows = {f"p{number}": 1.0 for number in range(LONG + 1)}
    assert f"<summary>{LONG + 1} rows</summary>" in page(result(rows), [])
    rows.pop("p0")
    assert " rows</summary>" not in page(result(rows), [])


def test_figures_are_embedded(page, tmp_path):
    (tmp_path / "one_two.png").write_bytes(b"picture")
    assert f'<img alt="one two" src="data:image/png;base64,{base64.b64encode(b"picture").decode()}">' in page(result({"a": 1.0}), [tmp_path / "one_two.png"])


def test_runs_are_joined_row_by_row(tmp_path):
    runs = [("first", result({"a": 1.0, "b": 2.0}), [], {"force": 0.1, "same": 1}), ("second", result({"b": 3.0}), [], {"force": 0.2, "same": 1})]
    write_set(runs, tmp_path / "set.html")
    text = (tmp_path / "set.html").read_text()
    assert "<td class=text>b</td><td>2.00</td><td>3.00</td>" in text
    assert "<tr class=wrong><td class=text>a</td><td>1.00</td><td></td><td class=\"text\">ok</td><td class=\"text\">no such row</td>" in text
    assert "<td class=text>force</td><td class=text>0.1</td><td class=text>0.2</td>" in text and "same" not in text
    assert text.count("<section>") == 2


def test_rows_that_keys_do_not_tell_apart_are_not_joined(tmp_path):
    twice = result({"a": 1.0})
    twice.tables["energies"].append(twice.tables["energies"][0])
    write_set([("first", twice, [], {}), ("second", result({"a": 1.0}), [], {})], tmp_path / "set.html")
    assert "side by side</h2>" not in (tmp_path / "set.html").read_text()


def test_a_folder_named_twice_is_refused(tmp_path):
    with pytest.raises(EsgapError, match="stands twice: name each run folder once"):
        compare([tmp_path, tmp_path], tmp_path / "set.html")
