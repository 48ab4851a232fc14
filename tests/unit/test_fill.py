"""Numbers of shipped tables in pages: filled in, complained about where there are none, and nowhere behind."""

import sys

import pytest
from places import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import fill  # noqa: E402

CURVES = """potential,energy,energy_low,energy_high,volume,volume_low,volume_high,points,verdict
a,-1.0,,,876.37,875.1,877.2,8,ok
b,-2.0,,,870.0,,,7,scatter
"""


@pytest.fixture
def case(tmp_path):
    """A case of kind eos with a table of its own, and one of a second study."""
    (tmp_path / "expected").mkdir()
    (tmp_path / "study.toml").write_text('kind = "eos"\n')
    for name in ("equation_of_state", "other-equation_of_state"):
        (tmp_path / "expected" / f"{name}.csv").write_text(CURVES)
    return tmp_path


@pytest.mark.parametrize("form, text", [(".1f", "876.4"), (".0f[]", "876 [875, 877]")])
def test_a_number(case, form, text):
    before = f"V is <!-- value expected/equation_of_state.csv potential=a volume {form} -->1.0<!-- end --> Å³, <!-- a comment -->."
    assert fill.filled(before, case) == before.replace("1.0", text)


@pytest.mark.parametrize("name", ["equation_of_state", "other-equation_of_state"])
def test_a_table(case, name):
    text = f"A.\n\n<!-- table expected/{name}.csv verdict=ok potential volume verdict -->\nold\n<!-- end -->\n\nB."
    lines = fill.filled(text, case).splitlines()
    assert [line.strip("| ").split(" | ")[0] for line in lines[3:6]] == ["potential", "---", "a"] and "876.37" in lines[5]
    assert lines[6:] == ["<!-- end -->", "", "B."] and "old" not in lines
    assert fill.filled("\n".join(lines), case) == "\n".join(lines), "a second time changes nothing"


@pytest.mark.parametrize(
    "words, sentence",
    [
        ("expected/none.csv potential=a volume .1f", "none.csv is not there"),
        ("expected/equation_of_state.csv potential=c volume .1f", "0 rows"),
        ("expected/equation_of_state.csv volume .1f", "2 rows"),
        ("expected/equation_of_state.csv potential=a mass .1f", "no column mass"),
        ("expected/equation_of_state.csv potential=a energy_low .1f", "expected one with a number"),
    ],
)
def test_what_is_not_there_is_a_sentence(case, words, sentence):
    with pytest.raises(ValueError, match=sentence):
        fill.filled(f"<!-- value {words} --><!-- end -->", case)


@pytest.mark.parametrize("page", list(fill.pages()), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_is_behind_its_tables(page):
    assert fill.filled(page.read_text(), page.parent) == page.read_text(), "run `python docs/fill.py`"
    assert "\n<!-- value" not in page.read_text(), "a line that begins with a comment is no part of a paragraph"
