"""`esgap paper` with the real lmp: a case that runs, one that cannot, and going on."""

from outcomes import succeeded
from places import ROOT

PAPER = f"""
title = "Volumes"
source = "Someone, doi:10.1000/abc"
[[case]]
name = "no"
study = "{ROOT}/inputs/eos/study.toml"
set = {{ structure = "{{runs}}/nowhere.extxyz" }}
[[case]]
name = "eos"
study = "{ROOT}/inputs/eos/study.toml"
short = {{ volumes = [0.98, 0.99, 1.0, 1.01, 1.02], ions = false, compare = [] }}
[[figure]]
title = "Figure 1"
cases = ["eos"]
[[figure.quantity]]
name = "volume"
unit = "Angstrom^3"
printed = {{ value = 800.0, where = "Fig. 1" }}
computed = {{ cell = {{ case = "eos", table = "volumes", row = {{ ratio = 1.0 }}, column = "volume" }} }}
[[figure.quantity]]
name = "of nothing"
printed = {{ value = 1.0, where = "Fig. 1" }}
computed = {{ cell = {{ case = "no", table = "volumes", row = {{ ratio = 1.0 }}, column = "volume" }} }}
"""


def test_cases_run_and_go_on(esgap, tmp_path):
    (tmp_path / "paper.toml").write_text(PAPER)
    first = esgap("paper", "paper.toml", "-o", "out", "--short")
    assert first.returncode == 1 and first.stderr.startswith("esgap: no failed: see the lines above") and "nowhere.extxyz" in first.stdout
    assert first.stdout.count(" done") == 5, "the other case runs all the same"
    page = (tmp_path / "out/paper.html").read_text()
    assert "no failed" in page and "no table volumes of no" in page and page.count("data:image/png") == 2  # in its figure, and with its run
    assert "times the printed one" in (tmp_path / "out/paper.csv").read_text()

    # Without the case that fails: all is kept.
    (tmp_path / "paper.toml").write_text(PAPER.replace('set = { structure = "{runs}/nowhere.extxyz" }', "short = { volumes = [0.98, 0.99, 1.0, 1.01, 1.02], ions = false, compare = [] }"))
    again = succeeded(esgap("paper", "paper.toml", "-o", "out", "--short"))
    assert again.stdout.count("(kept)") == 5 and again.stdout.count(" done") == 5
    before = (tmp_path / "out/paper.csv").read_text()
    (tmp_path / "out/paper.csv").unlink()
    shown = succeeded(esgap("paper", "paper.toml", "-o", "out", "--short", "--no-run"))
    assert "(kept)" not in shown.stdout and (tmp_path / "out/paper.csv").read_text() == before
