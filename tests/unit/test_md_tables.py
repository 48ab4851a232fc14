"""Tables of kind md from given conductivities: Arrhenius line and comparison, and the figure of the line; ions that only vibrate."""

from types import SimpleNamespace

import numpy as np
import pytest

from esgap.physics.displacement import Run
from esgap.physics.estimate import Estimate
from esgap.physics.transport import Conditions, transport
from esgap.studies.contract import Result
from esgap.studies.md.analyse import Conductivity, comparison, conductivity, lines
from esgap.studies.md.report import line
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


def test_ions_that_only_vibrate_have_a_row_without_haven_ratio():
    """Mean squared displacements that fall: no slope above zero, so no quotient of two."""
    times = 0.02 * np.arange(251)
    swing = 0.2 * np.cos(2 * np.pi * times / 1.1)[:, None, None] * np.ones((1, 8, 3))
    conditions = Conditions(charge=1.0, volume=1000.0, temperature=600.0)
    found = transport([Run(swing, 0.02)], conditions, 0.0, 0.5)
    pool = SimpleNamespace(potential="a", temperature=600.0, runs=[0], conditions=conditions, measured=600.0, broken=0)
    one = conductivity(pool, SimpleNamespace(per_ion=0.0, residence=None), found)
    assert one.haven_ratio is None and "0.0 hops an ion" in one.verdict
