"""Kind charges on known charges: means, intervals and spreads by environment, beside those of a potential and of a charge fit."""

import numpy as np
import pandas as pd
import pytest
from ase.io import read, write
from outcomes import refused, succeeded
from places import CIF, ROOT

STUDY = f"""
kind = "charges"
data = ["cells.extxyz"]
[fitted]
model = "{ROOT}/potentials/li7p3s11/es-gap"
fit = "fit"
"""


@pytest.fixture
def cells(tmp_path):
    """Bridging sulfur at 0, terminal at -1, others by element; each cell's sulfur is shifted by 0.01 times its number."""
    from esgap.physics.polyanions import Network, environments

    frames = [read(CIF) for _ in range(4)]
    for number, atoms in enumerate(frames):
        words = environments(atoms, Network("P", "S", 2.75, 2.6, 3.0))
        known = {"Li": 0.5, "P": 1.0, "S": -1.0}
        charges = np.array([0.0 if word.startswith("bridging") else known[s] for s, word in zip(atoms.symbols, words)])
        atoms.arrays["hirshfeld"] = charges + 0.01 * number * (np.array(atoms.symbols) == "S")
    frames.append(read(CIF))  # without charges
    write(tmp_path / "cells.extxyz", frames, format="extxyz")
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit/charges.csv").write_text("element,charge,charge_low,charge_high,verdict\nLi,0.6,0.5,0.7,ok\nS,-0.5,,,ok\n")
    (tmp_path / "study.toml").write_text(STUDY)


def test_charges_by_environment(cells, main, tmp_path):
    succeeded(main("run", "study.toml", "-o", "out"))
    sites = pd.read_csv(tmp_path / "out/sites.csv").set_index(["element", "environment"])
    bridging, terminal, whole = (sites.loc["S", name] for name in ("bridging in P2S7", "terminal in PS4", "all"))
    assert (bridging.atoms, bridging.configurations, terminal.atoms, whole.atoms) == (8, 4, 32, 88)
    assert bridging.charge == pytest.approx(0.015, abs=1e-7) and terminal.charge == pytest.approx(-0.985, abs=1e-7)
    half = 3.18244630528 * np.std([0, 0.01, 0.02, 0.03], ddof=1) / 2  # Student's t with three degrees of freedom
    assert bridging.charge_high - bridging.charge == pytest.approx(half, rel=1e-6)
    assert bridging.spread == pytest.approx(np.std([0, 0.01, 0.02, 0.03]), rel=1e-6)
    assert whole.charge == pytest.approx((2 * 0.0 - 20) / 22 + 0.015, abs=1e-7)
    assert sites.loc["P", "centre of P2S7"].charge == 1.0 and set(sites.loc["Li"].charge.round(9)) == {0.5}
    fitted = pd.read_csv(tmp_path / "out/fitted.csv").set_index(["element", "model"])
    assert fitted.loc[("Li", "fit")].ratio == pytest.approx(1.2) and fitted.loc[("Li", "fit")].charge_low == 0.5
    assert ("P", "fit") not in fitted.index and fitted.loc[("P", "model")].reference == 1.0
    assert (tmp_path / "out/charges.png").stat().st_size > 5000


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('data = ["cells.extxyz"]', 'data = ["cells.extxyz"]\ncharges = "bader"', "none of 5 configurations has charges 'bader'"),
        ('fit = "fit"', 'fit = "nowhere"', "no potential nowhere"),
        ('fit = "fit"', f'fit = "{ROOT}/potentials/li7p3s11/gap"', "has no charges: name one with electrostatics"),
        ("[fitted]", '[polyanions]\ncentre = "S"\n[fitted]', "centre and ligand are both S"),
    ],
)
def test_refused(cells, main, tmp_path, old, new, words):
    (tmp_path / "study.toml").write_text(STUDY.replace(old, new))
    refused(main("run", "study.toml", "-o", "out"), words)
