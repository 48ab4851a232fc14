"""Kind eos from the command line with the real lmp: the curve against the stress of the same cells, which it does not use."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from esgap.physics.eos import pressure
from esgap.units import EV_PER_A3_IN_GPA

ROOT = Path(__file__).parents[2]
STUDY = f"""
kind = "eos"
structure = "{ROOT}/inputs/structures/li7p3s11-relaxed.extxyz"
potential = "li7p3s11/es-gap"
compare = ["li7p3s11/gap"]
volumes = [0.97, 0.985, 1.0, 1.015, 1.03, 1.045]
ions = false
"""


@pytest.fixture
def finished(esgap, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_pressure_of_the_curve_is_that_of_the_stress(finished):
    tables = json.loads((finished / "result.json").read_text())["tables"]
    assert [row["potential"] for row in tables["equation_of_state"]] == ["li7p3s11/es-gap", "li7p3s11/gap"]
    points = pd.read_csv(finished / "volumes.csv")
    for row in tables["equation_of_state"]:
        assert row["points"] == 6 and row["scatter"]["value"] < 0.1 and row["bulk_modulus"]["unit"] == "GPa"
        modulus = row["bulk_modulus"]
        assert modulus["low"] < modulus["value"] < modulus["high"] and modulus["level"] == 0.95
        some = points[points.potential == row["potential"]]
        by_curve = pressure(some.volume, row["volume"]["value"], modulus["value"], row["derivative"]["value"])
        np.testing.assert_allclose(by_curve, some.pressure, rtol=0, atol=0.15)
        slope = np.polyfit(some.volume, some.pressure, 1)[0]
        assert -row["volume"]["value"] * slope == pytest.approx(modulus["value"], rel=0.15)
    assert modulus["value"] / EV_PER_A3_IN_GPA > 0.05
    assert (finished / "equation_of_state.png").stat().st_size > 10_000
