"""Reading, verifying and writing of potential folders."""

import re
from pathlib import Path

import pytest

from esgap.errors import EsgapError
from esgap.potential import Electrostatics, Gap, Potential, densities, read_toml, write_toml
from esgap.record import sha256

ROOT = Path(__file__).parents[2]


def make(folder: Path, es: bool = True, **changes) -> Path:
    """A potential folder whose GAP file is a text: reading never parses it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gap.xml").write_text("<GAP/>\n")
    electrostatics = Electrostatics(
        charges={"Li": 0.5, "S": -1.0}, zeta={"Li": 1.0, "S": 1.2}, n={"Li": 1, "S": 3}, cutoff=10.0, kspace="pppm 1.0e-6"
    )
    fields = dict(
        name="es-gap",
        material="Li2S",
        elements=("Li", "S"),
        origin="a test",
        gap=Gap(file="gap.xml", label="LABEL", cutoff=6.0, files={"gap.xml": sha256(folder / "gap.xml")}),
        electrostatics=electrostatics if es else None,
        fit={"n_max": 6, "data": {"file": "x.extxyz"}},
        errors={"held_out": {"energy": 1.5}},
    )
    write_toml(Potential(**fields | changes), folder)
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "potential.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_round_trip(tmp_path):
    folder = make(tmp_path / "p")
    first = Potential.load(folder)
    second = Potential.load(folder / "potential.toml")
    assert first == second
    assert first.elements == ("Li", "S")
    assert first.electrostatics.n == {"Li": 1, "S": 3}
    assert first.fit["data"]["file"] == "x.extxyz" and first.errors["held_out"]["energy"] == 1.5
    assert first.xml == folder / "gap.xml"
    assert first.charge_of("S") == -1.0


def test_frozen(tmp_path):
    with pytest.raises(ValueError):
        Potential.load(make(tmp_path)).name = "other"


def test_found_by_name_below_potentials(tmp_path, monkeypatch):
    make(tmp_path / "potentials" / "li2s" / "es-gap")
    monkeypatch.chdir(tmp_path)
    assert Potential.load("li2s/es-gap").folder == tmp_path / "potentials" / "li2s" / "es-gap"


def test_unknown_name_lists_what_there_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EsgapError, match="no potential li2s/nothing: give a folder with potential.toml"):
        Potential.load("li2s/nothing")


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("cutoff = 10.0", "cutoff = 10.0\ncutof = 9.0", r"electrostatics\.cutof: unknown key"),
        ('name = "es-gap"', 'name = "es-gap"\ncolour = "red"', "colour: unknown key"),
        ('label = "LABEL"\n', "", r"gap\.label: Field required"),
        ("cutoff = 10.0", "cutoff = -1.0", r"electrostatics\.cutoff: Input should be greater than 0"),
        ('kspace = "pppm 1.0e-6"', 'kspace = "msm 1e-4"', r'kspace is "msm 1e-4", expected "pppm ACCURACY"'),
        ('elements = ["Li", "S"]', 'elements = ["Li"]', r"electrostatics\.charges and elements differ by S"),
        ('elements = ["Li", "S"]', 'elements = ["Li", "Xx"]', "Xx is no chemical symbol"),
        ('file = "gap.xml"', 'file = "other.xml"', r"gap\.files has no SHA-256 of other\.xml"),
        ("[gap]", "[gap", "is not valid TOML"),
    ],
)
def test_bad_toml_is_one_sentence_with_the_place(tmp_path, old, new, message):
    folder = make(tmp_path)
    edit(folder, old, new)
    with pytest.raises(EsgapError, match=message) as caught:
        Potential.load(folder)
    assert str(folder / "potential.toml") in str(caught.value) and "\n" not in str(caught.value)


def test_altered_file(tmp_path):
    folder = make(tmp_path)
    (folder / "gap.xml").write_text("<GAP />\n")
    with pytest.raises(EsgapError, match=r"gap\.xml was altered: its SHA-256 is"):
        Potential.load(folder)


def test_missing_file(tmp_path):
    folder = make(tmp_path)
    (folder / "gap.xml").unlink()
    with pytest.raises(EsgapError, match=r"gap\.xml is missing, named in .*potential\.toml"):
        Potential.load(folder)


def test_element_without_charge(tmp_path):
    with pytest.raises(EsgapError, match=r"has no element Na \(it has Li, S\)"):
        Potential.load(make(tmp_path)).charge_of("Na")


def test_include_holds_the_numbers_of_the_toml(tmp_path):
    text = Potential.load(make(tmp_path)).lammps_include()
    assert "set type 1 charge 0.5 " in text and "set type 2 charge -1.0 " in text
    assert "variable coulomb_cutoff   index 10.0 " in text and "variable coulomb_accuracy index 1.0e-6 " in text
    assert "variable field_scale      index 1.0 " in text
    assert "pair_style hybrid/overlay gap coul/slater/long slater ${coulomb_cutoff}" in text
    assert "pair_coeff * * gap ${potential}/gap.xml Li S" in text
    assert "pair_coeff * * quip ${potential}/gap.xml \"Potential xml_label=LABEL\" 3 16" in text
    assert "pair_coeff * * coul/slater/long 1.0 1 " in text and "pair_coeff 2 2 coul/slater/long 1.2 3 " in text
    assert text.rstrip().endswith("kspace_style pppm ${coulomb_accuracy}\nkspace_modify order ${coulomb_order}")


def test_field_scale_of_screened_charges(tmp_path):
    folder = make(tmp_path)
    edit(folder, "field_scale = 1.0", "field_scale = 2.1")
    with pytest.raises(EsgapError, match="field_scale"):
        Potential.load(folder)  # potential.lmp says 1.0
    write_toml(read_toml(folder / "potential.toml"), folder)
    assert "variable field_scale      index 2.1 " in Potential.load(folder).lammps_include()
    edit(folder, "field_scale = 2.1", "field_scale = 0")
    with pytest.raises(EsgapError, match="electrostatics.field_scale"):
        Potential.load(folder)


def test_include_without_electrostatics(tmp_path):
    potential = Potential.load(make(tmp_path, es=False, name="gap"))
    text = potential.lammps_include()
    assert potential.charge_of("Li") == 0.0
    assert "pair_style gap" in text and "pair_coeff * * ${potential}/gap.xml Li S" in text
    assert not re.search("charge [-0-9]|kspace|slater|hybrid", text)


@pytest.mark.parametrize("folder", sorted(p.parent for p in ROOT.glob("potentials/*/*/potential.toml")), ids=lambda p: p.name)
def test_shipped_include_is_the_generated_one(folder):
    potential = Potential.load(folder)
    assert (folder / "potential.lmp").read_text() == potential.lammps_include()
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 15e6


WITH_DIPOLES = {"charges": {"Li": 0.8, "S": -1.6}, "zeta": {"Li": 1.0, "S": 1.2}, "n": {"Li": 1, "S": 1}, "cutoff": 10.0, "dipoles": {"polarisabilities": {"S": 5.1}, "eta": 0.56}}


def test_dipoles_come_back_and_stand_in_the_include(tmp_path):
    potential = Potential.load(make(tmp_path, electrostatics=Electrostatics.model_validate(WITH_DIPOLES)))
    assert potential.electrostatics.dipoles.polarisabilities == {"S": 5.1} and potential.electrostatics.dipoles.eta == 0.56
    lines = potential.lammps_include().splitlines()
    assert sum("coul/slater/long slater ${coulomb_cutoff} dipole/induced 0.56" in line for line in lines) == 2  # both engines
    found = [line.split("#")[0].split() for line in lines if "dipole/induced" in line and line.startswith("pair_coeff")]
    assert found == [["pair_coeff", "*", "*", "dipole/induced", "0.0"], ["pair_coeff", "2", "2", "dipole/induced", "5.1"]]
    assert lines[lines.index("compute induced all pair dipole/induced") + 1 :][:3] == [f"variable induced_{axis} equal c_induced[{k}]" for k, axis in enumerate("xyz", start=1)]


def test_other_dipoles_than_those_of_the_fit_are_refused(tmp_path):
    es = Electrostatics.model_validate(WITH_DIPOLES)
    folder = make(tmp_path, electrostatics=es, fit={"baseline": densities(es)})
    Potential.load(folder)
    edit(folder, "S = 5.1", "S = 4.0")
    (folder / "potential.lmp").write_text(read_toml(folder / "potential.toml").lammps_include())
    with pytest.raises(EsgapError, match=r"other electrostatics \(dipoles\)"):
        Potential.load(folder)


@pytest.mark.parametrize(
    "dipoles, problem",
    [
        ({"polarisabilities": {"P": 1.0}, "eta": 0.5}, "names P, which `charges` lacks"),
        ({"polarisabilities": {"S": 0.0}, "eta": 0.5}, "greater than 0"),
        ({"polarisabilities": {}, "eta": 0.5}, "at least 1"),
        ({"polarisabilities": {"S": 5.0}, "eta": -0.5}, "greater than 0"),
    ],
)
def test_dipoles_that_cannot_be(dipoles, problem):
    with pytest.raises(ValueError, match=problem):
        Electrostatics.model_validate(WITH_DIPOLES | {"dipoles": dipoles})
