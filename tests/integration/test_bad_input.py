"""Each mistake of a user: one sentence on stderr, exit code 1, and nothing finished is lost."""

import json
import os
import re
import shutil
import stat

import pytest
from ase.io import read, write
from outcomes import refused, stamps, succeeded, table
from places import BIN, CIF, ROOT

from esgap.jobs.lock import locked
from esgap.potential import Potential

ALONE = ('compare = ["li7p3s11/gap"]', "")
ONE_FIELD = ("[-0.1, 0.0, 0.1]", "[0.0]")
ONE_RANK = ("ranks = 2", "ranks = 1")


@pytest.fixture
def potential_copy(tmp_path):
    """A copy of the shipped ES-GAP that a test may damage."""
    folder = tmp_path / "mine"
    shutil.copytree(ROOT / "potentials" / "li7p3s11" / "es-gap", folder)
    return folder


def changed_structure(tmp_path, change, name="changed.cif"):
    atoms = read(CIF)
    change(atoms)
    file = tmp_path / name
    write(file, atoms)
    return file


def program(file, text):
    """An executable shell script."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_unknown_key(study, main):
    refused(main("deck", study(("separation", "seperation")), "-o", "out"), "unknown key 'defect.seperation'", "'separation'")


def test_missing_potential(study, main):
    refused(main("deck", study(("li7p3s11/es-gap", "li7p3s11/esgap")), "-o", "out"), "li7p3s11/esgap", "li7p3s11/es-gap")


def test_missing_potential_file(study, main, potential_copy):
    (potential_copy / "gap.xml").unlink()
    refused(main("deck", study(("li7p3s11/es-gap", str(potential_copy))), "-o", "out"), "gap.xml is missing")


def test_altered_potential_file(study, main, potential_copy):
    with open(potential_copy / "gap.xml", "a") as file:
        file.write(" ")
    refused(main("deck", study(("li7p3s11/es-gap", str(potential_copy))), "-o", "out"), "gap.xml was altered", "SHA-256")


@pytest.mark.parametrize("file, before", [("potential.toml", r"\[electrostatics.charges\]\nLi = "), ("potential.lmp", "set type 1 charge ")])
def test_charge_edited_in_one_place_alone(study, main, potential_copy, file, before):
    text, count = re.subn(rf"({before})\S+", r"\g<1>0.25", (potential_copy / file).read_text())
    assert count == 1 and Potential.load(potential_copy).charge_of("Li") != 0.25
    (potential_copy / file).write_text(text)
    refused(main("deck", study(("li7p3s11/es-gap", str(potential_copy))), "-o", "out"), "potential.lmp does not say what potential.toml says", "set type 1 charge")


def test_element_without_type(study, main, tmp_path):
    def change(atoms):
        atoms.symbols[0] = "Na"

    refused(main("deck", study(structure=changed_structure(tmp_path, change)), "-o", "out"), "no type for Na", "Li, P, S")


def test_charged_cell(study, main, tmp_path):
    def change(atoms):
        del atoms[0]

    refused(main("deck", study(structure=changed_structure(tmp_path, change)), "-o", "out"), f"net charge of {-Potential.load('li7p3s11/es-gap').charge_of('Li'):g} e", "neutral")


def test_overlapping_atoms(study, main, tmp_path):
    def change(atoms):
        atoms.positions[3] = atoms.positions[2] + 0.3

    refused(main("deck", study(structure=changed_structure(tmp_path, change)), "-o", "out"), "atoms 3 (Li) and 4 (Li)", "overlap", "0.52 Angstrom")


def test_cell_too_small(study, main):
    refused(main("deck", study(("separation = 2.5", "separation = 4.0")), "-o", "out"), "too small", "along b", "supercell")


def test_structure_that_is_none(study, main, tmp_path):
    (tmp_path / "text.cif").write_text("no crystal\n")
    refused(main("deck", study(structure=tmp_path / "text.cif"), "-o", "out"), "text.cif cannot be read as a structure", "ASE")
    refused(main("deck", study(structure=tmp_path / "none.cif"), "-o", "out"), "no structure file", "relative to the study file")
    refused(main("deck", study(structure=tmp_path), "-o", "out"), "no structure file")


@pytest.mark.parametrize("pbc", [(True, True, False), False])
def test_structure_that_is_not_periodic(study, main, tmp_path, pbc):
    def change(atoms):
        atoms.pbc = pbc

    refused(main("deck", study(structure=changed_structure(tmp_path, change, "open.extxyz")), "-o", "out"), "not periodic in three directions", "False")


def test_structure_without_a_cell(study, main, tmp_path):
    (tmp_path / "molecule.xyz").write_text("2\n\nLi 0 0 0\nS 2 0 0\n")
    refused(main("deck", study(structure=tmp_path / "molecule.xyz"), "-o", "out"), "not periodic in three directions")


@pytest.mark.parametrize("supercell", ["[0, 1, 1]", "[1, -1, 1]", "[1, 1]", "[1, 1, 1.5]"])
def test_supercell_that_is_none(study, main, supercell):
    refused(main("deck", study(("[defect]", f"supercell = {supercell}\n[defect]")), "-o", "out"), "supercell")


def test_no_anions(study, main):
    refused(main("deck", study(("separation = 2.5", "separation = 2.5\nanions = []")), "-o", "out"), "defect.anions", "at least 1 item")


def test_study_in_another_encoding(main, study, tmp_path):
    file = study()
    file.write_bytes(file.read_bytes() + 'title = "Ångström"\n'.encode("latin-1"))
    refused(main("deck", file, "-o", "out"), "not a text file in UTF-8")


def test_run_folder_that_is_a_file(main, study, tmp_path):
    (tmp_path / "out").write_text("mine\n")
    refused(main("deck", study(), "-o", "out"), "out is a file", "-o")
    refused(main("run", study(), "-o", "out"), "out is a file", "-o")
    assert (tmp_path / "out").read_text() == "mine\n"
    refused(main("analyse", "out"), "holds no plan.json")


@pytest.mark.parametrize(
    "launcher, part",
    [("mpirun -n {ranks} {host}", "'host'"), ("", "is empty"), ("  ", "is empty"), ("mpirun '-n {ranks}", "No closing quotation"), ("mpirun {", "placeholder is {ranks}"), ("mpirun {}", "{ranks}")],
)
def test_launcher_that_cannot_be_read(study, main, launcher, part):
    refused(main("deck", study(("ranks = 2", f'ranks = 2\nlauncher = "{launcher}"')), "-o", "out"), "run.launcher", part)


def test_mpirun_of_another_mpi(study, esgap, tmp_path):
    """A launcher that says it is Open MPI's; the sentence comes before lmp dies in MPI_Init."""
    fake = program(tmp_path / "other" / "mpirun", 'echo "mpirun (Open MPI) 4.1.4"')
    refused(esgap("run", study(("ranks = 2", f'ranks = 2\nlauncher = "{fake} -n {{ranks}}"')), "-o", "out"), "Open MPI", "MPICH", "same MPI")


