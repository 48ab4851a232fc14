"""The plan of a run folder: which LAMMPS jobs, with which variables, in which order."""

import shlex
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from esgap.errors import EsgapError
from esgap.study import FrenkelStudy

PLAN_FILE = "plan.json"


class Job(BaseModel):
    """One start of lmp. Paths are relative to the run folder, in which it is started."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str  # also its folder below the run folder
    deck: str
    variables: dict[str, str]  # given with -var
    inputs: tuple[str, ...]  # files that decide the result, hashed into its record
    outputs: tuple[str, ...]  # files that a finished job has left


class Moved(BaseModel):
    """The atom that makes the Frenkel pair."""

    id: int  # LAMMPS id, from 1
    site: int  # rank in sites.csv
    position: tuple[float, float, float]  # Angstrom, of the site, in the frame of the structure file
    displacement: tuple[float, float, float]  # Angstrom, from the atom's place to the site


class Point(BaseModel):
    """One formation energy: the folders of its two relaxed cells and of the same cells without field."""

    potential: str
    direction: str  # "-" without field
    field: float  # V/Angstrom
    perfect: str
    defect: str
    perfect_zero: str
    defect_zero: str


class Plan(BaseModel):
    """Everything that run, analysis and report need to know of a study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: FrenkelStudy
    symbols: tuple[str, ...]  # by atom id
    cell: tuple[tuple[float, float, float], ...]  # Angstrom, cell vectors as rows, in the frame of the structure file
    elements: tuple[str, ...]  # by LAMMPS type
    moved: Moved
    electrostatics: str  # the split of the long-range sum, in words
    jobs: tuple[Job, ...]
    points: tuple[Point, ...]

    def save(self, folder: Path) -> None:
        (folder / PLAN_FILE).write_text(self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """Raises EsgapError when the folder was not made by `esgap deck` or `esgap run`."""
        file = folder / PLAN_FILE
        if not file.is_file():
            raise EsgapError(f"{folder} holds no {PLAN_FILE}: make it with `esgap deck STUDY.toml -o {folder}`")
        return cls.model_validate_json(file.read_text())


def argv(job: Job, run) -> list[str]:
    """The command line of a job, `run` being the study's [run] section."""
    variables = [word for key, value in job.variables.items() for word in ("-var", key, value)]
    launcher = shlex.split(run.launcher.format(ranks=run.ranks))
    return [*launcher, run.lmp, "-in", job.deck, "-log", f"{job.name}/log.lammps", "-screen", "none", *variables]


def commands(plan: Plan) -> str:
    """The plan as a shell script, for running by hand or in a batch job."""
    lines = ["#!/bin/sh", "# The jobs of this folder in their order; each starts from the relaxed cell of an earlier one.", "set -e"]
    lines += ["export OMP_NUM_THREADS=1"]
    for job in plan.jobs:
        lines += [f"mkdir -p {job.name}", shlex.join(argv(job, plan.study.run))]
    return "\n".join(lines) + "\n"
