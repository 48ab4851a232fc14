"""A job: one process, the files that decide its result, and the files that it leaves."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Tag = str | int | float


class Frozen(BaseModel):
    """A model that is immutable; a key that it does not know is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Job(Frozen):
    """One process, started in the run folder; all paths are relative to it."""

    name: str
    """Also its folder below the run folder."""
    command: tuple[str, ...]
    """What is started after the launcher; "lmp" stands for the lmp of the study, "python" for this Python."""
    inputs: dict[str, str]
    """Role -> file that decides the result; its hash is recorded."""
    outputs: tuple[str, ...]
    """Files that a finished job has left; the last one is written last."""
    tags: dict[str, Tag] = {}
    """What this job is: potential, cell, direction, field, temperature ..."""
    ranks: Annotated[int, Field(ge=1)] = 1
    """All MPI ranks; one rank is started without the launcher."""
    starts_ranks: bool = False
    """The process starts its ranks itself, so it is started without the launcher."""
    continues: bool = False
    """It goes on from files that it left itself when it was interrupted: its folder is never cleared."""
    length: str | None = None
    """The variable of the deck that says how long it is: with another value the job goes on from where it is."""
    cut: str = ""
    """Why it does not: its end is no place to go on from."""
    tools: tuple[str, ...] = ("lmp", "plugin")
    """Programs and Python packages whose version decides the result (see esgap.jobs.tools)."""

    @property
    def open_end(self) -> str | None:
        """`length` of a job that goes on from its end."""
        return None if self.cut else self.length

    @property
    def log(self) -> str:
        """The log of LAMMPS, or what the process printed."""
        return f"{self.name}/log.lammps" if self.command[0] == "lmp" else f"{self.name}/log"


Problem = Callable[[Job, Path], str | None]  # what is wrong with the files of a job whose process ended well, or None


def changed_variables(old: tuple[str, ...] | list[str], new: tuple[str, ...] | list[str]) -> list[str]:
    """The variables (-var NAME VALUE) that differ between two command lines, as words."""
    one, two = variables(old), variables(new)
    return [f"variable {name}" for name in sorted(set(one) | set(two)) if one.get(name) != two.get(name)]


def goes_on(command: tuple[str, ...] | list[str], length: str | None, job: Job) -> bool:
    """Whether `job` goes on from what `command` has left, or left off: they differ in the variable `length` alone."""
    if length is None or changed_variables(command, job.command) != [f"variable {length}"]:
        return False
    before, after = (float(variables(words)[length]) for words in (command, job.command))
    return after > before or job.open_end is not None


def variables(command: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Name -> value of each -var NAME VALUE."""
    return {command[i + 1]: command[i + 2] for i, word in enumerate(command[:-2]) if word == "-var"}


def edges(jobs: tuple[Job, ...]) -> dict[str, set[str]]:
    """Job -> the jobs that leave its inputs."""
    maker = {file: job.name for job in jobs for file in job.outputs}
    return {job.name: {maker[file] for file in job.inputs.values() if file in maker} for job in jobs}


def missing(job: Job, folder: Path) -> list[str]:
    """The outputs that are not in `folder`."""
    return [name for name in job.outputs if not (folder / name).is_file()]