def test_launcher_that_starts_single_processes(study, esgap):
    """As mpirun of another MPI may do in silence: the ranks are counted in the log."""
    refused(esgap("run", study(ALONE, ONE_FIELD, ("ranks = 2", 'ranks = 2\nlauncher = "env"')), "-o", "out"), "lmp ran on 1 rank instead of 2", "esgap doctor")


def test_lmp_that_is_none(study, esgap, tmp_path):
    refused(esgap("run", study(("ranks = 2", 'ranks = 2\nlmp = "no-such-lmp"')), "-o", "out"), "'no-such-lmp' was not found")
    refused(esgap("run", study(("ranks = 2", f'ranks = 1\nlmp = "{tmp_path}"')), "-o", "out"), f"'{tmp_path}' cannot be started")


def test_lammps_dies_mid_run(study, esgap, tmp_path):
    """lmp killed in one branch: the others are finished, and the same command goes on from there."""
    lmp = program(tmp_path / "dying-lmp", f'case "$*" in *y+0.1*) [ -e {tmp_path}/heal ] || kill -9 $$;; esac\nexec {BIN}/lmp "$@"')
    command = ("ranks = 2", f'lmp = "{lmp}"')
    failed = esgap("run", study(command), "-o", "out")
    refused(failed, "lmp stopped with signal SIGKILL", "log.lammps", "the same command resumes", "Li4-i1-2.75/y+0.1", "perfect/y+0.1")
    kept = stamps(tmp_path / "out")
    assert len(kept) == 6, "all but the two that died"
    status = succeeded(esgap("status", "out")).stdout
    assert status.count("failed ") == 2 and "8 jobs: 6 finished, 2 failed" in status
    succeeded(esgap("analyse", "out"))
    assert len(table(tmp_path / "out")) == 3
    (tmp_path / "heal").touch()
    assert succeeded(esgap("run", study(command), "-o", "out")).stdout.count("(kept)") == len(kept)
    assert len(table(tmp_path / "out")) == 4


def test_lammps_error_is_quoted(study, esgap, tmp_path):
    """An error of LAMMPS itself: its own line is in the sentence."""
    lmp = program(tmp_path / "lmp-with-bad-variable", f'exec {BIN}/lmp -var ex nonsense "$@"')
    refused(esgap("run", study(ALONE, ONE_FIELD, ("ranks = 2", f'lmp = "{lmp}"')), "-o", "out"), "ERROR", "nonsense")


@pytest.fixture
def finished(study, esgap, tmp_path):
    """A finished run of two jobs."""
    file = study(ALONE, ONE_FIELD, ONE_RANK)
    succeeded(esgap("run", file, "-o", "out"))
    return file


