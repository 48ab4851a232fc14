"""The runner of jobs, with commands of the shell in place of LAMMPS: order, side by side, failures, processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from places import ENV
from processes import processes_in
from shell_jobs import history, job, of, sleeper, work

from esgap.errors import EsgapError
from esgap.jobs import files
from esgap.jobs.job import Job, edges
from esgap.jobs.launch import Command, start
from esgap.jobs.lock import is_locked, locked
from esgap.jobs.resources import Resources
from esgap.jobs.run import run


def meets(name: str, count: int, needs: tuple[str, ...] = (), **kw) -> Job:
    """A job that goes on when `count` jobs have begun, so that they are there at once on however busy a machine; or after 30 s."""
    wait = f"for i in $(seq 600); do test $(grep -c + history) -ge {count} && break; sleep 0.05; done"
    return job(name, f"{wait}; echo {name} > {name}/out", needs, **kw)


def fails(name: str, needs: tuple[str, ...] = (), **kw) -> Job:
    return job(name, "echo 'ERROR: no such atom'; exit 3", needs, **kw)


def at_once(folder: Path) -> int:
    """The most jobs that ran at one time."""
    running, most = 0, 0
    for line in history(folder):
        running += 1 if line[0] == "+" else -1
        most = max(most, running)
    return most


def test_edges_are_the_files():
    jobs = (sleeper("a"), sleeper("b", ("a",)), sleeper("c", ("a", "b")), sleeper("d", ("data/file",)))
    assert edges(jobs) == {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": set()}


def test_each_job_starts_when_its_inputs_are_there(tmp_path):
    work(tmp_path, sleeper("c", ("a", "b")), sleeper("b", ("a",)), sleeper("a"), sleeper("d", ("c",)), cores=8)
    assert history(tmp_path) == [f"{sign} {name}" for name in "abcd" for sign in "+-"]
    assert (tmp_path / "d/out").read_text() == "d\n"


@pytest.mark.parametrize("cores, most", [(1, 1), (2, 2), (3, 3), (9, 4)])
def test_independent_jobs_run_side_by_side(tmp_path, cores, most):
    work(tmp_path, *(meets(name, most) for name in "abcd"), cores=cores)
    assert at_once(tmp_path) == most and len(history(tmp_path)) == 8


def test_ranks_count_against_the_cores(tmp_path):
    work(tmp_path, *(meets(name, 2, ranks=2) for name in "abc"), cores=4)
    assert at_once(tmp_path) == 2


def test_job_of_more_ranks_than_cores_runs_alone_and_says_so_once(tmp_path):
    events = work(tmp_path, sleeper("a"), sleeper("big", ranks=5), sleeper("b"), sleeper("large", ranks=3), cores=2)
    lines = history(tmp_path)
    for name in ("big", "large"):
        assert lines.index(f"- {name}") == lines.index(f"+ {name}") + 1, "nothing beside it"
    assert [name for event, name in events if event == "crowded"] == ["big"]


def test_launcher_stands_before_jobs_of_several_ranks_alone(tmp_path):
    work(tmp_path, job("one", 'echo "[$RANKS]" > one/out'), job("two", 'echo "[$RANKS]" > two/out', ranks=2))
    assert (tmp_path / "one/out").read_text() == "[]\n" and (tmp_path / "two/out").read_text() == "[2]\n"


def test_failures_do_not_stop_the_others_and_all_are_named(tmp_path):
    jobs = (fails("bad"), sleeper("waits", ("bad",)), sleeper("a"), sleeper("b", ("a",)), fails("worse", ("b",)))
    with pytest.raises(EsgapError) as caught:
        work(tmp_path, *jobs)
    text = str(caught.value)
    assert text.startswith("bad: sh stopped with exit code 3 (ERROR: no such atom): see ")
    assert "also failed: worse (sh stopped with exit code 3" in text and "1 more wait for them" in text and "\n" not in text
    assert {"- a", "- b"} <= set(history(tmp_path)) and "+ waits" not in history(tmp_path)
    record = json.loads((tmp_path / "bad/failed.json").read_text())
    assert "ERROR: no such atom" in record["reason"] and not (tmp_path / "bad/run.json").exists()

    healed = [job("bad", "echo good > bad/out"), *jobs[1:4], sleeper("worse", ("b",))]
    events = work(tmp_path, *healed)
    assert of("kept", events) == {"a", "b"} and of("done", events) == {"bad", "waits", "worse"}
    assert not (tmp_path / "bad/failed.json").exists()


def test_a_job_that_ends_well_must_have_left_its_outputs(tmp_path):
    with pytest.raises(EsgapError, match="ended without an error but left no .*a/out"):
        work(tmp_path, job("a", "true"))


def test_what_is_wrong_with_the_files_fails_the_job(tmp_path):
    with pytest.raises(EsgapError, match="a: ends in nan; 1 more wait for it"):
        work(tmp_path, sleeper("a"), sleeper("b", ("a",)), problem=lambda job, folder: "ends in nan" if job.name == "a" else None)
    assert not (tmp_path / "a/run.json").exists()


def test_killed_process_is_told_by_its_signal(tmp_path):
    with pytest.raises(EsgapError, match="stopped with signal SIGKILL"):
        work(tmp_path, Job(name="a", command=("sh", "-c", "kill -9 $$"), inputs={}, outputs=("a/out",), tools=()))


def test_one_run_a_folder(tmp_path):
    """Told by another process, which names this one; free again when the holder is gone, killed or not."""
    code = f"from pathlib import Path; from esgap.jobs.lock import locked\nwith locked(Path({str(tmp_path)!r})): print('held', flush=True); input()"
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)
        refused = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
        assert f"another esgap (process {os.getpid()}) works in {tmp_path}: wait for it" in refused.stderr
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(EsgapError, match=f"process {holder.pid}"), locked(tmp_path):
        pass
    holder.kill()
    holder.wait()
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        pass


def test_children_end_with_their_parent(tmp_path):
    """A killed esgap leaves no process that goes on writing."""
    code = f"""
