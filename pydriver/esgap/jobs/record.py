"""The record of a job, in its folder: what decided the result, what came out, when; and whether a job is finished."""

import shutil
import time
from pathlib import Path

from esgap.errors import EsgapError
from esgap.jobs.files import STAMP
from esgap.jobs.job import Job, Problem, changed_variables, goes_on, missing
from esgap.jobs.tools import versions_of
from esgap.record import hash_of, now, read_json, sha256, write_json

RECORD = "run.json"
STARTED = "started.json"  # stands in for the record while a job runs
FAILED = "failed.json"
NEEDED = {RECORD: "outputs", STARTED: "started", FAILED: "reason"}
SCHEMA = 2


def read_record(file: Path) -> dict:
    """A record of a job. Raises EsgapError when it is damaged or of another version of esgap."""
    remedy = f"delete {file.parent} to compute it again"
    record = read_json(file, remedy)
    found = record.get("schema") if isinstance(record, dict) else None
    if found != SCHEMA:
        raise EsgapError(f"{file} has the schema {found}, this esgap reads {SCHEMA}: {remedy}")
    if lost := {"inputs", "inputs_hash", NEEDED[file.name]} - set(record):
        raise EsgapError(f"{file} is damaged (no {', '.join(sorted(lost))} in it): {remedy}")
    return record


def decides(job: Job, folder: Path, lmp: str) -> dict:
    """What decides a job's result: the content of its files, its command and the versions of its tools. Not: paths, ranks."""
    files = {role: sha256(folder / file) for role, file in job.inputs.items()}
    return {"files": files, "command": list(job.command[1:]), "versions": versions_of(job.tools, lmp)}


def is_finished(job: Job, folder: Path, lmp: str) -> bool:
    """True when the job's record fits its inputs and its outputs; not yet, when it is of another length, from which the job goes on.

    Raises EsgapError: the record was made from other inputs, an output is gone or was edited, or the folder was not
    started by `esgap run`.
    """
    home = folder / job.name
    if not (home / RECORD).is_file():
        refuse_by_hand(job, folder)
        return False
    record = read_record(home / RECORD)
    if changed := changed_inputs(record, job, folder, lmp):
        raise EsgapError(
            f"{home} was computed from other inputs ({', '.join(changed)} changed): "
            "give another folder with -o, or delete that one to compute it again"
        )
    check_outputs(record, job, folder)
    return of_this_length(record, job)


def check_recorded(job: Job, folder: Path) -> bool:
    """True when the job has a record of what it is now. Raises EsgapError when an output of its record is gone or was edited."""
    file = folder / job.name / RECORD
    if not file.is_file():
        return False
    check_outputs(record := read_record(file), job, folder)
    return of_this_length(record, job)


def of_this_length(record: dict, job: Job) -> bool:
    """False for a record from which the job goes on."""
    return not goes_on(record["inputs"].get("command", []), record.get("length"), job)


def unfinished(job: Job, folder: Path, problem: Problem) -> str | None:
    """Why a job has no result in `folder` yet, None when it has one: a record, or, where it was run by hand, all that it should leave and no `problem`."""
    home = folder / job.name
    if lost := missing(job, folder):
        return f"{folder / lost[0]} is missing"
    if (home / RECORD).is_file() and of_this_length(read_record(home / RECORD), job):
        return None
    if (home / FAILED).is_file():
        return str(read_record(home / FAILED)["reason"])
    ours = (home / RECORD).is_file() or (home / STARTED).is_file()
    return f"{home} was interrupted" if ours and not (home / STAMP).is_file() else problem(job, folder)  # where there is a stamp, `make` has finished it


def begun(job: Job, folder: Path) -> bool:
    """True when a job has left anything in `folder`: by `esgap run`, or by hand."""
    return (folder / job.name / RECORD).is_file() or (folder / job.name / STARTED).is_file() or _by_hand(job, folder)


def _by_hand(job: Job, folder: Path) -> bool:
    """True when commands.sh, `make` or a user ran the job, to its end or not."""
    ours = any((folder / job.name / file).is_file() for file in (RECORD, STARTED, FAILED))
    return not ours and any((folder / file).is_file() for file in (job.log, f"{job.name}/{STAMP}", *job.outputs))


def changed_inputs(record: dict, job: Job, folder: Path, lmp: str) -> list[str]:
    """What of a job's inputs differs from its record, in words; nothing, where the job goes on from there."""
    if lost := [file for file in job.inputs.values() if not (folder / file).is_file()]:
        return [f"{file} gone, so" for file in lost]
    new = decides(job, folder, lmp)
    if record.get("inputs_hash") == hash_of(new):
        return []
    old = record.get("inputs", {})
    changed = [f"file {job.inputs[role]}" for role, digest in new["files"].items() if old.get("files", {}).get(role) != digest]
    changed += [f"version of {tool}" for tool, version in new["versions"].items() if old.get("versions", {}).get(tool) != version]
    before, after = old.get("command", []), new["command"]
    if before != after and not goes_on(before, record.get("length"), job):
        changed += changed_variables(before, after) or ["command"]
    return changed


