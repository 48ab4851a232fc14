"""Potential folders from a GAP of one's own, and potential.lmp made anew."""

import re
import shutil

import pytest
from typer.testing import CliRunner

from esgap.cli import app
from esgap.errors import EsgapError
from esgap.make_potential import baseline, make_potential, renew
from esgap.potential import Potential

CHARGES = ["--charges", "Li=0.5,P=2.5,S=-1.0", "--zeta", "Li=1.0,P=1.3,S=1.2"]


def run(*words) -> str:
    """Run the command line; the text of the error it ends with, or what it prints."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(done.exception, EsgapError | type(None)), done.exception
    return str(done.exception or done.stdout)


def test_folder_from_an_xml(tiny_gap, tmp_path):
    folder = tmp_path / "li7p3s11" / "mine"
    assert "GAP with electrostatics for Li, P, S" in run("potential", tiny_gap, "-o", folder, *CHARGES, "--origin", "a test")
    made = Potential.load(folder)
    assert (made.material, made.name, made.elements, made.origin) == ("li7p3s11", "mine", ("Li", "P", "S"), "a test")
    assert made.gap.cutoff == 5.0 and len(made.gap.files) == 1 + 6 + 3  # pairs and elements, each with its sparse points
    assert re.search(f'<GAP_params label="{made.gap.label}"', made.xml.read_text())
    assert made.electrostatics.charges == {"Li": 0.5, "P": 2.5, "S": -1.0} and made.electrostatics.n == {"Li": 1, "P": 1, "S": 1}
    assert (folder / "potential.lmp").read_text() == made.lammps_include()


def test_without_charges_in_the_folder_of_the_xml(tiny_gap, tmp_path):
    for file in tiny_gap.parent.glob("gap.xml*"):
        shutil.copy(file, tmp_path)
    made = make_potential(tmp_path / "gap.xml", tmp_path, material="LiPS", name="tiny")
    assert made.electrostatics is None and "coul" not in (tmp_path / "potential.lmp").read_text()
    with pytest.raises(EsgapError, match="holds a potential already"):
        make_potential(tiny_gap, tmp_path)


def test_the_short_range_part_of_a_potential_is_no_potential(tiny_gap, tmp_path):
    """Nor is it one with other charges; with its own it is."""
    charged = make_potential(tiny_gap, tmp_path / "m" / "p", electrostatics=baseline("Li=0.5,P=2.5,S=-1.0", "Li=1,P=1.3,S=1.2", "", 9.0))
    for other in (None, baseline("Li=0.6,P=2.4,S=-1.0", "Li=1,P=1.3,S=1.2", "", 9.0)):
        with pytest.raises(EsgapError, match=r"short-range part of m/p, fitted to energies less the electrostatics of Li \+0.5 e, P \+2.5 e, S -1 e"):
            make_potential(charged.xml, tmp_path / "n" / "q", electrostatics=other)
    assert not (tmp_path / "n").exists()
    make_potential(charged.xml, tmp_path / "n" / "q", electrostatics=baseline("Li=0.5,P=2.5,S=-1.0", "Li=1,P=1.3,S=1.2", "", 9.0))


def test_an_edited_include_is_refused_and_made_anew(tiny_gap, tmp_path):
    """A charge edited in potential.lmp ran with a net charge, one edited in potential.toml changed nothing."""
    folder = tmp_path / "m" / "p"
    made = make_potential(tiny_gap, folder, electrostatics=baseline("Li=0.5,P=2.5,S=-1.0", "Li=1,P=1.3,S=1.2", "", 9.0))
    include, toml = folder / "potential.lmp", folder / "potential.toml"
    original = include.read_text()
    include.write_text(original.replace("charge 0.5", "charge 0.4"))
    with pytest.raises(EsgapError, match=r"`set type 1 charge 0\.4`.* anew with `esgap potential .*/m/p`"):
        Potential.load(folder)
    include.write_text("# a remark of one's own\n\n" + original)
    assert Potential.load(folder) == made
    include.write_text(made.lammps_include(("S", "Li")))  # as in a run folder
    assert Potential.load(folder) == made
    include.write_text(original.replace("Li P S", "Li P Na"))
    with pytest.raises(EsgapError, match="does not say what potential.toml says .*Li P Na"):
        Potential.load(folder)
    include.write_text(original)
    toml.write_text(toml.read_text().replace("P = 2.5", "P = 2.25"))
    with pytest.raises(EsgapError, match="does not say what potential.toml says"):
        Potential.load(folder)
    assert "GAP with electrostatics" in run("potential", folder)
    assert "set type 2 charge 2.25 " in include.read_text() and Potential.load(folder).electrostatics.charges["P"] == 2.25
    (folder / "gap.xml").write_text("<GAP/>")
    with pytest.raises(EsgapError, match="was altered"):
        renew(folder)


@pytest.mark.parametrize(
    "words, sentence",
    [
        ([], r"give the potential folder to make with -o"),
        (["-o", "m/my gap"], r'name = "my gap" can be no label in an XML file .*--name gives one'),
        (["-o", "3LiI/gap"], r'material = "3LiI" can be no label .*--material gives one'),
        (["-o", "m/p", "--charges", "Li=0.5"], r"--zeta lacks Li: every charge needs"),
        (["-o", "m/p", "--charges", "Li"], r"--charges is 'Li', expected ELEMENT=NUMBER"),
        (["-o", "m/p", "--charges", "Xx=1", "--zeta", "Xx=1"], r"--charges names Xx, no chemical symbol"),
        (["-o", "m/p", "--charges", "Li=1,S=-1", "--zeta", "Li=1,S=1"], r"electrostatics\.charges and elements differ by P"),
        (["-o", "m/p", "--zeta", "Li=1"], r"are those of charges: give --charges"),
        (["-o", "m/p", *CHARGES, "--cutoff", "-1"], r"cutoff: Input should be greater than 0"),
    ],
)
def test_refusals(tiny_gap, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    assert re.search(sentence, run("potential", tiny_gap, *words))
    assert not (tmp_path / "m").exists()


def test_files_that_are_no_gap(tmp_path):
    with pytest.raises(EsgapError, match="no file .*none.xml"):
        make_potential(tmp_path / "none.xml", tmp_path / "p")
    (tmp_path / "gap.xml").write_text("<a/>")
    with pytest.raises(EsgapError, match="gap.xml"):
        make_potential(tmp_path / "gap.xml", tmp_path / "p")
    with pytest.raises(EsgapError, match="holds no potential.toml"):
        renew(tmp_path)