def test_files_of_a_finished_run_that_are_no_longer_what_they_were(finished, main, esgap, tmp_path):
    """An edited log would be another energy, a damaged record no record: each is a sentence, and what it tells to do does help."""
    out = tmp_path / "out"
    log = out / "points/li7p3s11/es-gap/1x1x1/Li4-i1-2.75/zero/log.lammps"
    text = log.read_text()
    before = stamps(out)
    for wrong in (text[: len(text) // 2], text.replace("Total wall time", "  9 -999.0\nTotal wall time"), ""):
        log.write_text(wrong)
        refused(main("analyse", "out"), "Li4-i1-2.75/zero/log.lammps was changed after its job had finished", "to compute it again")
        refused(main("run", finished, "-o", "out"), "Li4-i1-2.75/zero/log.lammps ", "to compute it again")  # changed, or cut off for the deck of the next round
    assert stamps(out) == before
    log.write_text(text)
    record = log.parent / "run.json"
    for wrong in (record.read_text()[:100], "", "[]", "{}", '{"schema": 1}'):
        record.write_text(wrong)
        for words in (("analyse", "out"), ("status", "out"), ("run", finished, "-o", "out")):
            refused(main(*words), "Li4-i1-2.75/zero/run.json", "delete", "to compute it again")
    shutil.rmtree(log.parent)
    partial = succeeded(main("analyse", "out"))
    assert "1 of 2 jobs are not finished: points/li7p3s11/es-gap/1x1x1/Li4-i1-2.75/zero" in partial.stdout
    assert succeeded(esgap("run", finished, "-o", "out")).stdout.count("(kept)") == 1

    for wrong in ("", '{"schema": 2', "[]", '{"schema": 2}', '{"schema": 2, "kind": "frenkel", "title": "", "tables": {"other": []}}'):
        (out / "result.json").write_text(wrong)
        refused(main("report", "out"), "result.json", "make it again with `esgap analyse")
    succeeded(main("analyse", "out"))
    plan = out / "plan.json"
    right = plan.read_text()
    for wrong in (right[:200], "", "[]", '{"schema": 2, "kind": "frenkel"}'):
        plan.write_text(wrong)
        for words in (("analyse", "out"), ("status", "out"), ("run", finished, "-o", "out")):
            refused(main(*words), "plan.json", "delete it", "esgap deck")
    plan.unlink()
    succeeded(main("deck", finished, "-o", "out"))
    assert plan.read_text() == right
    plan.write_text(json.dumps(json.loads(right) | {"schema": 1}))
    refused(main("run", finished, "-o", "out"), "has the schema 1, this esgap reads 2", "new folder")


def test_inputs_that_changed_after_the_run_are_named(finished, main, tmp_path):
    """The numbers stay, and say to which files they belong."""
    out = tmp_path / "out"
    before, hashes = table(out), json.loads((out / "result.json").read_text())["provenance"]["jobs"]
    with open(out / "potentials/li7p3s11/es-gap/potential.toml", "a") as file:
        file.write("# edited\n")
    done = succeeded(main("analyse", "out"))
    assert done.stdout.count("was computed before potentials/li7p3s11/es-gap/potential.toml changed") == 2
    result = json.loads((out / "result.json").read_text())
    assert table(out) == before and result["provenance"]["jobs"] == hashes, "of the runs, not of now"


def test_analyse_without_run(main, study, tmp_path):
    os.mkdir(tmp_path / "empty")
    refused(main("analyse", "empty"), "no plan.json", "esgap deck")
    refused(main("report", "empty"), "no result.json", "esgap analyse")
    refused(main("status", "nowhere"), "no plan.json")
    succeeded(main("deck", study(), "-o", "out"))
    refused(main("analyse", "out"), "no finished job of 8", "esgap status")


@pytest.mark.parametrize("mask", [0o022, 0o027])
def test_permissions_are_those_of_the_umask(study, main, tmp_path, mask):
    before = os.umask(mask)
    try:
        succeeded(main("deck", study(), "-o", "out"))
    finally:
        os.umask(before)
    found = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in found if path.is_dir()} == {0o777 & ~mask}
    assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o666 & ~mask}


def test_nothing_stays_behind(study, main, tmp_path):
    succeeded(main("deck", study(), "-o", "out"))
    refused(main("deck", study(("separation = 2.5", "separation = 4.0")), "-o", "out"), "too small")
    hidden = {path.name for path in (tmp_path / "out").rglob(".*")} | {path.name for path in tmp_path.glob(".*")}
    assert hidden <= {".lock"}
    assert not list(tmp_path.rglob("*.part"))


def test_two_runs_on_one_folder(study, main, tmp_path):
    """The second is told who works there, and touches nothing."""
    succeeded(main("deck", study(), "-o", "out"))
    with locked(tmp_path / "out"):
        for verb in ("run", "deck"):
            refused(main(verb, study(), "-o", "out"), f"another esgap (process {os.getpid()}) works in", "another folder with -o")
    assert not stamps(tmp_path / "out")
