"""What a job's folder tells: finished, changed, begun, failed, run by hand; with commands of the shell in place of LAMMPS."""

import json
import subprocess

import pytest
from shell_jobs import history, job, of, sleeper, sound, work

from esgap.errors import EsgapError
from esgap.jobs.job import Job, goes_on
from esgap.jobs.record import adopt, unfinished
from esgap.pipeline import _refuse_other_deck
from esgap.plan import Plan


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
    with pytest.raises(EsgapError, match=r"a was begun with other inputs \(file x/in changed\): give another folder"):
        work(tmp_path, goes_on)
    (tmp_path / "x/in").write_text("1\n")
    (tmp_path / "heal").touch()
    assert of("done", work(tmp_path, goes_on)) == {"a"}


def test_a_job_goes_on_where_its_length_alone_is_another():
    def run(length: str, cut: str = "", temperature: str = "300") -> Job:
        return Job(name="a", command=("lmp", "-var", "temperature", temperature, "-var", "length", length), inputs={}, outputs=("a/out",), length="length", cut=cut)

    assert goes_on(run("9.0").command, "length", run("10.0")) and goes_on(run("9.0").command, "length", run("10.0", "cut"))
    assert goes_on(run("10.0").command, "length", run("9.0")) and not goes_on(run("10.0").command, "length", run("9.0", "cut"))
    assert not goes_on(run("9.0").command, None, run("10.0")) and not goes_on(run("9.0").command, "length", run("10.0", temperature="400"))


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
