"""Tables of kind md from given conductivities: Arrhenius line and comparison, and the figure of the line; ions that only vibrate."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from esgap.lammps.trajectory import Trajectory
from esgap.physics.displacement import Run
from esgap.physics.estimate import Estimate
from esgap.physics.transport import Conditions, transport
from esgap.studies.contract import Result
from esgap.studies.md.analyse import Conductivity, comparison, conductivity, lines
from esgap.studies.md.read import _pool
from esgap.studies.md.report import line
from esgap.studies.md.study import Study
from esgap.units import BOLTZMANN


def row(potential: str, temperature: float, sigma: float, verdict: str = "ok") -> Conductivity:
    value = Estimate(sigma, 0.9 * sigma, 1.1 * sigma)
    plain = dict.fromkeys(("length", "volume", "measured_temperature", "diffusion_coefficient", "diffusion_later", "fit_from", "haven_ratio", "hops_per_ion", "residence"), 1.0)
    return Conductivity(potential=potential, temperature=temperature, runs=2, conductivity_nernst_einstein=value, conductivity_collective=value, verdict=verdict, **plain)


def sigma(temperature: float) -> float:
    return 1e6 * np.exp(-0.25 / (BOLTZMANN * temperature)) / temperature


def test_line_of_each_potential():
    rows = [row("a", t, sigma(t)) for t in (500.0, 600.0, 800.0)] + [row("b", 800.0, 1.0)]
    (found,) = lines(rows, 300.0)  # b has one temperature only
    assert found.potential == "a" and found.temperatures == "500 600 800" and found.verdict == "ok"
    assert found.activation_energy.low < 0.25 < found.activation_energy.high and found.activation_energy.unit == "eV"
    assert found.conductivity_extrapolated.low < sigma(300.0) < found.conductivity_extrapolated.high
    fig = line(Result(kind="md", title="", tables={"conductivity": rows, "arrhenius": [found]}))
    assert fig.axes[0].get_yscale() == "log" and len(fig.axes[0].lines) >= 1
    crooked = lines([row("a", 500.0, sigma(500.0)), row("a", 600.0, 2 * sigma(600.0)), row("a", 800.0, sigma(800.0), "not converged: x")], 300.0)[0]
    assert "800 K not converged: x" in crooked.verdict and "not a straight line" in crooked.verdict


def test_comparison_says_whether_they_differ():
    rows = [row("a", 800.0, 100.0), row("b", 800.0, 110.0), row("b", 600.0, 10.0), row("c", 800.0, 190.0, "not converged: y")]
    near, far = comparison(rows, rows)
    assert (near.potential, near.reference, near.temperature) == ("b", "a", 800.0)
    assert near.ratio_nernst_einstein.value == pytest.approx(1.1) and near.differ == "do not differ within their intervals" and near.verdict == "ok"
    assert far.differ == "differ" and far.ratio_nernst_einstein.low > 1 and far.verdict == "c not converged: y"


def test_comparison_with_a_run_of_the_same_name():
    """Dumps made elsewhere are all called "-", and a supercell has the potential of the cell it is compared with."""
    (found,) = comparison([row("-", 800.0, 120.0), row("-", 600.0, 50.0)], [row("-", 800.0, 100.0)])
    assert found.temperature == 800.0 and found.ratio_nernst_einstein.value == pytest.approx(1.2)
    assert comparison([row("-", 800.0, 120.0)], [row("-", 700.0, 100.0)]) == []


@pytest.mark.parametrize("ensemble", ["nvt", "nve"])
def test_temperature_is_that_of_the_frames_that_count(ensemble):
    """A run that collapses heats up; it is left out, and so is its temperature."""
    steps = np.arange(101)
    positions = np.zeros((101, 2, 3)) + [[0.0, 0.0, 0.0], [4.0, 4.0, 4.0]]
    broken = positions.copy()
    broken[11:, 1] = 0.3
    cells, ids, elements = np.broadcast_to(9.0 * np.eye(3), (101, 3, 3)), np.array([1, 2]), np.array(["Li", "S"])
    runs = [Trajectory(steps, where, cells, ids, None, elements) for where in (positions, broken)]
    thermo = [pd.DataFrame({"step": steps, "temperature": 600.0}), pd.DataFrame({"step": steps, "temperature": np.where(steps > 10, 9000.0, 600.0)})]
    study = Study(kind="md", structure="x", potential="y", dynamics={"ensemble": ensemble})
    found = _pool(study, "y", 620.0, thermo, runs, ["one", "two"], 0.1)
    assert found.names == ["one"] and found.measured == 600.0 and found.conditions.temperature == (600.0 if ensemble == "nve" else 620.0)


def test_ions_that_only_vibrate_have_a_row_without_haven_ratio():
    """Mean squared displacements that fall: no slope above zero, so no quotient of two."""
    times = 0.02 * np.arange(251)
    swing = 0.2 * np.cos(2 * np.pi * times / 1.1)[:, None, None] * np.ones((1, 8, 3))
    conditions = Conditions(charge=1.0, volume=1000.0, temperature=600.0)
    found = transport([Run(swing, 0.02)], conditions, 0.0, 0.5)
    pool = SimpleNamespace(potential="a", temperature=600.0, runs=[0], conditions=conditions, measured=600.0, broken=0)
    one = conductivity(pool, SimpleNamespace(per_ion=0.0, residence=None), found)
    assert one.haven_ratio is None and "0.0 hops an ion" in one.verdict
