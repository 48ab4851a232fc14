"""The runner of jobs, with commands of the shell in place of LAMMPS: order, side by side, failures, resumption, records."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import ENV

from esgap.errors import EsgapError
from esgap.jobs import files
from esgap.jobs.job import Job, edges
from esgap.jobs.lock import is_locked, locked
from esgap.jobs.record import adopt, unfinished
from esgap.jobs.resources import Resources
from esgap.jobs.run import run
from esgap.pipeline import _refuse_other_deck
from esgap.plan import Plan


def job(name: str, script: str, needs: tuple[str, ...] = (), **kw) -> Job:
    """A job whose script leaves NAME/out and notes its beginning and its end in `history`; it reads NEEDS/out."""
    noted = f"echo + {name} >> history; mkdir -p {name}; ( {script} ); code=$?; echo - {name} >> history; exit $code"
    inputs = {need: f"{need}/out" if "/" not in need else need for need in needs}
    return Job(name=name, command=("sh", "-c", noted), inputs=inputs, outputs=(f"{name}/out",), tools=(), **kw)


def sleeper(name: str, needs: tuple[str, ...] = (), **kw) -> Job:
    return job(name, f"sleep 0.05; echo {name} > {name}/out", needs, **kw)


def meets(name: str, count: int, needs: tuple[str, ...] = (), **kw) -> Job:
    """A job that goes on when `count` jobs have begun, so that they are there at once on however busy a machine; or after 30 s."""
    wait = f"for i in $(seq 600); do test $(grep -c + history) -ge {count} && break; sleep 0.05; done"
    return job(name, f"{wait}; echo {name} > {name}/out", needs, **kw)


def fails(name: str, needs: tuple[str, ...] = (), **kw) -> Job:
    return job(name, "echo 'ERROR: no such atom'; exit 3", needs, **kw)


def sound(job: Job, folder: Path) -> None:
    """No problem."""


def work(folder: Path, *jobs: Job, cores: int = 2, launcher: str = "env RANKS={ranks}", problem=sound) -> list[tuple[str, str]]:
    """Run the jobs; returns the events."""
    events = []
    run(jobs, folder, Resources(cores=cores, launcher=launcher), lambda event, job, done, total: events.append((event, job.name)), problem)
    return events


def of(kind: str, events) -> set[str]:
    return {name for event, name in events if event == kind}


def history(folder: Path) -> list[str]:
    return (folder / "history").read_text().splitlines()


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


def test_finished_jobs_are_kept(tmp_path):
    jobs = (sleeper("a"), sleeper("b", ("a",)))
    work(tmp_path, *jobs)
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    assert of("kept", work(tmp_path, *jobs)) == {"a", "b"}
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == stamps


def test_changed_input_is_refused_before_anything_starts(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/file").write_text("one\n")
    jobs = (sleeper("a", ("data/file",)), sleeper("b", ("a",)))
    work(tmp_path, *jobs)
    (tmp_path / "data/file").write_text("two\n")
    with pytest.raises(EsgapError, match=r"a was computed from other inputs \(file data/file changed\): give another folder with -o"):
        work(tmp_path, sleeper("new"), *jobs)
    assert "+ new" not in history(tmp_path)


def test_changed_command_is_refused(tmp_path):
    variable = [Job(name="a", command=("sh", "-c", "echo > a/out", "-var", "force", value), inputs={}, outputs=("a/out",), tools=()) for value in ("0.1", "0.2")]
    work(tmp_path, variable[0])
    with pytest.raises(EsgapError, match="variable force changed"):
        work(tmp_path, variable[1])


def test_edited_output_is_refused(tmp_path):
    work(tmp_path, sleeper("a"))
    (tmp_path / "a/out").write_text("-999\n")
    with pytest.raises(EsgapError, match="a/out was changed after its job had finished: restore it, or delete"):
        work(tmp_path, sleeper("a"))
    (tmp_path / "a/out").unlink()
    with pytest.raises(EsgapError, match="a/out is gone though its job is recorded as finished: delete"):
        work(tmp_path, sleeper("a"))


@pytest.mark.parametrize("same", [True, False])
def test_recomputed_input_refuses_its_reader_only_when_it_is_another(tmp_path, same):
    """Known only when it is recomputed: the jobs beside go on, and the sentence names the one."""
    jobs = (job("a", "echo > a/out" if same else "date +%N > a/out"), sleeper("b", ("a",)), sleeper("c"))
    work(tmp_path, *jobs)
    for name in "ac":
        subprocess.run(["rm", "-r", tmp_path / name], check=True)
    if same:
        assert of("kept", work(tmp_path, *jobs)) == {"b"}
    else:
        with pytest.raises(EsgapError, match=r"b: .*b was computed from other inputs \(file a/out changed\)"):
            work(tmp_path, *jobs)
    assert (tmp_path / "c/run.json").is_file()


def test_what_decides_is_recorded(tmp_path):
    """Content of the inputs, command and versions of the tools; neither ranks nor packages that do not matter."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x/in").write_text("1\n")
    one = job("a", "echo > a/out", ("x/in",)).model_copy(update={"tools": ("numpy",)})
    work(tmp_path, one)
    record = json.loads((tmp_path / "a/run.json").read_text())
    assert set(record["inputs"]) == {"files", "command", "versions"} and set(record["inputs"]["versions"]) == {"numpy"}
    assert set(record["inputs"]["files"]) == {"x/in"} and set(record["outputs"]) == {"a/out"}
    assert record["seconds"] >= 0 and record["started"] <= record["finished"] and record["command"][0] == "sh"
    assert of("kept", work(tmp_path, one.model_copy(update={"ranks": 2}))) == {"a"}
    assert not (tmp_path / "a/started.json").exists()


