"""The section [run] of a study: how its jobs are started."""

import shlex
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from esgap.jobs.job import Frozen, Job
from esgap.jobs.launchers import cores, launchers


class Resources(Frozen):
    """How jobs are started and how many at once."""

    ranks: Annotated[int, Field(ge=1)] = 1
    """MPI ranks of a job; a job of one rank is started without the launcher."""
    cores: Annotated[int, Field(ge=1)] | None = None
    """Cores used at once by jobs side by side; when not given all that the machine or the batch system allows."""
    lmp: str = "lmp"
    """LAMMPS: a command, or a path relative to the study file."""
    launcher: str = "mpirun -n {ranks}"
    """Before lmp: a name (mpich, slurm, pbs) or a command such as "srun -n {ranks}"."""

    mpi_pool: bool = False
    """Jobs of one rank run on the ranks of the MPI allocation in which esgap was started by `mpirun -n 9 python -m mpi4py.futures -m esgap run STUDY.toml`."""

    @field_validator("lmp")
    @classmethod
    def _command_or_path(cls, lmp: str, info: ValidationInfo) -> str:
        if not lmp.strip():
            raise ValueError('lmp is empty; give a command such as "lmp"')
        folder = (info.context or {}).get("folder")
        return lmp if folder is None or "/" not in lmp else str((folder / lmp).absolute())  # jobs start in the run folder

    @field_validator("launcher")
    @classmethod
    def _named_or_words(cls, launcher: str) -> str:
        launcher = launchers().get(launcher, {"command": launcher})["command"]
        try:
            words = shlex.split(launcher.format(ranks=1))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"cannot be read ({error}); the one placeholder is {{ranks}}, as in 'mpirun -n {{ranks}}'; names are {', '.join(launchers())}") from error
        if not words:
            raise ValueError("is empty; give for example 'mpirun -n {ranks}'")
        return launcher

    def available(self) -> int:
        """Cores to use at once."""
        return self.cores or cores()

    def words(self, job: Job) -> list[str]:
        """A job's command line."""
        return self.argv(job.command, 1 if job.starts_ranks else job.ranks)

    def argv(self, command: tuple[str, ...], ranks: int) -> list[str]:
        """A command line with launcher and lmp filled in."""
        words = [self.lmp if command[0] == "lmp" else command[0], *command[1:]]
        return words if ranks == 1 else [*shlex.split(self.launcher.format(ranks=ranks)), *words]
