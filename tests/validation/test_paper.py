"""`make paper` with tiny settings: every case of the publication runs, again all is kept, and the page is whole in a browser."""

import shutil
import subprocess

import pandas as pd
from browser import WIDTHS, check, install, look
from outcomes import succeeded
from places import BIN, ENV, ROOT

from esgap.paper.data import load

FILE = ROOT / "inputs/paper/paper.toml"


def command(*words: str) -> list[str]:
    """What `make paper` starts, after the environment is made."""
    done = succeeded(subprocess.run(["make", "-n", *words], cwd=ROOT, text=True, capture_output=True))
    return next(line for line in done.stdout.splitlines() if " paper inputs/paper/paper.toml" in line).split()


def test_every_case_runs_and_the_page_shows(tmp_path):
    assert command("paper")[1:] == ["paper", "inputs/paper/paper.toml", "-o", "runs/paper"]
    words = command("paper", "SHORT=1")[1:]
    assert words == ["paper", "inputs/paper/paper.toml", "-o", "runs/paper-short", "--short"]
    start = [BIN / "esgap", *words[:3], tmp_path / "out", "--short"]
    first = succeeded(subprocess.run(start, cwd=ROOT, env=ENV, text=True, capture_output=True))
    cases = [case.name for case in load(FILE).case]
    assert [name for name in cases if not (tmp_path / "out" / name / "result.json").is_file()] == [], first.stdout
    computed = pd.read_csv(tmp_path / "out/paper.csv").set_index("quantity").computed
    assert computed.notna().sum() > 0.7 * len(computed), computed

    again = succeeded(subprocess.run(start, cwd=ROOT, env=ENV, text=True, capture_output=True))
    assert " done" not in again.stdout and again.stdout.count("(kept)") >= first.stdout.count(" done") > 20

    install()
    page = tmp_path / "alone/paper.html"
    page.parent.mkdir()
    shutil.copyfile(tmp_path / "out/paper.html", page)
    for width in WIDTHS:
        seen = look(page, width, tmp_path / "shot.png")
        check(seen, page)
        assert "short settings" in seen.text and "Figure 5: a Frenkel pair in a field" in seen.text
