"""What of a run folder is finished, running, failed or waiting, and why."""

from pathlib import Path

from esgap.jobs.files import STAMP
from esgap.jobs.job import Job, edges, missing
from esgap.jobs.lock import is_locked
from esgap.jobs.record import FAILED, RECORD, STARTED, of_this_length, read_record
from esgap.plan import Plan


def status(folder: Path) -> list[tuple[str, str, str]]:
    """(job, state, why) for each job of the plan; the states are finished, running, interrupted, failed, by hand, ready, waiting."""
    plan = Plan.load(folder)
    active, needs = is_locked(folder), edges(plan.jobs)
    states = {job.name: _state(job, folder, active) for job in plan.jobs}
    for job in plan.jobs:
        if states[job.name] == ("ready", ""):
            blocked = sorted(name for name in needs[job.name] if states[name][0] not in ("finished", "by hand"))
            if blocked:
                states[job.name] = ("waiting", f"for {blocked[0]}" + (f" and {len(blocked) - 1} more" if len(blocked) > 1 else ""))
    return [(job.name, *states[job.name]) for job in plan.jobs]


def _state(job: Job, folder: Path, active: bool) -> tuple[str, str]:
    home = folder / job.name
    if (home / RECORD).is_file() and of_this_length(record := read_record(home / RECORD), job):
        lost, seconds = missing(job, folder), record.get("seconds")
        return ("failed", f"{lost[0]} is gone") if lost else ("finished", f"{seconds} s" if seconds is not None else "adopted")
    if (home / FAILED).is_file():
        return "failed", read_record(home / FAILED)["reason"]
    if (home / STAMP).is_file() and not missing(job, folder):
        return "by hand", "no record"
    if (home / RECORD).is_file():
        return "ready", "to go on from another length"
    if (home / STARTED).is_file():
        since = read_record(home / STARTED)["started"]
        return ("running", f"since {since}") if active else ("interrupted", f"started {since}; `esgap run` {'goes on with it' if job.continues else 'does it again'}")
    if not missing(job, folder):
        return "by hand", "no record"
    return "ready", ""
