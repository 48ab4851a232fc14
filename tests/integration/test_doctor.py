"""esgap doctor passes on a sound installation, and fails with the reason when something is not."""

import itertools

import pytest

from esgap import doctor
from esgap.errors import EsgapError
from esgap.jobs.resources import Resources
from esgap.lammps.static import Labels


def test_sound_installation(esgap):
    done = esgap("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 9 and all(line.startswith("ok") for line in lines)


def test_other_mpi_and_missing_styles(tmp_path, esgap):
    """A launcher of another MPI, and an lmp that has none of our styles: both checks fail, one line each."""
    fake = tmp_path / "mpirun"
    fake.write_text('#!/bin/sh\necho "mpirun (Open MPI) 4.1.4"\n')
    bare = tmp_path / "lmp"
    bare.write_text('#!/bin/sh\necho "Currently loaded plugins: 0"\n')
    for file in (fake, bare):
        file.chmod(0o755)
    with pytest.raises(EsgapError, match="belongs to Open MPI but 'lmp' is linked to MPICH"):
        doctor.mpi(Resources(launcher=f"{fake} -n {{ranks}}"))
    ok, line = doctor.plugin(Resources(lmp=str(bare)))
    assert not ok and "does not know coul/slater/long, dipole/induced, efield/pbc, gap, quip" in line


def test_wrong_forces_and_numbers_are_found(monkeypatch):
    """The comparisons fail when one side is off by more than their limits."""
    monkeypatch.setattr(doctor, "DIFFERENCE", 1e-12)
    checks = {name: ok for name, ok, _ in doctor.checks()}
    assert not checks["finite differences"] and checks["gap against quip"]


def test_each_comparison_finds_a_wrong_energy(monkeypatch):
    """LAMMPS's energies drift by 0.1 meV/atom from one evaluation to the next: no comparison may pass."""
    right, drift = doctor.static, itertools.count(1)

    def wrong(potential, atoms, *args, **kw):
        result = right(potential, atoms, *args, **kw)
        return Labels(result.energy + 1e-4 * len(atoms) * next(drift), result.forces, result.virial)

    monkeypatch.setattr(doctor, "static", wrong)
    verdicts = {name: ok for name, ok, _ in doctor.checks()}
    comparisons = ("quip against quippy", "gap against quip", "1 against 2 ranks", "finite differences")
    assert [verdicts.pop(name) for name in comparisons] == [False] * 4
    assert all(verdicts.values())


def test_unknown_potential(esgap):
    done = esgap("doctor", "nothing/there")
    assert done.returncode == 1 and "FAIL potential" in done.stdout
