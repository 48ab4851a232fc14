"""The worked case with polarisable ions, in small fields alone: the energies and dipoles that it ships."""

import pandas as pd
import pytest
from places import ROOT
from small_fields import run_in_fields

CASE = ROOT / "inputs/frenkel-dipoles"
SMALL = [-0.01, -0.005, 0.0, 0.005, 0.01]  # V/Angstrom


def test_energies_and_dipoles_in_small_fields(tmp_path):
    """esgap run inputs/frenkel-dipoles/study.toml -o runs/frenkel-dipoles"""
    out = run_in_fields(CASE, SMALL, tmp_path)
    names = ["potential", "pair", "direction", "field", "sweep"]
    both = pd.merge(*(pd.read_csv(folder / "formation_energy.csv") for folder in (out, CASE / "expected")), on=names, suffixes=("", "_shipped"))
    both = both[(both.sweep == "out") & (both.state == "intact") & (both.state_shipped == "intact")]
    assert set(both.potential) == {"li7p3s11/es-gap-dipoles", "li7p3s11/es-gap", "li7p3s11/gap"} and (both.field != 0).sum() >= 3
    assert both.formation_energy.to_numpy() == pytest.approx(both.formation_energy_shipped.to_numpy(), rel=0, abs=0.005)
    for axis in "xyz":
        assert both[f"dipole_{axis}"].to_numpy() == pytest.approx(both[f"dipole_{axis}_shipped"].to_numpy(), rel=0, abs=0.1)
