"""Kind interface from the command line, on a frenkel run of the real lmp."""

import pandas as pd
import pytest
from outcomes import refused, succeeded, table

STUDY = """
kind = "interface"
frenkel = "pairs"
temperature = 300
directions = ["y", "-y"]
depth = 40.0
points = 41
[drop]
potential = 0.9
length = 10.0
"""


def test_below_an_interface(study, esgap, tmp_path):
    succeeded(esgap("run", study(("compare = [\"li7p3s11/gap\"]\n", "")), "-o", "pairs"))
    energies = {row["field"]: row["formation_energy"] for row in table(tmp_path / "pairs") if row["sweep"] == "out"}
    (tmp_path / "interface.toml").write_text(STUDY)
    done = succeeded(esgap("run", "interface.toml", "-o", "out"))
    assert "interface.csv" in done.stdout
    profile = pd.read_csv(tmp_path / "out/profile.csv")
    assert set(profile.pair) == {"Li4-i1-2.75", "lowest known"} and len(profile) == 4 * 41
    profile = profile[profile.pair != "lowest known"]
    # A parabola through the three energies, by hand.
    zero, up, down = energies[0.0], energies[0.1], energies[-0.1]
    for sign, side in ((1, profile[:41]), (-1, profile[41:])):
        x = sign * side.field / 0.1
        expected = zero + (up - down) / 2 * x + ((up + down) / 2 - zero) * x**2
        assert side.formation_energy.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)
    assert profile.formation_energy.iloc[0] != pytest.approx(profile.formation_energy.iloc[41], abs=1e-4)
    assert (tmp_path / "out/interface.png").stat().st_size > 10_000
    note = (tmp_path / "out/report.html").read_text()
    assert "energies from pairs, whose result.json has the SHA-256" in note

    # The folder stands alone; again, and with a stronger drop.
    (tmp_path / "pairs").rename(tmp_path / "gone")
    before = (tmp_path / "out/profile.csv").read_text()
    succeeded(esgap("analyse", "out"))
    assert (tmp_path / "out/profile.csv").read_text() == before
    refused(esgap("run", "interface.toml", "-o", "out"), "holds no result.json")
    (tmp_path / "gone").rename(tmp_path / "pairs")
    (tmp_path / "interface.toml").write_text(STUDY.replace("0.9", "1.1"))
    refused(esgap("run", "interface.toml", "-o", "out"), "to 0.11 V/Angstrom along y", "nothing is extrapolated")
