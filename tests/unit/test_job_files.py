"""commands.sh, Makefile and job.slurm of a few jobs, run with programs that tell how they were called."""

import os
import subprocess

import pytest
from pydantic import ValidationError

from esgap.jobs import files
from esgap.jobs.job import Job
from esgap.jobs.launchers import cores, launchers
from esgap.jobs.resources import Resources

TWO = (
    Job(name="one", command=("lmp", "-var", "price", "a $b"), inputs={}, outputs=("one/a",)),
    Job(name="two", command=("lmp", "-in", "x"), inputs={"start": "one/a"}, outputs=("two/b",), ranks=4),
)


@pytest.fixture
def tell(tmp_path):
    """A program that writes its arguments, one in a line, to calls."""
    program = tmp_path / "tell"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@" >> {tmp_path}/calls\n')
    program.chmod(0o755)
    return str(program)


def calls(tmp_path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


EXPECTED = ["tell", "-var", "price", "a $b", "tell", "-n", "4", "--last", "lmp", "-in", "x"]


@pytest.mark.parametrize("given", [False, True], ids=["as written", "LAUNCH given"])
def test_makefile_starts_every_job_with_its_ranks(tmp_path, tell, given):
    resources = Resources(lmp=tell, launcher="mpirun -n {ranks}" if given else f"{tell} -n {{ranks}} --last")
    (tmp_path / "Makefile").write_text(files.makefile(TWO, resources))
    words = [f"LAUNCH={tell} -n $(RANKS) --last"] if given else []
    subprocess.run(["make", "-j2", *words], cwd=tmp_path, check=True)
    assert calls(tmp_path) == EXPECTED[:8] + [tell] + EXPECTED[9:]
    again = subprocess.run(["make"], cwd=tmp_path, text=True, capture_output=True)
    assert "Nothing to be done" in again.stdout


def test_commands_start_every_job_once(tmp_path, tell):
    (tmp_path / "commands.sh").write_text(files.commands(TWO, Resources(lmp=tell, launcher=f"{tell} -n {{ranks}} --last")))
    for _ in range(2):
        subprocess.run(["sh", "commands.sh"], cwd=tmp_path, check=True)
    assert calls(tmp_path) == EXPECTED[:8] + [tell] + EXPECTED[9:]


def test_batch_job_starts_what_has_room(tmp_path, tell):
    """`srun` of the batch job stands before the job of several ranks; with 8 tasks two jobs of 4 ranks run at once."""
    resources = Resources(lmp=tell, cores=8)
    (tmp_path / "Makefile").write_text(files.makefile(TWO, resources))
    text = files.job_slurm(TWO, resources, "esgap-test")
    assert "#SBATCH --ntasks=8\n" in text and "#SBATCH --job-name=esgap-test\n" in text
    (tmp_path / "job.slurm").write_text(text.replace("make -j", "echo at once:; make -j"))
    (tmp_path / "srun").symlink_to(tell)
    env = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}", SLURM_SUBMIT_DIR=str(tmp_path), SLURM_NTASKS="8")
    done = subprocess.run(["bash", "-x", "job.slurm"], cwd=tmp_path, env=env, text=True, capture_output=True)
    assert done.returncode == 0 and "make -j 2 -k" in done.stderr
    assert calls(tmp_path)[4:] == ["srun", "--mpi=pmi2", "--exact", "-N1", "-n", "4", tell, "-in", "x"]


def test_a_job_larger_than_the_cores_of_the_study_gets_its_ranks():
    assert "--ntasks=4\n" in files.job_slurm(TWO, Resources(cores=2), "x")


def test_launcher_by_name():
    assert set(launchers()) == {"mpich", "slurm", "pbs"}
    for name, launcher in launchers().items():
        assert Resources(launcher=name).launcher == launcher["command"]
        assert "7" in Resources(launcher=name).argv(("lmp",), 7)
    with pytest.raises(ValidationError, match="names are mpich, slurm, pbs"):
        Resources(launcher="mpirun -n {cores}")


def test_cores_of_the_batch_system(monkeypatch):
    for name in ("SLURM_CPUS_ON_NODE", "NCPUS"):
        monkeypatch.delenv(name, raising=False)
    mine = len(os.sched_getaffinity(0))
    assert cores() == mine == Resources().available()
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "1")
    assert cores() == 1 and Resources(cores=3).available() == 3
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", str(mine + 1))
    assert cores() == mine
    monkeypatch.setenv("NCPUS", "nonsense")
    assert cores() == mine
