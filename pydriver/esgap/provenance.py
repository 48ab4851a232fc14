"""Where results come from: taken from the records of the runs, never from the moment of analysis."""

from pathlib import Path

from esgap.jobs.job import Job
from esgap.jobs.record import FAILED, RECORD, read_record
from esgap.record import command_line, now, sha256, versions

SHOWN = ("command", "inputs", "inputs_hash", "outputs", "started", "finished", "seconds", "adopted", "earlier")


def job_records(jobs: tuple[Job, ...], folder: Path) -> dict[str, dict]:
    """Job -> its record, for those that have one."""
    files = {job.name: folder / job.name / RECORD for job in jobs}
    return {name: read_record(file) for name, file in files.items() if file.is_file()}


def provenance(jobs: tuple[Job, ...], folder: Path) -> dict:
    """Hashes, versions, commands and times from the records; who analysed them, when."""
    records = job_records(jobs, folder)
    return {
        "jobs": {job.name: {key: records[job.name][key] for key in SHOWN if key in records[job.name]} if job.name in records else "no record" for job in jobs},
        "analysis": {"command": command_line(), "versions": versions(), "written": now()},
    }


def remarks(jobs: tuple[Job, ...], done: frozenset[str], folder: Path) -> list[str]:
    """Sentences on jobs that are not finished, have no record, or whose inputs have changed since they ran."""
    records = job_records(jobs, folder)
    lines = []
    if waiting := [job.name for job in jobs if job.name not in done]:
        lines.append(f"{len(waiting)} of {len(jobs)} jobs are not finished: {_some(waiting)}")
    for job in jobs:
        if (file := folder / job.name / FAILED).is_file():
            lines.append(f"{job.name} failed: {read_record(file)['reason']}")
    if by_hand := sorted(done - set(records)):
        lines.append(f"{len(by_hand)} jobs were run by hand and have no record: {_some(by_hand)}")
    stale = {job.name: changed for job in jobs if job.name in records and (changed := _changed(records[job.name], job, folder))}
    lines += [f"{name} was computed before {', '.join(files)} changed: its numbers belong to the older file" for name, files in stale.items()]
    return lines


def _changed(record: dict, job: Job, folder: Path) -> list[str]:
    """Inputs of a job that are no longer what its record says."""
    recorded = record["inputs"]["files"]
    return [file for role, file in job.inputs.items() if not (folder / file).is_file() or sha256(folder / file) != recorded.get(role)]


def _some(names: list[str], count: int = 3) -> str:
    return ", ".join(names[:count]) + (" ..." if len(names) > count else "")
