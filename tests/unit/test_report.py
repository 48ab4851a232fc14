"""The tables, the figure and the page tell other states and unconverged points from the rest."""

import math

import numpy as np
import pytest
from rich.console import Console

from esgap.record import write_json
from esgap.report.html import write_page
from esgap.report.table import show, terminal, write_csv
from esgap.studies.contract import Result
from esgap.studies.frenkel.rows import FormationEnergy
from esgap.studies.frenkel.report import figures


def point(potential="es-gap", direction="x", field=0.0, energy=0.8, state="intact", verdict="ok") -> FormationEnergy:
    parts = {"frozen": 0.8, "relaxation": 0.0, "dipole_x": 0.0, "dipole_y": 0.0, "dipole_z": 0.0, "max_force": 0.009}
    return FormationEnergy(potential=potential, supercell="1x2x1", pair="Li1-i1-4.00", sweep="out", direction=direction, field=field, formation_energy=energy, state=state, verdict=verdict, **parts)


@pytest.fixture
def rows():
    return [
        point(direction="-"),
        point(field=-0.1, energy=0.9),
        point(field=0.1, energy=0.7, state="recombined", verdict="recombined"),
        point(field=0.2, energy=0.6, verdict="not converged: 0.2 eV/Angstrom left"),
        point(potential="gap", direction="-", energy=0.6),
    ]


def result(rows, title="title") -> Result:
    return Result(kind="frenkel", title=title, tables={"formation_energy": rows})


def printed(rows, width: int) -> str:
    console = Console(record=True, width=width, file=open("/dev/null", "w"))
    show(console, rows, "title")
    return console.export_text()


def test_table_names_states(rows):
    text = printed(rows, 140)
    assert text.count("recombined") == 1 and text.count("not converged") == 1 and text.count("ok") == 3
    assert "(V/Å)" in text and "E_f" in text and "(eV)" in text


def test_rows_with_another_verdict_stand_out(rows):
    assert [row.style for row in terminal(rows, "title").rows] == [None, None, "yellow", "yellow", None]


@pytest.mark.parametrize("width", [20, 45, 60, 80, 90, 100, 110])
def test_narrow_terminal_cuts_nothing(rows, width):
    text = "".join(printed(rows, width).split())
    for whole in ("0.900", "-0.1", "notconverged:0.2eV/Angstromleft", "recombined"):
        assert whole in text


def test_csv_holds_every_column_and_every_digit(rows, tmp_path):
    write_csv(tmp_path / "table.csv", [point(energy=1 / 3)])
    head, line = (text.split(",") for text in (tmp_path / "table.csv").read_text().splitlines())
    values = dict(zip(head, line, strict=True))
    assert float(values["formation_energy"]) == 1 / 3
    assert values["formation_energy_low"] == "" and values["state"] == "intact" and values["verdict"] == "ok"


def test_line_stops_at_another_state(rows, tmp_path):
    """The solid line holds only points of the made pair; the other state is a hollow mark without a line."""
    ((name, drawn),) = figures(result(rows), tmp_path)
    assert name == "formation_energy"
    line, hollow, cross = drawn.axes[0].lines[:3]
    assert list(line.get_xdata()) == [-0.1, 0.0, 0.1, 0.2]
    assert math.isnan(line.get_ydata()[2]) and not math.isnan(line.get_ydata()[1])
    assert list(hollow.get_xdata()) == [0.1] and hollow.get_markerfacecolor() == "none"
    assert list(cross.get_xdata()) == [0.2]
    drawn.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_second_axis_for_screened_charges(rows, tmp_path):
    """Charges of a run with S = 1, electrons with eps = 4: S = 2 does at half the field what S = 1 does."""
    write_json(tmp_path / "pairs.json", {"pairs": [], "eps_inf": 4.0, "charges": {"es-gap": {"charge": 0.5, "field_scale": 1.0}}})
    ((_, drawn),) = figures(result(rows), tmp_path)
    drawn.canvas.draw()
    (above,) = drawn.axes[0].child_axes
    np.testing.assert_allclose(above.get_xlim(), np.array(drawn.axes[0].get_xlim()) / 2, rtol=1e-9)


@pytest.mark.parametrize("title", ["cost $5", "$", r"a $\frac$ b", "$x^2$"])
def test_title_with_dollars_is_drawn_as_it_is(rows, title, tmp_path):
    """An unpaired or a wrong `$` would be an error of matplotlib's, after all jobs have run."""
    ((_, drawn),) = figures(result(rows, title), tmp_path)
    drawn.savefig(tmp_path / "figure.png")
    assert drawn.axes[0].get_title().replace(r"\$", "$") == title


def test_page_has_verdicts_first_and_nothing_of_its_text_is_markup(rows, tmp_path):
    bad = point(field=0.3, verdict="<b>broken</b>", state="intact")
    write_page(result([*rows, bad], "<i>title</i>"), [], tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<b>broken" not in text and "<i>title" not in text and "&lt;b&gt;broken" in text
    assert "formation energy: 3 of 6 ok" in text
    assert text.index("3 of 6 ok") < text.index("<table>")
    assert text.count("<tr class=wrong>") == 3
