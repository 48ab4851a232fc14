"""The table and the figure tell other states and unconverged points from the rest."""

import pandas as pd
import pytest
from rich.console import Console

from esgap.report.frenkel import figure, table


@pytest.fixture
def rows():
    base = {"potential": "es-gap", "direction": "x", "frozen": 0.8, "relaxation": 0.0, "state": "held", "converged": True, "max_force": 0.009}
    points = [
        base | {"direction": "-", "field": 0.0, "formation_energy": 0.8},
        base | {"field": -0.1, "formation_energy": 0.9},
        base | {"field": 0.1, "formation_energy": 0.7, "state": "fell back"},
        base | {"field": 0.2, "formation_energy": 0.6, "converged": False},
        base | {"potential": "gap", "direction": "-", "field": 0.0, "formation_energy": 0.6},
    ]
    return pd.DataFrame(points)


def test_table_names_states(rows):
    console = Console(record=True, width=120, file=open("/dev/null", "w"))
    console.print(table(rows, "title"))
    text = console.export_text()
    assert "fell back" in text and text.count("not converged") == 1 and text.count("held") == 4


def test_line_stops_at_another_state(rows, tmp_path, monkeypatch):
    """The solid line holds only points of the made pair; the other state is a hollow mark without a line."""
    import matplotlib.pyplot as plt

    drawn = []
    monkeypatch.setattr(plt, "close", drawn.append)
    figure(rows, "es-gap", "title", tmp_path / "figure.png")
    line, hollow, cross = drawn[0].axes[0].lines[:3]
    assert list(line.get_xdata()) == [-0.1, 0.0, 0.1, 0.2]
    assert pd.isna(line.get_ydata()[2]) and not pd.isna(line.get_ydata()[1])
    assert list(hollow.get_xdata()) == [0.1] and hollow.get_markerfacecolor() == "none"
    assert list(cross.get_xdata()) == [0.2]
    assert (tmp_path / "figure.png").stat().st_size > 5000
