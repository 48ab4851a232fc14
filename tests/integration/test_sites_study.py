"""Kind sites from the command line: the sites alone, and a short chain with the real potential whose states are relaxed by lmp."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read

from esgap.calculators import GAP

ROOT = Path(__file__).parents[2]
STUDY = f'kind = "sites"\nstructure = "{ROOT}/inputs/structures/li7p3s11-relaxed.extxyz"\n'
CHAIN = """
potential = "li7p3s11/gap"
[monte_carlo]
temperatures = [20000.0]
seeds = [1]
steps = 12
nearest = 1.9
keep = 1
[relax]
force = 0.3
"""


def test_sites_alone_need_no_potential(esgap, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(tmp_path / "out" / "sites.csv")
    listed = json.loads((tmp_path / "out" / "result.json").read_text())["tables"]["interstitial_sites"]
    assert sum(row["multiplicity"] for row in listed) == 57 and len(listed) < 40
    assert len(rows) == 57 and len(pd.read_csv(tmp_path / "out" / "interstitial_sites.csv")) == len(listed)


def test_chain_and_relaxed_states(esgap, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY + CHAIN)
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    tables = json.loads((out / "result.json").read_text())["tables"]
    (chain,) = tables["chains"]
    assert chain["moves"] == 12 and 0 < chain["acceptance"]["value"] <= 1
    assert [row["state"] for row in tables["states"]] == [0, 1]
    crystal, other = tables["states"]
    assert crystal["interstitials"] == "-" and crystal["energy"]["value"] == 0 and crystal["energy_placed"]["value"] == 0
    assert other["interstitials"] != "-" and other["multiplicity"] in (1, 2)
    # The energies of the chain once more, from the structures that it gives away.
    frames = read(out / "states.extxyz", ":")
    assert len(frames) >= 2
    energies = []
    for atoms in frames:
        told = atoms.info["energy_placed"]
        atoms.calc = GAP(ROOT / "potentials/li7p3s11/gap/gap.xml")
        energies.append(atoms.get_potential_energy())
        assert energies[-1] == pytest.approx(told, abs=1e-6)
    assert np.all(np.diff(energies) >= -1e-6)
    relaxed = [read(out / f"states/{i}/relaxed.extxyz") for i in (0, 1)]
    levels = []
    for atoms in relaxed:
        atoms.calc = GAP(ROOT / "potentials/li7p3s11/gap/gap.xml")
        levels.append(atoms.get_potential_energy())
    assert other["energy"]["value"] == pytest.approx(levels[1] - levels[0], abs=1e-5)
    # Again: nothing is computed.
    again = esgap("run", "study.toml", "-o", "out")
    assert again.returncode == 0 and "done" not in again.stdout.split("relaxed")[0]
