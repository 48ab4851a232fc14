"""Progress of a run on the terminal, with an estimate of the time left; a line a job where there is no terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from esgap.jobs.job import Job

SAID = {"kept": " (kept)", "start": " started", "done": " done", "failed": " FAILED"}


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
        """Show what happened to a job; see esgap.jobs.run.Progress."""
        self.progress.update(self.task, completed=done, total=total, description=job.name)
        if event == "start" and job.ranks > 1 and self.console.is_terminal:
            return
        if not self.console.is_terminal and event != "start" or event == "failed":
            self.console.print(f"{done}/{total} {job.name}{SAID[event]}", soft_wrap=True, highlight=False, markup=False)
