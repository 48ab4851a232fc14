"""A publication as data: numbers looked up in tables, words on how they lie to the printed ones, wrong files, the page."""

import pandas as pd
import pytest
from places import ROOT

from esgap.errors import EsgapError
from esgap.paper.data import load
from esgap.paper.lookup import Side, of_shipped, side, sides
from esgap.paper.page import cells, csv, printed, write_page
from esgap.paper.run import content
from esgap.studies.load import load_study

HEAD = 'title = "T & <U>"\nsource = "Someone, doi:10.1000/abc"\n[[case]]\nname = "one"\nstudy = "study.toml"\n[[figure]]\ntitle = "Figure 1"\ncases = ["one"]\n'
ROWS = pd.DataFrame(
    {
        "potential": ["a", "b"],
        "field": [0.0, 0.1 + 1e-12],
        "energy": [2.0, 8.0],
        "energy_low": [1.0, 6.0],
        "energy_high": [3.0, 9.0],
        "bare": [5.0, None],
        "verdict": ["ok", "not converged"],
    }
)


def paper(tmp_path, text, head=HEAD):
    file = tmp_path / "paper.toml"
    file.write_text(head + text)
    return load(file)


def quantity(tmp_path, computed, printing="value = 4.0"):
    return paper(tmp_path, f'[[figure.quantity]]\nname = "q"\nunit = "eV/Angstrom"\nprinted = {{ where = "Fig. 1", {printing} }}\n{computed}').figure[0].quantity[0]


def cell(row, column="energy"):
    return f'{{ case = "one", table = "t", column = "{column}", row = {{ {row} }} }}'


def tables(case, table):
    return ROWS if table == "t" else pd.DataFrame()


def test_a_cell_keeps_its_interval_and_verdict(tmp_path):
    found = side(quantity(tmp_path, f"computed = {{ cell = {cell('field = 0.1')} }}"), tables)
    assert (found.value, found.low, found.high, found.verdict) == (8.0, 6.0, 9.0, "not converged")
    assert found.beside == "2 times the printed one"
    assert cells(found)[1:5] == ("4 eV/Å", "Fig. 1", "8 [6, 9] eV/Å", "2 times the printed one")


def test_ratios_and_differences_take_the_widest_interval(tmp_path):
    one, other = cell('potential = "b"'), cell('potential = "a"')
    ratio = side(quantity(tmp_path, f"computed = {{ cell = {one}, over = {other} }}"), tables)
    assert (ratio.value, ratio.low, ratio.high) == (4.0, 2.0, 9.0) and ratio.beside == "within our interval"
    less = side(quantity(tmp_path, f"computed = {{ cell = {one}, less = {other} }}"), tables)
    assert (less.value, less.low, less.high) == (6.0, 3.0, 8.0)
    bare = side(quantity(tmp_path, f"computed = {{ cell = {cell('field = 0.0', 'bare')}, over = {other} }}"), tables)
    assert (bare.value, bare.low, bare.high) == (2.5, None, None)


def test_what_is_not_there_is_said(tmp_path):
    for row, column, said in (('potential = "c"', "energy", "has no such row"), ('potential = "b"', "bare", "has no such row")):
        found = side(quantity(tmp_path, f"computed = {{ cell = {cell(row, column)} }}"), tables)
        assert found.value is None and said in found.verdict and cells(found)[3] == "-"
    assert "no table other" in side(quantity(tmp_path, 'computed = { cell = { case = "one", table = "other", column = "x" } }'), tables).verdict
    assert side(quantity(tmp_path, ""), tables).verdict == "not computed"
    with pytest.raises(EsgapError, match="has no column heat: its columns are potential, field"):
        side(quantity(tmp_path, f"computed = {{ cell = {cell('field = 0.1', 'heat')} }}"), tables)
    with pytest.raises(EsgapError, match="has 2 rows"):
        side(quantity(tmp_path, 'computed = { cell = { case = "one", table = "t", column = "energy" } }'), tables)


