"""Run the jobs of a folder: independent ones side by side, what is finished is kept, one that fails does not stop the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from esgap.errors import EsgapError
from esgap.jobs.job import Job, Problem, edges, missing
from esgap.jobs.launch import check_launcher, how_it_ended, reason
from esgap.jobs.pool import Process, Workers, workers
from esgap.jobs.record import Started, is_finished
from esgap.jobs.resources import Resources

POLL = 0.02  # seconds
PULSE = 1.0  # seconds between looks at what running jobs write
PRINTED = "printed"  # standard output of a job of LAMMPS, whose log is another file

Progress = Callable[[str, Job, int, int], None]  # (event, job, done, total); event: kept, crowded, start, done, failed, or a running job's last line


@dataclass
class _Running:
    process: Process
    started: Started
    job: Job


def run(jobs: tuple[Job, ...], folder: Path, resources: Resources, progress: Progress, problem: Problem) -> None:
    """Run every job that `folder` does not hold yet; a job starts when those that leave its inputs have finished.

    At most `resources.cores` ranks run at once; a job of more ranks runs alone. Where the next one does not fit, smaller ones that do go
    before it. Raises EsgapError at the end, naming
    every job that failed, or before anything starts when results in the folder come from other inputs.
    """
    if any(job.ranks > 1 and not job.starts_ranks for job in jobs):
        check_launcher(resources)
    finished = {job.name for job in jobs if _has_inputs(job, folder) and is_finished(job, folder, resources.lmp)}
    with workers(resources, jobs) as place:
        queue = _Queue(jobs, folder, resources, place, progress, problem, finished)
        try:
            queue.work_off()
        finally:
            for one in queue.running:
                one.process.terminate()
            for one in queue.running:
                one.process.wait()
    if queue.failed:
        raise EsgapError(_sentence(queue.failed, len(jobs) - queue.done - len(queue.failed)))


def _has_inputs(job: Job, folder: Path) -> bool:
    return all((folder / file).is_file() for file in job.inputs.values())


class _Queue:
    """The jobs on their way: waiting for others (in the graph), ready, running, done or failed."""

    def __init__(self, jobs: tuple[Job, ...], folder: Path, resources: Resources, place: Workers, progress: Progress, problem: Problem, finished: set[str]):
        self.jobs, self.folder, self.resources, self.place, self.progress, self.problem = {job.name: job for job in jobs}, folder, resources, place, progress, problem
        self.finished = finished  # when the run began
        self.needs = edges(jobs)
        self.graph = TopologicalSorter(self.needs)
        self.graph.prepare()
        self.ready: list[Job] = []
        self.running: list[_Running] = []
        self.started: set[str] = set()
        self.failed: dict[str, str] = {}
        self.done, self.looked = 0, time.monotonic()

    def work_off(self) -> None:
        """Until every job is done or waits for one that failed."""
        while self._take_ready() or self.running:
            for job in self.ready[:]:
                self._keep(job)
            for job in [*self.ready]:
                if self._fits(job):
                    self.ready.remove(job)
                    self._start(job)
            self._collect()
            self._show_last_line()

    def _take_ready(self) -> bool:
        """Take over the jobs that have become ready; False when there is none."""
        if self.graph.is_active():
            self.ready += [self.jobs[name] for name in self.graph.get_ready()]
        return bool(self.ready)

    def _keep(self, job: Job) -> None:
        """Take `job` out of the ready ones when it is finished, or when what it left came from other inputs than it has now."""
        try:
            kept = job.name in self.finished if not self.needs[job.name] & self.started else is_finished(job, self.folder, self.resources.lmp)
        except EsgapError as error:
            self.ready.remove(job)
            self._end(job, str(error))
            return
        if kept:
            self.ready.remove(job)
            self._end(job, None, "kept")

    def _fits(self, job: Job) -> bool:
        return not self.running or sum(one.job.ranks for one in self.running) + job.ranks <= self.place.cores

    def _start(self, job: Job) -> None:
        if job.ranks > self.place.cores and not any(self.jobs[name].ranks > self.place.cores for name in self.started):
            self.progress("crowded", job, self.done, len(self.jobs))
        words = self.resources.words(job)
        started = Started(job, self.folder, words, self.resources.lmp)
        printed = self.folder / job.log if job.command[0] != "lmp" else started.home / PRINTED
        self.running.append(_Running(self.place.start(words, self.folder, printed), started, job))
        self.started.add(job.name)
        self.progress("start", job, self.done, len(self.jobs))

    def _collect(self) -> None:
        """Take the ended jobs out of the running ones and write their records."""
        time.sleep(POLL if self.running else 0)
        over = [one for one in self.running if one.process.poll() is not None]
        self.running = [one for one in self.running if one not in over]
        for one in over:
            self._end(one.job, _close(one, self.folder, self.problem))

    def _end(self, job: Job, why: str | None, event: str = "done") -> None:
        """`why` it failed, or None."""
        if why:
            self.failed[job.name] = why
        else:
            self.done += 1
            self.graph.done(job.name)
        self.progress("failed" if why else event, job, self.done, len(self.jobs))

    def _show_last_line(self) -> None:
        if self.running and time.monotonic() - self.looked > PULSE:
            self.looked = time.monotonic()
            oldest = self.running[0].job
            self.progress(last_line(self.folder / oldest.log), oldest, self.done, len(self.jobs))


def last_line(log: Path) -> str:
    """The last whole line of a file that is being written; empty when there is none."""
    if not log.is_file():
        return ""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 500))
        lines = file.read().decode(errors="replace").split("\n")[:-1]
    return next((" ".join(line.split()) for line in reversed(lines) if line.strip()), "")


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
