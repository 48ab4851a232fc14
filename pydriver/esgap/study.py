"""What a user asks for: a study file (TOML) read into frozen, validated models."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from esgap.errors import EsgapError

Positive = Annotated[float, Field(gt=0)]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defect(Model):
    """A Frenkel pair: one atom of `element` is moved to an interstitial site."""

    element: str = "Li"
    anions: tuple[str, ...] = ("S",)  # elements whose Voronoi vertices are the candidate sites
    site: Annotated[int, Field(ge=1)] = 1  # rank in sites.csv, 1 = best
    separation: Positive = 4.0  # Angstrom: the atom moved is the nearest one at least this far from the site
    atom: Annotated[int, Field(ge=1)] | None = None  # id of the atom to move instead of that


class ElectricField(Model):
    """Uniform fields: every value (V/Angstrom) along every Cartesian direction of the structure file."""

    values: tuple[float, ...] = (-0.2, -0.1, 0.0, 0.1, 0.2)
    directions: tuple[Literal["x", "y", "z"], ...] = ("x", "y", "z")


class Relax(Model):
    """Fixed-cell relaxation until the largest force on an atom is below `force` (eV/Angstrom)."""

    force: Positive = 0.01
    max_steps: Annotated[int, Field(ge=1)] = 2000


class Coulomb(Model):
    """The long-range sum of a potential with charges; cutoff and order are chosen for the least time when not given."""

    accuracy: Annotated[float, Field(gt=0, lt=1)] = 1e-6  # of the forces, relative to that of two unit charges 1 Angstrom apart
    cutoff: Positive | None = None  # Angstrom, real space
    order: Annotated[int, Field(ge=2, le=7)] | None = None  # of the interpolation to the mesh


class Run(Model):
    """How LAMMPS is started; `launcher` is the command before lmp, for example "srun -n {ranks}"."""

    ranks: Annotated[int, Field(ge=1)] = 2
    engine: Literal["native", "quip"] = "native"
    lmp: str = "lmp"
    launcher: str = "mpirun -n {ranks}"


class FrenkelStudy(Model):
    """Formation energy of a Frenkel pair against an electric field (Fig. 5 of doi:10.1021/acsaem.1c02363)."""

    kind: Literal["frenkel"]
    title: str = ""
    structure: Path
    supercell: tuple[int, int, int] = (1, 1, 1)
    potential: str  # with charges: relaxed at every field
    compare: tuple[str, ...] = ()  # relaxed at zero field only
    defect: Defect = Defect()
    field: ElectricField = ElectricField()
    relax: Relax = Relax()
    electrostatics: Coulomb = Coulomb()
    run: Run = Run()


def load_study(path: Path) -> FrenkelStudy:
    """Read and check a study file; `structure` is returned relative to the working folder.

    Raises EsgapError, one sentence: no such file, not TOML, or the first key that is unknown or wrong.
    """
    if not path.is_file():
        raise EsgapError(f"no study file {path}: give the path of a TOML file such as inputs/frenkel.toml")
    try:
        content = tomllib.loads(path.read_text())
        study = FrenkelStudy.model_validate(content)
    except tomllib.TOMLDecodeError as error:
        raise EsgapError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise EsgapError(f"{path}: {first_problem(error)}") from error
    return study.model_copy(update={"structure": path.parent / study.structure})


def first_problem(error: ValidationError, model: type[BaseModel] = FrenkelStudy) -> str:
    """A validation error as a sentence on its first entry, an unknown key (with the nearest known one) before a missing one."""
    problem = min(error.errors(), key=lambda entry: entry["type"] == "missing")
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        known = list(_model_at(model, problem["loc"][:-1]).model_fields)
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"
        return f"unknown key '{key}': {hint}"
    if problem["type"] == "missing":
        return f"key '{key}' is missing: add it"
    return f"key '{key}' = {problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _model_at(model: type[BaseModel], loc: tuple) -> type[BaseModel]:
    for key in loc:
        if isinstance(key, str):  # not the index of a table in an array of tables
            model = _table(model.model_fields[key].annotation)
    return model


def _table(annotation) -> type[BaseModel] | None:
    """The model inside an annotation such as `Model`, `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table, get_args(annotation))), None)