def test_folder_is_cleared_before_a_job_starts_again(tmp_path):
    begun = job("a", "test ! -e a/half && touch a/half && false")
    for _ in range(2):
        with pytest.raises(EsgapError, match="exit code 1"):
            work(tmp_path, begun)
        assert history(tmp_path)[-1] == "- a" and (tmp_path / "a/half").exists()


def test_job_that_continues_keeps_its_folder(tmp_path):
    goes_on = job("a", "echo step >> a/steps; test $(wc -l < a/steps) = 3 && cp a/steps a/out", continues=True)
    for _ in range(2):
        with pytest.raises(EsgapError, match="exit code 1"):
            work(tmp_path, goes_on)
    assert of("done", work(tmp_path, goes_on)) == {"a"}
    assert (tmp_path / "a/out").read_text() == 3 * "step\n"


def test_job_that_continues_refuses_another_beginning(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x/in").write_text("1\n")
    goes_on = job("a", "touch a/half; test -e heal && touch a/out", ("x/in",), continues=True)
    with pytest.raises(EsgapError, match="exit code 1"):
        work(tmp_path, goes_on)
    (tmp_path / "x/in").write_text("2\n")
    with pytest.raises(EsgapError, match="a was begun with other inputs: give another folder"):
        work(tmp_path, goes_on)
    (tmp_path / "x/in").write_text("1\n")
    (tmp_path / "heal").touch()
    assert of("done", work(tmp_path, goes_on)) == {"a"}


@pytest.mark.parametrize("left", [("log", "out"), ("out",), ("out", "finished")], ids=" ".join)
def test_job_of_another_hand_is_not_overwritten_and_can_be_adopted(tmp_path, left):
    """`make` leaves the log of LAMMPS, but of other programs only the outputs and its stamp."""
    (tmp_path / "a").mkdir()
    for file in left:
        (tmp_path / "a" / file).write_text("by hand\n")
    jobs = (sleeper("a"), sleeper("b", ("a",)))
    with pytest.raises(EsgapError, match="a was not started by `esgap run`: .* --adopt"):
        work(tmp_path, *jobs)
    assert adopt(jobs, tmp_path, "lmp", sound) == ["a"]
    events = work(tmp_path, *jobs)
    assert of("kept", events) == {"a"} and of("done", events) == {"b"}
    assert (tmp_path / "a/out").read_text() == "by hand\n"
    assert "adopted" in json.loads((tmp_path / "a/run.json").read_text())


@pytest.mark.parametrize("left, why", [(("log",), "a/out is missing"), (("log", "out"), "cut off")], ids=["no output", "a problem"])
def test_what_is_not_finished_is_not_adopted(tmp_path, left, why):
    (tmp_path / "a").mkdir()
    for file in left:
        (tmp_path / "a" / file).write_text("by hand\n")
    with pytest.raises(EsgapError, match=f"a was run by hand and is not finished .*{why}.*: finish it with `make`"):
        adopt((sleeper("a"),), tmp_path, "lmp", lambda job, folder: "cut off")
    assert not (tmp_path / "a/run.json").exists()


def test_a_failed_job_that_would_go_on_with_other_settings_is_named(tmp_path):
    def plan(timestep: str) -> Plan:
        return Plan(kind="md", study={"kind": "md", "structure": "x", "potential": "y"}, jobs=(Job(name="a", command=("lmp", "-var", "timestep", timestep), inputs={}, outputs=("a/out",), continues=True),))

    plan("0.05").save(tmp_path)
    (tmp_path / "a").mkdir()
    for mark in ("started.json", "failed.json"):
        (tmp_path / "a" / mark).write_text("{}")
    _refuse_other_deck(tmp_path, tmp_path, plan("0.05"))
    with pytest.raises(EsgapError, match=r"a was begun with other settings \(variable timestep changed\) and failed: delete it"):
        _refuse_other_deck(tmp_path, tmp_path, plan("0.002"))


@pytest.mark.parametrize("mark", ["started.json", "failed.json"])
def test_what_a_killed_or_failed_job_left_is_no_result(tmp_path, mark):
    """The output is there, whole or not: only the record tells."""
    with pytest.raises(EsgapError):
        work(tmp_path, job("a", "touch a/out; false"))
    if mark == "started.json":
        (tmp_path / "a/failed.json").rename(tmp_path / "a/started.json")
    assert adopt((sleeper("a"),), tmp_path, "lmp", sound) == []
    assert unfinished(sleeper("a"), tmp_path, sound) is not None
    work(tmp_path, sleeper("a"))
    assert unfinished(sleeper("a"), tmp_path, sound) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema": 1}', '{"schema": 2}', '{"schema": 2, "inputs": {}, "inputs_hash": ""}', "\xff"])
def test_damaged_record(tmp_path, content):
    work(tmp_path, sleeper("a"))
    (tmp_path / "a/run.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(EsgapError, match="run.json .*: delete .*/a to compute it again"):
        work(tmp_path, sleeper("a"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 2}'])
def test_damaged_beginning_of_a_job_that_continues(tmp_path, content):
    goes_on = job("a", "false", continues=True)
    with pytest.raises(EsgapError):
        work(tmp_path, goes_on)
    (tmp_path / "a/started.json").write_text(content)
    with pytest.raises(EsgapError, match="started.json .*: delete .*/a to compute it again"):
        work(tmp_path, goes_on)


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
