"""Run the jobs of a folder: independent ones side by side, what is finished is kept, one that fails does not stop the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from subprocess import Popen

from esgap.errors import EsgapError
from esgap.jobs.job import Job, edges, missing
from esgap.jobs.launch import check_launcher, how_it_ended, reason, start
from esgap.jobs.record import Started, is_finished
from esgap.jobs.resources import Resources

POLL = 0.02  # seconds
PULSE = 1.0  # seconds between looks at what running jobs write
PRINTED = "printed"  # standard output of a job of LAMMPS, whose log is another file

Progress = Callable[[str, Job, int, int], None]  # (event, job, done, total); event: kept, start, done, failed, or a running job's last line
Problem = Callable[[Job, Path], str | None]  # what is wrong with the files of a job whose process ended well, or None


@dataclass
class _Running:
    process: Popen
    started: Started
    job: Job


def run(jobs: tuple[Job, ...], folder: Path, resources: Resources, progress: Progress, problem: Problem) -> None:
    """Run every job that `folder` does not hold yet; a job starts when those that leave its inputs have finished.

    At most `resources.cores` ranks run at once; a job of more ranks runs alone. Raises EsgapError at the end, naming
    every job that failed, or at once when results in the folder come from other inputs.
    """
    if any(job.ranks > 1 and not job.starts_ranks for job in jobs):
        check_launcher(resources)
    graph, by_name = TopologicalSorter(edges(jobs)), {job.name: job for job in jobs}
    graph.prepare()
    ready: list[Job] = []
    running: list[_Running] = []
    failed: dict[str, str] = {}
    done, looked = 0, time.monotonic()

    def count(event: str, job: Job) -> None:
        nonlocal done
        done += event in ("kept", "done")
        progress(event, job, done, len(jobs))

    try:
        while graph.is_active():
            ready += [by_name[name] for name in graph.get_ready()]
            for job in _keep(ready, folder, resources.lmp):
                count("kept", job)
                graph.done(job.name)
            while ready and _fits(ready[0], running, resources.available()):
                job = ready.pop(0)
                running.append(_start(job, folder, resources))
                count("start", job)
            for job, why in _ended(running, folder, problem):
                if why:
                    failed[job.name] = why
                else:
                    graph.done(job.name)
                count("failed" if why else "done", job)
            if running and time.monotonic() - looked > PULSE:
                looked = time.monotonic()
                oldest = running[0].job
                progress(last_line(folder / oldest.log), oldest, done, len(jobs))
            if not running and not ready and not _newly_ready(graph, ready, by_name):
                break
    finally:
        for one in running:
            one.process.terminate()
        for one in running:
            one.process.wait()
    if failed:
        raise EsgapError(_sentence(failed, len(jobs) - done - len(failed)))


def last_line(log: Path) -> str:
    """The last whole line of a file that is being written; empty when there is none."""
    if not log.is_file():
        return ""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 500))
        lines = file.read().decode(errors="replace").split("\n")[:-1]
    return next((" ".join(line.split()) for line in reversed(lines) if line.strip()), "")


def _newly_ready(graph: TopologicalSorter, ready: list[Job], by_name: dict[str, Job]) -> bool:
    """Take over the jobs that have become ready; False when none has, so that all that is left waits for failed ones."""
    if graph.is_active():
        ready += [by_name[name] for name in graph.get_ready()]
    return bool(ready)


def _keep(ready: list[Job], folder: Path, lmp: str) -> list[Job]:
    """Take the finished jobs out of `ready`."""
    kept = [job for job in ready if is_finished(job, folder, lmp)]
    ready[:] = [job for job in ready if job not in kept]
    return kept


def _fits(job: Job, running: list[_Running], cores: int) -> bool:
    return not running or sum(one.job.ranks for one in running) + job.ranks <= cores


def _start(job: Job, folder: Path, resources: Resources) -> _Running:
    words = resources.words(job)
    started = Started(job, folder, words, resources.lmp)
    printed = folder / job.log if job.command[0] != "lmp" else started.home / PRINTED
    return _Running(start(words, folder, printed), started, job)


def _ended(running: list[_Running], folder: Path, problem: Problem) -> list[tuple[Job, str | None]]:
    """Take the ended jobs out of `running`, write their records; (job, why it failed or None) for each."""
    time.sleep(POLL if running else 0)
    over = [one for one in running if one.process.poll() is not None]
    running[:] = [one for one in running if one not in over]
    return [(one.job, _close(one, folder, problem)) for one in over]


def _close(one: _Running, folder: Path, problem: Problem) -> str | None:
    job, code, printed = one.job, one.process.returncode, one.started.home / PRINTED
    said = printed.read_text(errors="replace") if printed.is_file() else ""
    if printed.is_file() and not said:
        printed.unlink()
    why = None
    if code:
        why = f"{Path(job.command[0]).name} stopped with {how_it_ended(code)} ({reason(folder / job.log, said)}): see {folder / job.log}"
    elif lost := missing(job, folder):
        why = f"{job.command[0]} ended without an error but left no {folder / lost[0]}: see {folder / job.log}"
    else:
        why = problem(job, folder)
    one.started.failed(why) if why else one.started.finished()
    return why


def _sentence(failed: dict[str, str], waiting: int) -> str:
    """All failures in one sentence, the first with its reason."""
    first, *others = failed
    text = f"{first}: {failed[first]}"
    if others:
        text += f"; also failed: {', '.join(f'{name} ({failed[name]})' for name in others)}"
    if waiting:
        text += f"; {waiting} more wait for {'it' if not others else 'them'}"
    return text + "; finished jobs are kept, the same command resumes"
