"""Each mistake of a user: one sentence on stderr, exit code 1, and nothing finished is lost."""

import os
import shutil
import stat

import pytest
from ase.io import read, write
from conftest import BIN, ROOT
from test_frenkel_study import stamps

CIF = ROOT / "inputs" / "structures" / "li7p3s11.cif"


def refused(done, *parts: str) -> None:
    """The process ended with code 1 and one line on stderr that holds every part."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("esgap: ") and len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.fixture
def potential_copy(tmp_path):
    """A copy of the shipped ES-GAP that a test may damage."""
    folder = tmp_path / "mine"
    shutil.copytree(ROOT / "potentials" / "li7p3s11" / "es-gap", folder)
    return folder


def changed_structure(tmp_path, change):
    atoms = read(CIF)
    change(atoms)
    file = tmp_path / "changed.cif"
    write(file, atoms)
    return file


def test_unknown_key(study, esgap):
    refused(esgap("deck", study(("separation", "seperation")), "-o", "out"), "unknown key 'defect.seperation'", "'separation'")


def test_missing_potential(study, esgap):
    refused(esgap("deck", study(("li7p3s11/es-gap", "li7p3s11/esgap")), "-o", "out"), "li7p3s11/esgap", "li7p3s11/es-gap")


def test_missing_potential_file(study, esgap, potential_copy):
    (potential_copy / "gap.xml").unlink()
    refused(esgap("deck", study(("li7p3s11/es-gap", str(potential_copy))), "-o", "out"), "gap.xml is missing")


def test_altered_potential_file(study, esgap, potential_copy):
    with open(potential_copy / "gap.xml", "a") as file:
        file.write(" ")
    refused(esgap("deck", study(("li7p3s11/es-gap", str(potential_copy))), "-o", "out"), "gap.xml was altered", "SHA-256")


def test_element_without_type(study, esgap, tmp_path):
    def change(atoms):
        atoms.symbols[0] = "Na"

    refused(esgap("deck", study(structure=changed_structure(tmp_path, change)), "-o", "out"), "no type for Na", "Li, P, S")


def test_charged_cell(study, esgap, tmp_path):
    def change(atoms):
        del atoms[0]

    refused(esgap("deck", study(structure=changed_structure(tmp_path, change)), "-o", "out"), "net charge of -0.5 e", "neutral")


def test_overlapping_atoms(study, esgap, tmp_path):
    def change(atoms):
        atoms.positions[3] = atoms.positions[2] + 0.3

    refused(esgap("deck", study(structure=changed_structure(tmp_path, change)), "-o", "out"), "atoms 3 (Li) and 4 (Li)", "overlap", "0.52 Angstrom")


def test_cell_too_small(study, esgap):
    refused(esgap("deck", study(("separation = 2.5", "separation = 4.0")), "-o", "out"), "too small", "along b", "supercell")


def test_mpirun_of_another_mpi(study, esgap, tmp_path):
    """A launcher that says it is Open MPI's; the sentence comes before lmp dies in MPI_Init."""
    fake = tmp_path / "other" / "mpirun"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "mpirun (Open MPI) 4.1.4"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    launcher = ("ranks = 2", f'ranks = 2\nlauncher = "{fake} -n {{ranks}}"')
    refused(esgap("run", study(launcher), "-o", "out"), "Open MPI", "MPICH", "same MPI")


def test_missing_lmp(study, esgap):
    refused(esgap("run", study(("ranks = 2", 'ranks = 2\nlmp = "no-such-lmp"')), "-o", "out"), "'no-such-lmp' was not found")


def test_lammps_dies_mid_run(study, esgap, tmp_path):
    """lmp killed in the third job: the two finished ones are kept, and the same command goes on from there."""
    lmp = tmp_path / "dying-lmp"
    lmp.write_text(f'#!/bin/sh\ncase "$*" in *y+0.1*) [ -e {tmp_path}/heal ] || kill -9 $$;; esac\nexec {BIN}/lmp "$@"\n')
    lmp.chmod(0o755)
    command = ("ranks = 2", f'ranks = 1\nlauncher = "env"\nlmp = "{lmp}"')
    refused(esgap("run", study(command), "-o", "out"), "lmp stopped with exit code", "log.lammps", "the same command resumes")
    kept = stamps(tmp_path / "out")
    assert kept
    (tmp_path / "heal").touch()
    done = esgap("run", study(command), "-o", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("(kept)") == len(kept)


def test_lammps_error_is_quoted(study, esgap, tmp_path):
    """An error of LAMMPS itself: its own line is in the sentence."""
    lmp = tmp_path / "lmp-with-bad-variable"
    lmp.write_text(f'#!/bin/sh\nexec {BIN}/lmp -var ex nonsense "$@"\n')
    lmp.chmod(0o755)
    refused(esgap("run", study(("ranks = 2", f'ranks = 1\nlauncher = "env"\nlmp = "{lmp}"')), "-o", "out"), "ERROR", "nonsense")


def test_truncated_log(study, esgap, tmp_path):
    fields = ("[-0.1, 0.0, 0.1]", "[0.0]")
    assert esgap("run", study(fields), "-o", "out").returncode == 0
    log = tmp_path / "out/points/es-gap/defect/zero/log.lammps"
    text = log.read_text()
    log.write_text(text[: len(text) // 2])
    before = stamps(tmp_path / "out")
    refused(esgap("analyse", "out"), "defect/zero/log.lammps is cut off", "to compute it again")
    assert stamps(tmp_path / "out") == before
    shutil.rmtree(log.parent)
    done = esgap("run", study(fields), "-o", "out")
    assert done.returncode == 0 and done.stdout.count("(kept)") == 3, done.stderr


def test_analyse_without_run(esgap, tmp_path):
    os.mkdir(tmp_path / "empty")
    refused(esgap("analyse", "empty"), "no plan.json", "esgap deck")
    refused(esgap("report", "empty"), "no result.json", "esgap analyse")
