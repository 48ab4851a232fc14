"""The record of a job, in its folder: what decided the result, what came out, when; and whether a job is finished."""

import shutil
import time
from pathlib import Path

from esgap.errors import EsgapError
from esgap.jobs.files import STAMP
from esgap.jobs.job import Job, missing
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
    """True when the job's record fits its inputs and its outputs.

    Raises EsgapError: the record was made from other inputs, an output is gone or was edited, or the folder was not
    started by `esgap run`.
    """
    home = folder / job.name
    if not (home / RECORD).is_file():
        _refuse_foreign(job, home, folder)
        return False
    record = read_record(home / RECORD)
    if changed := changed_inputs(record, job, folder, lmp):
        raise EsgapError(
            f"{home} was computed from other inputs ({', '.join(changed)} changed): "
            "give another folder with -o, or delete that one to compute it again"
        )
    check_outputs(record, job, folder)
    return True


def changed_inputs(record: dict, job: Job, folder: Path, lmp: str) -> list[str]:
    """What of a job's inputs differs from its record, in words."""
    if lost := [file for file in job.inputs.values() if not (folder / file).is_file()]:
        return [f"{file} gone, so" for file in lost]
    new = decides(job, folder, lmp)
    if record.get("inputs_hash") == hash_of(new):
        return []
    old = record.get("inputs", {})
    changed = [f"file {job.inputs[role]}" for role, digest in new["files"].items() if old.get("files", {}).get(role) != digest]
    changed += [f"version of {tool}" for tool, version in new["versions"].items() if old.get("versions", {}).get(tool) != version]
    return changed + _changed_words(old.get("command", []), new["command"])


def _changed_words(old: list[str], new: list[str]) -> list[str]:
    """The variables (-var NAME VALUE) that differ between two command lines, else just "command"."""
    one, two = ({words[i + 1]: words[i + 2] for i, word in enumerate(words[:-2]) if word == "-var"} for words in (old, new))
    names = [f"variable {name}" for name in sorted(set(one) | set(two)) if one.get(name) != two.get(name)]
    return names if names or old == new else ["command"]


def check_outputs(record: dict, job: Job, folder: Path) -> None:
    """Raise EsgapError when a file that the finished job left is gone or no longer what it was."""
    for name in missing(job, folder):
        raise EsgapError(f"{folder / name} is gone though its job is recorded as finished: delete {folder / job.name} to compute it again")
    for name, digest in record["outputs"].items():
        if sha256(folder / name) != digest:
            raise EsgapError(f"{folder / name} was changed after its job had finished: restore it, or delete {folder / job.name} to compute it again")


def _refuse_foreign(job: Job, home: Path, folder: Path) -> None:
    """Raise EsgapError for a folder that `esgap run` did not start, such as one of commands.sh: it is not ours to delete."""
    if (folder / job.log).is_file() and not (home / STARTED).is_file() and not (home / FAILED).is_file():
        raise EsgapError(
            f"{home} was not started by `esgap run`: read it with `esgap analyse`, take it over with `esgap run --adopt`, or delete it to compute it again"
        )


def adopt(jobs: tuple[Job, ...], folder: Path, lmp: str) -> list[str]:
    """Write records for the jobs that were run by hand and have left all their outputs; returns their names."""
    taken = [job for job in jobs if not (folder / job.name / RECORD).is_file() and not missing(job, folder)]
    for job in taken:
        hashes = decides(job, folder, lmp)
        outputs = {name: sha256(folder / name) for name in job.outputs}
        record = {"adopted": now(), "command": list(job.command), "inputs": hashes, "inputs_hash": hash_of(hashes), "outputs": outputs}
        write_json(folder / job.name / RECORD, {"schema": SCHEMA, "job": job.name} | record)
    return [job.name for job in taken]


class Started:
    """A job's folder from its start to its record, which is written last: a killed job leaves none."""

    def __init__(self, job: Job, folder: Path, words: list[str], lmp: str):
        self.job, self.folder, self.home = job, folder, folder / job.name
        hashes = decides(job, folder, lmp)
        self.record = {"schema": SCHEMA, "job": job.name, "command": words, "inputs": hashes, "inputs_hash": hash_of(hashes), "started": now()}
        self.clock = time.monotonic()
        if job.continues:
            self._refuse_other_beginning()
        else:
            shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        for old in (FAILED, STAMP):
            (self.home / old).unlink(missing_ok=True)
        write_json(self.home / STARTED, self.record)

    def _refuse_other_beginning(self) -> None:
        file = self.home / STARTED
        if file.is_file() and read_record(file).get("inputs_hash") != self.record["inputs_hash"]:
            raise EsgapError(f"{self.home} was begun with other inputs: give another folder with -o, or delete that one to compute it again")

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
