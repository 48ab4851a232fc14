"""Potentials in a run folder: names that do not collide, types in one order for all; structures and data files."""

import shutil

import numpy as np
import pytest
from ase.io import read
from places import CIF, ROOT

from esgap.errors import EsgapError
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import labels, lammps_job, place
from esgap.potential import Potential, write_toml

ES_GAP = ROOT / "potentials" / "li7p3s11" / "es-gap"


@pytest.fixture
def changed(tmp_path):
    """A function that makes a copy of the shipped ES-GAP with other settings, in a folder with a space in its name."""

    def make(folder="my potentials", **changes) -> Potential:
        goal = tmp_path / folder
        shutil.copytree(ES_GAP, goal)
        write_toml(Potential.load(ES_GAP).model_copy(update=changes), goal)
        return Potential.load(goal)

    return make


def test_two_potentials_of_one_name_have_folders_of_their_own(changed, tmp_path):
    one, two = Potential.load(ES_GAP), changed(origin="another fit")
    names = labels([one, two])
    assert len(set(names)) == 2 and all(name.startswith("li7p3s11/es-gap@") for name in names)
    placed = place([one, two], read(CIF), tmp_path)
    assert {p.folder for p in placed} == {f"potentials/{name}" for name in names}
    assert "another fit" in (tmp_path / placed[1].folder / "potential.toml").read_text()


def test_labels_do_not_depend_on_what_stands_beside(changed):
    """The first generation keeps its folder when a second one of other name comes."""
    assert labels([Potential.load(ES_GAP), changed(name="second")]) == ["li7p3s11/es-gap", "li7p3s11/second"]


def test_one_potential_under_two_paths_is_refused(changed):
    with pytest.raises(EsgapError, match="li7p3s11/es-gap stands twice in the study"):
        labels([Potential.load(ES_GAP), changed()])


def test_types_are_those_of_the_first_potential_for_all(changed, tmp_path):
    reverse = changed(name="reverse", elements=("S", "P", "Li"))
    placed = place([Potential.load(ES_GAP), reverse], read(CIF), tmp_path)
    assert {p.elements for p in placed} == {("Li", "P", "S")}
    text = (tmp_path / placed[1].folder / "potential.lmp").read_text()
    assert f"set type 1 charge {reverse.charge_of('Li')}  # Li" in text and "gap.xml Li P S" in text


def test_elements_that_the_cell_lacks_have_no_type(tmp_path):
    atoms = read(CIF)
    del atoms[atoms.symbols == "P"]
    gap = Potential.load(ROOT / "potentials" / "li7p3s11" / "gap")
    assert place([gap], atoms, tmp_path)[0].elements == ("Li", "S")


def test_placed_folder_is_whole(tmp_path):
    """Every file of the potential by its hash, and no path to where it came from."""
    placed = place([Potential.load(ES_GAP)], read(CIF), tmp_path)[0]
    there = Potential.load(tmp_path / placed.folder)
    assert there.model_dump() == placed.potential.model_dump()
    job = lammps_job("a", "in.x", {"force": 0.1, "data": "data.a"}, {}, ("out",), placed=placed)
    assert not any("/" in word and word.startswith("/") for word in job.command)
    assert " ".join(job.command).endswith("-var potential potentials/li7p3s11/es-gap -var force 0.1 -var data data.a")
    assert {"potential potential.toml", "potential potential.lmp"} <= set(job.inputs)


def test_data_file_holds_every_digit(tmp_path):
    atoms = read(CIF)
    atoms.rattle(0.1, seed=3)
    atoms.positions[0] += 3 * atoms.cell[1]  # outside the cell, and so it stays
    write_data(tmp_path / "data", atoms, ("S", "Li", "P"), {"Li": 0.5, "P": 2.5, "S": -1.0})
    back = read(tmp_path / "data", format="lammps-data", units="metal", atom_style="charge")
    assert list(back.symbols) == list(atoms.symbols)
    np.testing.assert_allclose(back.get_all_distances(), atoms.get_all_distances(), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(back.get_initial_charges(), [{"Li": 0.5, "P": 2.5, "S": -1.0}[s] for s in atoms.symbols])


def test_supercell_keeps_image_after_image():
    one, four = read_structure(CIF), read_structure(CIF, (2, 1, 2))
    assert len(four) == 4 * len(one)
    np.testing.assert_allclose(four.positions[: len(one)], one.positions, atol=1e-12)