from pathlib import Path
from esgap.jobs.job import Job
from esgap.jobs.resources import Resources
from esgap.jobs.run import run
job = Job(name="a", command=("sleep", "600"), inputs={{}}, outputs=("a/out",), tools=())
run((job,), Path({str(tmp_path)!r}), Resources(), lambda *_: None, lambda *_: None)
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 120
    while not (children := child_of(parent.pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert children
    parent.kill()
    parent.wait()
    while any(alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(child) for child in children)


@pytest.fixture
def endless(tmp_path):
    """The command of a run that does not end by itself."""
    (tmp_path / "in.endless").write_text(
        "region box block 0 9 0 9 0 9\ncreate_box 1 box\ncreate_atoms 1 single 1 1 1\nmass 1 1\n"
        "pair_style zero 2\npair_coeff * *\nfix move all nve\nthermo 1000000000\nrun 2000000000\n"
    )
    return ["mpirun", "-n", "2", "lmp", "-in", "in.endless"]


def left_after(folder: Path, seconds: float) -> list[str]:
    """The processes that still work in `folder` then."""
    deadline = time.monotonic() + seconds
    while (found := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_mpirun_is_stopped_at_any_moment(endless, tmp_path, monkeypatch):
    """MPICH's loses a SIGTERM in the first milliseconds of its life, and its ranks would go on."""
    monkeypatch.setattr(Command, "patience", 0.2)
    for moment in np.random.default_rng(1).uniform(0, 0.004, 30):
        process = start(endless, tmp_path, tmp_path / "printed")
        time.sleep(moment)
        process.terminate()
        process.wait(timeout=60)
    assert not left_after(tmp_path, 60)


def test_mpirun_ends_with_its_parent_at_any_moment(endless, tmp_path):
    """The same for a parent that is killed: the signal is the system's, and comes once."""
    code = f"""
import os, random, signal, time
from pathlib import Path
from esgap.jobs.launch import start
folder, moments = Path({str(tmp_path)!r}), random.Random(1)
for _ in range(30):
    moment = moments.uniform(0, 0.004)
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    start({endless!r}, folder, folder / "printed")
    time.sleep(moment)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not left_after(tmp_path, 60)


def child_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if "sleep" in Path(f"/proc/{word}/cmdline").read_text()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_own_lmp_is_not_given_our_plugin(tmp_path):
    """It was compiled for another LAMMPS; a user's own variables are left alone."""
    own = tmp_path / "own-lmp"
    own.write_text('#!/bin/sh\necho "[$LAMMPS_PLUGIN_PATH][$OMP_NUM_THREADS]" > a/out; touch a/log.lammps\n')
    own.chmod(0o755)
    lammps = Job(name="a", command=("lmp", "-in", "x"), inputs={}, outputs=("a/out",), tools=())
    run((lammps,), tmp_path, Resources(lmp=str(own)), lambda *_: None, lambda *_: None)
    assert (tmp_path / "a/out").read_text() == f"[{os.environ.get('LAMMPS_PLUGIN_PATH', '')}][{os.environ.get('OMP_NUM_THREADS', '1')}]\n"


@pytest.mark.parametrize("how", [["sh", "commands.sh"], ["make", "-j2", "-k"]], ids=["sh", "make"])
def test_jobs_by_hand(tmp_path, how):
    """Order, side by side, a failure that stops what waits for it alone, resumption."""
    broken = job("bad", "test -e heal && echo > bad/out")
    pair = (meets("b", 2), meets("a", 2)) if how[0] == "make" else (sleeper("b"), sleeper("a"))
    jobs = (sleeper("c", ("a", "bad")), *pair, broken, job("d", "echo '$HOME' \"it's $RANKS\" > d/out", ("b",), ranks=2))
    jobs = sorted(jobs, key=lambda one: one.name == "c") if how[0] == "sh" else jobs
    resources = Resources(launcher="env RANKS={ranks} A=1")
    (tmp_path / "commands.sh").write_text(files.commands(tuple(jobs), resources))
    (tmp_path / "Makefile").write_text(files.makefile(tuple(jobs), resources))
    failed = subprocess.run(how, cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert failed.returncode != 0 and "+ c" not in history(tmp_path)
    if how[0] == "make":
        assert at_once(tmp_path) == 2 and {"- a", "- b", "- d"} <= set(history(tmp_path))
    (tmp_path / "heal").touch()
    before = set(history(tmp_path))
    assert subprocess.run(how, cwd=tmp_path, env=ENV, capture_output=True).returncode == 0
    assert (tmp_path / "d/out").read_text() == "$HOME it's 2\n" and len(history(tmp_path)) == 2 * len(jobs) + 2
    assert before < set(history(tmp_path))
    assert subprocess.run(how, cwd=tmp_path, env=ENV, capture_output=True).returncode == 0
    assert len(history(tmp_path)) == 2 * len(jobs) + 2


def test_make_keeps_what_esgap_has_finished(tmp_path):
    """Begun at home, finished on a cluster; also when a copy has lost the times of the files."""
    jobs = (sleeper("a"), sleeper("b", ("a",)))
    work(tmp_path, jobs[0])
    (tmp_path / "Makefile").write_text(files.makefile(jobs, Resources()))
    subprocess.run(["make"], cwd=tmp_path, check=True, capture_output=True)
    assert history(tmp_path) == ["+ a", "- a", "+ b", "- b"]
    os.utime(tmp_path / "a" / files.STAMP)
    subprocess.run(["make"], cwd=tmp_path, check=True, capture_output=True)
    assert history(tmp_path) == ["+ a", "- a", "+ b", "- b"]


def test_programs_with_spaces_in_their_paths(tmp_path):
    own = tmp_path / "my programs" / "lmp"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\necho $2 > a/out\n")
    own.chmod(0o755)
    lammps = (Job(name="a", command=("lmp", "-in", "deck"), inputs={}, outputs=("a/out",), tools=()),)
    for name, how in (("commands.sh", "sh commands.sh"), ("Makefile", "make")):
        (tmp_path / name).write_text((files.commands if name == "commands.sh" else files.makefile)(lammps, Resources(lmp=str(own))))
        subprocess.run(how.split(), cwd=tmp_path, check=True, capture_output=True)
        assert (tmp_path / "a/out").read_text() == "deck\n"
        subprocess.run(["rm", "-r", tmp_path / "a"], check=True)


def test_launcher_needs_a_matching_mpi(tmp_path):
    """Before anything starts, when a job has several ranks."""
    fake = tmp_path / "mpirun"
    fake.write_text('#!/bin/sh\necho "mpirun (Open MPI) 4.1.4"\n')
    fake.chmod(0o755)
    with pytest.raises(EsgapError, match="belongs to Open MPI but .* linked to MPICH"):
        work(tmp_path, sleeper("a", ranks=2), launcher=f"{fake} -n {{ranks}}")
    assert not (tmp_path / "history").exists()


def test_a_wide_job_that_waits_for_room_holds_no_small_one_back(tmp_path):
    """Of three cores one is taken by a, which ends when c has begun; b needs three and stands before c."""
    waits = "for i in $(seq 600); do grep -q '+ c' history && break; sleep 0.05; done; grep -q '+ c' history"
    jobs = (job("a", f"{waits} && echo > a/out"), sleeper("b", ranks=3), sleeper("c"))
    work(tmp_path, *jobs, cores=3)
    assert history(tmp_path).index("+ c") < history(tmp_path).index("- a") < history(tmp_path).index("+ b")
