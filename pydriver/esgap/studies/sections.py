"""Keys and sections that several kinds of study share."""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from esgap.jobs.job import Frozen
from esgap.studies import contract

Section = Frozen
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Axis = Literal["x", "y", "z"]
Engine = Literal["native", "quip"]


def _beside_the_study(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else folder / path


def _name_or_folder(name: str, info: ValidationInfo) -> str:
    """A folder beside the study comes first; else the name is looked up by Potential.load."""
    folder = (info.context or {}).get("folder")
    beside = None if folder is None else folder / name
    return str(beside) if beside is not None and (beside / "potential.toml").is_file() else name


StudyPath = Annotated[Path, AfterValidator(_beside_the_study)]  # a file, relative to the study file
LastingPath = Annotated[StudyPath, AfterValidator(Path.absolute)]  # one that the analysis reads again, wherever it is started
PotentialName = Annotated[str, AfterValidator(_name_or_folder)]  # a folder relative to the study file, or a name such as li7p3s11/es-gap


def distinct(values: tuple, what: str) -> tuple:
    """Raise ValueError when a value stands twice."""
    if twice := sorted({value for value in values if values.count(value) > 1}, key=str):
        raise ValueError(f"{what} has {', '.join(map(str, twice))} twice: give each once")
    return values


class Relax(Section):
    """Relaxation at fixed cell until the largest force on an atom is below `force`."""

    force: Positive = 0.01
    """Largest force on an atom at the end, eV/Angstrom."""
    max_steps: Count = 2000
    """Steps of minimisation at most."""


class Coulomb(Section):
    """The long-range sum of potentials with charges; cutoff and order are chosen for the least time when not given."""

    accuracy: Annotated[float, Field(gt=0, lt=1)] = 1e-6
    """Of the forces, relative to that between two unit charges 1 Angstrom apart."""
    cutoff: Positive | None = None
    """Real space, Angstrom."""
    order: Annotated[int, Field(ge=2, le=7)] | None = None
    """Of the interpolation to the mesh."""


def finite(values: tuple[float, ...]) -> bool:
    """No nan and no infinity among the values."""
    return all(map(math.isfinite, values))


class Compared(contract.Study):
    """A study of one potential and of others beside it."""

    potential: PotentialName
    """The potential."""
    compare: tuple[PotentialName, ...] = ()
    """Further potentials."""
    engine: Engine = "native"
    """Who evaluates the GAP: native (pair_style gap) or quip."""
    electrostatics: Coulomb = Coulomb()

    @model_validator(mode="after")
    def _each_potential_once(self):
        distinct((self.potential, *self.compare), "potential and compare")
        return self
