"""The worked case of the paper's cell, in small fields alone: the energies without field that it ships, and what they lose and gain there.

The whole, a quarter of an hour of two cores, is a case of `make paper`.
"""

import pandas as pd
import pytest
from places import ROOT
from small_fields import run_in_fields

CASE = ROOT / "inputs/frenkel-504"
SMALL = [-0.025, 0.0, 0.025]  # V/Angstrom


def test_energies_without_and_in_small_fields(tmp_path):
    """esgap run inputs/frenkel-504/study.toml -o runs/frenkel-504"""
    out = run_in_fields(CASE, SMALL, tmp_path)
    found, expected = (pd.read_csv(folder / "size.csv") for folder in (out, CASE / "expected"))
    assert list(found.supercell) == list(expected.supercell) and list(found.potential) == list(expected.potential)
    zero = expected.supercell != "infinite"
    assert zero.sum() == 4
    assert found.formation_energy[zero].to_numpy() == pytest.approx(expected.formation_energy[zero].to_numpy(), rel=0, abs=0.005)

    names = ["supercell", "potential", "pair", "direction", "field", "sweep"]
    both = pd.merge(*(pd.read_csv(folder / "formation_energy.csv") for folder in (out, CASE / "expected")), on=names, suffixes=("", "_shipped"))
    both = both[(both.field != 0) & (both.sweep == "out") & (both.verdict == "ok") & (both.verdict_shipped == "ok")]
    assert set(both.supercell) == {"1x1x1", "3x1x2"} and len(both) >= 6
    # Another processor may follow a field into another state on the same sites; in 504 atoms such states are 5 meV apart (expected/size.csv), in 84 none was met.
    allowed = both.supercell.map({"1x1x1": 0.002, "3x1x2": 0.01})
    assert ((both.formation_energy - both.formation_energy_shipped).abs() < allowed).all(), both[[*names, "formation_energy", "formation_energy_shipped"]]
