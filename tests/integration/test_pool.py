"""Jobs on the ranks of one MPI allocation: real lmp jobs give what they give side by side; a failure stops no other job."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import BIN, ENV, ROOT

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.jobs.pool import workers
from esgap.jobs.resources import Resources

STUDY = f"""
kind = "eos"
structure = "{ROOT}/inputs/structures/li7p3s11-relaxed.extxyz"
potential = "li7p3s11/es-gap"
volumes = [0.97, 0.985, 1.0, 1.015, 1.03]
ions = false
[electrostatics] # given, so that nothing is to be tried
cutoff = 10.0
order = 7
[run]
mpi_pool = true
"""

# Two jobs that each wait for the other to begin, one that fails, one that needs it.
SHELL = """
from pathlib import Path
from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.jobs.resources import Resources
from esgap.jobs.run import run

def job(name, script, inputs={}):
    return Job(name=name, command=("sh", "-c", script), inputs=inputs, outputs=(f"{name}/out",), tools=())

if __name__ == "__main__":
    meet = "touch began.{0}; for i in $(seq 1200); do test -e began.{1} && break; sleep 0.05; done; test -e began.{1} && echo $PPID > {0}/out"
    jobs = (job("a", meet.format("a", "b")), job("b", meet.format("b", "a")), job("c", "echo ERROR: no such atom; exit 3"), job("d", "echo > d/out", {"c": "c/out"}))
    try:
        run(jobs, Path("."), Resources(mpi_pool=True), lambda *event: None, lambda job, folder: None)
    except EsgapError as error:
        print(error)
"""


def allocation(ranks: int, *words, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run([BIN / "mpirun", "-n", str(ranks), sys.executable, "-m", "mpi4py.futures", *words], cwd=cwd, env=ENV, text=True, capture_output=True, timeout=300)


def test_real_jobs(esgap, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    done = allocation(2, "-m", "esgap", "run", "study.toml", "-o", "pool", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    again = allocation(2, "-m", "esgap", "run", "study.toml", "-o", "pool", cwd=tmp_path)
    assert again.returncode == 0 and again.stdout.count("kept") == 5
    (tmp_path / "study.toml").write_text(STUDY.replace("mpi_pool = true", ""))
    assert esgap("run", "study.toml", "-o", "plain").returncode == 0
    tables = [json.loads((tmp_path / name / "result.json").read_text())["tables"] for name in ("pool", "plain")]
    assert tables[0] == tables[1] and len(tables[0]["volumes"]) == 5
    assert all((tmp_path / "pool" / "volumes/li7p3s11/es-gap" / f"{ratio}" / "run.json").is_file() for ratio in (0.97, 1.0, 1.03))


def test_side_by_side_and_failures(tmp_path):
    (tmp_path / "jobs.py").write_text(SHELL)
    done = allocation(3, "jobs.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "c: sh stopped with exit code 3 (ERROR: no such atom)" in done.stdout and "1 more wait for it" in done.stdout
    parents = {(tmp_path / name / "out").read_text() for name in "ab"}
    assert len(parents) == 2, "two ranks"


def test_what_has_no_allocation_is_one_sentence():
    one = Job(name="a", command=("true",), inputs={}, outputs=(), tools=())
    with pytest.raises(EsgapError, match="mpi_pool in .run. needs an MPI allocation: mpirun -n 9 python -m mpi4py.futures -m esgap run"), workers(Resources(mpi_pool=True), (one,)):
        pass
    wide = one.model_copy(update={"ranks": 2})
    with pytest.raises(EsgapError, match="a has several ranks and a pool runs jobs of one"), workers(Resources(mpi_pool=True), (one, wide)):
        pass
