"""Who runs processes: this one side by side, or on wish the ranks of an MPI allocation, through mpi4py.futures.

A cluster that counts nodes by the hundred wants one `mpirun` for hundreds of small jobs, not one a job:

    mpirun -n 65 python -m mpi4py.futures -m esgap run study.toml

Rank 0 is esgap, each of the others runs one job at a time as a process of its own, on its node. All nodes see the run folder.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.jobs.launch import start
from esgap.jobs.resources import Resources

HOW = "mpirun -n 9 python -m mpi4py.futures -m esgap run STUDY.toml, for eight jobs at once"
STOPPED = -15  # exit code of a job that was not begun any more


class Process(Protocol):
    """What of a subprocess.Popen the queue of jobs needs."""

    returncode: int | None

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def wait(self) -> int: ...


@dataclass(frozen=True)
class Workers:
    """`start` begins a command in a folder, with a file for what it prints; `cores`: ranks that may run at once."""

    start: Callable[[list[str], Path, Path], Process]
    cores: int


@contextmanager
def workers(resources: Resources, jobs: tuple[Job, ...]) -> Iterator[Workers]:
    """Those that the study asks for. Raises EsgapError: a pool without an allocation, a job of several ranks for it."""
    if not resources.mpi_pool:
        yield Workers(start, resources.available())
        return
    if wide := [job.name for job in jobs if job.ranks > 1]:
        raise EsgapError(f"{wide[0]} has several ranks and a pool runs jobs of one: set ranks = 1, or take out mpi_pool in [run]")
    if "mpi4py.futures" not in sys.modules:  # `-m mpi4py.futures` has imported it, in an allocation of several ranks or not
        raise EsgapError(f"mpi_pool in [run] needs an MPI allocation: {HOW}")
    from mpi4py import MPI
    from mpi4py.futures import MPIPoolExecutor

    if MPI.COMM_WORLD.size < 2:
        raise EsgapError(f"mpi_pool in [run] needs two ranks at least, one for esgap and others for the jobs: {HOW}")
    with MPIPoolExecutor() as executor:
        yield Workers(lambda words, folder, printed: _Remote(executor.submit(run_here, words, folder.absolute(), printed.absolute())), executor.num_workers)


def run_here(words: list[str], folder: Path, printed: Path) -> int:
    """Run a command to its end on this rank; its exit code."""
    return start(words, folder, printed).wait()


class _Remote:
    """A command on another rank."""

    def __init__(self, future: Future):
        self._future = future
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.wait() if self._future.done() else None

    def terminate(self) -> None:
        """Not begun, if it has not; one that runs goes on to its end: MPI has no way to stop it alone."""
        self._future.cancel()

    def wait(self) -> int:
        try:
            self.returncode = self._future.result()
        except CancelledError:
            self.returncode = STOPPED
        return self.returncode
