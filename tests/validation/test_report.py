"""report.html of a run and the page of several runs in a real browser, as wide as a telephone and as a desktop."""

import shutil
import subprocess

import pytest
from browser import WIDTHS, check, install, look
from places import BIN, CIF, ENV, ROOT

STUDY = f"""
kind = "frenkel"
title = "Frenkel pair & <field> of 100 % \\"tests\\""
structure = "{CIF}"
potential = "li7p3s11/es-gap"
compare = ["li7p3s11/gap"]
[defect]
separation = 2.5
[field]
values = [0.0, 0.1]
directions = ["y"]
[relax]
force = 0.3
max_steps = 3
"""


@pytest.fixture(scope="module", autouse=True)
def browser():
    install()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two run folders; in the first no relaxation reaches its force."""
    home = tmp_path_factory.mktemp("runs")
    for name, steps in (("short", "max_steps = 3"), ("long", "max_steps = 2000")):
        (home / f"{name}.toml").write_text(STUDY.replace("max_steps = 3", steps))
        done = subprocess.run([BIN / "esgap", "run", f"{name}.toml", "-o", name], cwd=home, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    done = subprocess.run([BIN / "esgap", "report", "short", "long", "-o", "both.html"], cwd=home, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return home


def shots(name: str):
    """Where screenshots are kept for people to look at."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", ["short/report.html", "long/report.html", "both.html"])
def test_a_page_is_whole_quiet_alone_and_fits(runs, tmp_path, page, width):
    alone = tmp_path / "alone" / "page.html"  # no file beside it
    alone.parent.mkdir()
    shutil.copyfile(runs / page, alone)
    seen = look(alone, width, shots(f"{page.replace('/', '-').removesuffix('.html')}-{width}"))
    check(seen, alone)
    assert 'Frenkel pair & <field> of 100 % "tests"' in seen.text and "Frenkel pair & <field>" in seen.title
    assert seen.screenshot.stat().st_size > 20_000
    if page != "both.html":
        told = seen.text.index("Verdicts"), seen.text.index("Figures"), seen.text.index("Method"), seen.text.index("Where it comes from")
        assert list(told) == sorted(told)
        assert ("not converged" in seen.text[: told[1]]) == page.startswith("short")
        assert "lmp 22 Jul 2025" in seen.text and "relax.max_steps" in seen.text
    else:
        assert "What was asked differently" in seen.text and "side by side" in seen.text


@pytest.mark.parametrize(
    "fault, said",
    [
        ("<script>console.error('broken')</script>", "broken"),
        ('<img alt="far" src="http://127.0.0.1:9/far.png">', "127.0.0.1:9"),
        ('<div style="width: 3000px">wide</div>', "wider than the window"),
        ('<img alt="hollow" src="data:image/png;base64,AAAA">', "hollow"),
    ],
)
def test_a_fault_is_seen(runs, tmp_path, fault, said):
    page = tmp_path / "page.html"
    page.write_text((runs / "long/report.html").read_text().replace("</body>", fault + "</body>"))
    with pytest.raises(AssertionError, match=said):
        check(look(page, "desktop", tmp_path / "shot.png"), page)