def check_outputs(record: dict, job: Job, folder: Path) -> None:
    """Raise EsgapError when a file that the finished job left is gone or no longer what it was."""
    should = dict.fromkeys([*record["outputs"], *(job.outputs if of_this_length(record, job) else ())])
    for name in should:
        if not (folder / name).is_file():
            raise EsgapError(f"{folder / name} is gone though its job is recorded as finished: delete {folder / job.name} to compute it again")
    for name, digest in record["outputs"].items():
        if sha256(folder / name) != digest:
            raise EsgapError(f"{folder / name} was changed after its job had finished: restore it, or delete {folder / job.name} to compute it again")


def refuse_by_hand(job: Job, folder: Path) -> None:
    """Raise EsgapError for a folder that `esgap run` did not start, such as one of commands.sh: it is not ours to delete."""
    if _by_hand(job, folder):
        raise EsgapError(
            f"{folder / job.name} was not started by `esgap run`: read it with `esgap analyse`, take it over with `esgap run --adopt`, or delete it to compute it again"
        )


def adopt(jobs: tuple[Job, ...], folder: Path, lmp: str, problem: Problem) -> list[str]:
    """Write records for the jobs that were run by hand; returns their names. Raises EsgapError when one of them was not finished."""
    taken = [job for job in jobs if _by_hand(job, folder)]
    for job in taken:
        if why := unfinished(job, folder, problem):
            raise EsgapError(f"{folder / job.name} was run by hand and is not finished ({why}): finish it with `make`, or delete it to compute it again")
    for job in taken:
        hashes = decides(job, folder, lmp)
        outputs = {name: sha256(folder / name) for name in job.outputs}
        record = {"adopted": now(), "command": list(job.command), "inputs": hashes, "inputs_hash": hash_of(hashes), "length": job.open_end, "outputs": outputs}
        write_json(folder / job.name / RECORD, {"schema": SCHEMA, "job": job.name} | record)
    return [job.name for job in taken]


class Started:
    """A job's folder from its start to its record, which is written last: a killed job leaves none."""

    def __init__(self, job: Job, folder: Path, words: list[str], lmp: str):
        self.job, self.folder, self.home = job, folder, folder / job.name
        hashes = decides(job, folder, lmp)
        self.record = {"schema": SCHEMA, "job": job.name, "command": words, "inputs": hashes, "inputs_hash": hash_of(hashes), "length": job.open_end, "started": now()}
        self.clock = time.monotonic()
        if job.continues:
            self.record |= _earlier(job, folder, lmp)
        else:
            shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        for old in (FAILED, STAMP):
            (self.home / old).unlink(missing_ok=True)
        write_json(self.home / STARTED, self.record)
        (self.home / RECORD).unlink(missing_ok=True)

    def finished(self) -> None:
        """Write the record, and the stamp by which `make` knows the job as finished."""
        outputs = {name: sha256(self.folder / name) for name in self.job.outputs}
        write_json(self.home / RECORD, self.record | {"outputs": outputs, "seconds": round(time.monotonic() - self.clock, 2), "finished": now()})
        (self.home / STAMP).touch()
        (self.home / STARTED).unlink()

    def failed(self, why: str) -> None:
        """Leave the reason beside the log."""
        write_json(self.home / FAILED, self.record | {"reason": why, "seconds": round(time.monotonic() - self.clock, 2), "finished": now()})
        if not self.job.continues:
            (self.home / STARTED).unlink()


def hand_over(job: Job, folder: Path) -> None:
    """Leave a finished job of another length to `make`, which keeps no record: what is recorded becomes that of the start."""
    home = folder / job.name
    if (home / RECORD).is_file():
        record = read_record(home / RECORD)
        write_json(home / STARTED, {"started": now()} | record | {"earlier": _earlier_with(record)})
        (home / RECORD).unlink()


def _earlier(job: Job, folder: Path, lmp: str) -> dict[str, list[dict]]:
    """What is recorded of the lengths that the job had before. Raises EsgapError when it was begun with other inputs."""
    home = folder / job.name
    if (home / RECORD).is_file():
        return {"earlier": _earlier_with(read_record(home / RECORD))}
    if not (home / STARTED).is_file():
        return {}
    record = read_record(home / STARTED)
    if changed := changed_inputs(record, job, folder, lmp):
        raise EsgapError(f"{home} was begun with other inputs ({', '.join(changed)} changed): give another folder with -o, or delete that one to compute it again")
    return {"earlier": record["earlier"]} if "earlier" in record else {}


def _earlier_with(record: dict) -> list[dict]:
    return [*record.get("earlier", []), {key: record[key] for key in ("command", "started", "adopted", "seconds", "finished", "outputs") if key in record}]
