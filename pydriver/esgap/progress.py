"""Progress of a run on the terminal, with an estimate of the time left; a line a job where there is no terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from esgap.jobs.job import Job

WIDTH = 70
SAID = {"kept": " (kept)", "start": " started", "done": " done", "failed": " FAILED", "crowded": ""}


class Bar:
    """A context in which `update` may be given to the runner of jobs."""

    def __init__(self, console: Console):
        self.console = console
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.progress.add_task("starting", total=None)

    def __enter__(self) -> "Bar":
        self.progress.start()
        return self

    def __exit__(self, *_) -> None:
        self.progress.stop()

    def update(self, event: str, job: Job, done: int, total: int) -> None:
        """Show what happened to a job, or the last line that it wrote; see esgap.jobs.run.Progress."""
        line = "" if event in SAID else event
        self.progress.update(self.task, completed=done, total=total, description=f"{job.name} {line}"[:WIDTH])
        if event == "crowded":
            line = f"{job.name} has {job.ranks} ranks, more than the cores to use: such jobs run alone, and slowly; see [run]"
            self.console.print(line, soft_wrap=True, highlight=False, markup=False)
        if event == "failed" or event in ("kept", "done") and not self.console.is_terminal:
            self.console.print(f"{done}/{total} {job.name}{SAID[event]}", soft_wrap=True, highlight=False, markup=False)