@pytest.mark.parametrize(
    "printing, ours, words",
    [
        ("value = 4.0", (4.2, 3.9, 4.5), "within our interval"),
        ("value = 4.0", (2.0, None, None), "0.5 times the printed one"),
        ("value = 4.0", (-2.0, None, None), "of the other sign"),
        ("low = 1, high = 2", (1.5, None, None), "within the range"),
        ("low = 1, high = 2", (0.5, 0.2, 0.9), "below the range"),
        ("low = 1, high = 2", (3.0, None, None), "above the range"),
        ("above = 1", (1.2, None, None), "as printed"),
        ("above = 1", (0.8, None, None), "the other way round"),
        ("below = 1", (0.8, 0.7, 0.9), "as printed"),
        ("below = 1", (0.8, 0.7, 1.1), "undecided: the interval holds 1"),
        ("above = 0", (0.0, None, None), "the same within the digits shown"),
        ('text = "alike"', (1.2, None, None), ""),
    ],
)
def test_how_ours_lies_to_what_is_printed(tmp_path, printing, ours, words):
    assert Side(quantity(tmp_path, "", printing), *ours).beside == words


def test_printed_as_text(tmp_path):
    texts = [printed(quantity(tmp_path, "", printing).printed, "eV") for printing in ('value = 0.8, text = "about"', "low = 1, high = 2", "below = 1", 'text = "alike"')]
    assert texts == ["about 0.8 eV", "1 to 2 eV", "below 1 eV", "alike"]


@pytest.mark.parametrize(
    "text, said",
    [
        ('[[figure.quantity]]\nname = "q"\nprinted = { where = "F" }\n', "give value, or low and high"),
        ('[[figure.quantity]]\nname = "q"\nprinted = { where = "F", value = 1, below = 2 }\n', "give value, or low and high"),
        ('[[figure.quantity]]\nname = "q"\nprinted = { where = "F", value = 1 }\ncomputed = {}\n', "give cell"),
        ('[[figure.quantity]]\nname = "q"\nprinted = { where = "F", value = 1 }\ncomputed = { cell = { case = "two", table = "t", column = "c" } }\n', "there is no case two: the cases are one"),
        ('[[case]]\nname = "one"\nstudy = "other.toml"\n', "case.name has one twice"),
        ('[[figure.quantity]]\nname = "q"\nprinted = { value = 1 }\n', "'figure.0.quantity.0.printed.where' is missing"),
    ],
)
def test_wrong_files_are_one_sentence(tmp_path, text, said):
    with pytest.raises(EsgapError, match=said):
        paper(tmp_path, text)


def test_settings_of_a_case_are_merged_into_its_study(tmp_path):
    for case in load(ROOT / "inputs/paper/paper.toml").case:
        full, short = (load_study(case.study, more=content(case, tmp_path, tiny)) for tiny in (False, True))
        assert full.kind == short.kind
        if case.name == "interface":
            assert full.frenkel == tmp_path / "frenkel" and short.directions == full.directions[:1] and short.drop == full.drop


def test_our_paper_finds_its_numbers_in_the_shipped_results():
    """Every cell is found, and no printed number is among what was computed."""
    content = load(ROOT / "inputs/paper/paper.toml")
    found = [one for figure in content.figure for one in sides(figure, of_shipped(content))]
    assert [one.quantity.name for one in found if one.value is None] == []
    assert all(one.quantity.printed.where for one in found)
    sigma = next(one for one in found if one.quantity.name == "conductivity, ES-GAP")
    assert sigma.low < sigma.value < sigma.high and sigma.beside


def test_page_and_csv(tmp_path):
    content = paper(tmp_path, f'text = "See doi:10.1000/abc"\n[[figure.quantity]]\nname = "q < r"\nprinted = {{ where = "Fig. 1", value = 4.0 }}\ncomputed = {{ cell = {cell("field = 0.1")} }}\n')
    found = [(figure, list(sides(figure, tables))) for figure in content.figure]
    write_page(content, found, [], {"one": "no < such"}, True, tmp_path / "paper.html")
    page = (tmp_path / "paper.html").read_text()
    assert "T &amp; &lt;U&gt;" in page and "q &lt; r" in page and "one failed" in page and "no &lt; such" in page
    assert "short settings" in page and 'href="https://doi.org/10.1000/abc"' in page and 'class="wrong"' in page
    assert "2 times the printed one" in csv(found) and "not converged" in csv(found)
