"""Study files (TOML): read into the model of their kind; whatever is wrong becomes one sentence."""

import difflib
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_args

from pydantic import BaseModel, ValidationError

from esgap.errors import EsgapError
from esgap.studies.contract import Study
from esgap.studies.kinds import HERE, kinds


def module(kind: str, name: str) -> ModuleType:
    """A module of a kind, for example module("frenkel", "deck")."""
    return import_module(f"esgap.studies.{kind}.{name}")


def gives(kind: str, name: str) -> bool:
    """Whether a kind has an optional module such as `publish`."""
    return (HERE / kind / f"{name}.py").is_file()


def load_study(path: Path, kind: str | None = None, more: dict | None = None) -> Study:
    """Read and check a study file; files that it names are relative to it. `kind`: that of a file without the key; `more`: keys that replace its own.

    Raises EsgapError, one sentence: no such file, not TOML, an unknown kind, or the first key that is unknown or wrong.
    """
    content = read_toml(path) | (more or {})
    content.setdefault("kind", kind)
    if content["kind"] not in kinds():
        raise EsgapError(f"{path}: kind = {content['kind']!r}, expected one of {', '.join(kinds())}")
    if kind and content["kind"] != kind:
        raise EsgapError(f'{path} is a study of kind "{content["kind"]}": give it to `esgap run`')
    return validate(module(content["kind"], "study").Study, content, path)


def read_toml(path: Path) -> dict:
    """The content of a TOML file. Raises EsgapError when there is none or it is not TOML."""
    if not path.is_file():
        raise EsgapError(f"no study file {path}: give the path of a TOML file, or make one with `esgap new KIND`")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise EsgapError(f"{path} is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise EsgapError(f"{path} is not a text file in UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8") from error


def validate(model: type[BaseModel], content: dict, path: Path) -> BaseModel:
    """`content` of the file `path` as `model`; raises EsgapError with the first problem as a sentence."""
    try:
        return model.model_validate(content, context={"folder": path.parent})
    except ValidationError as error:
        raise EsgapError(f"{path}: {first_problem(error, model)}") from error


def first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """A validation error as a sentence on its first entry, an unknown key (with the nearest known one) before a missing one."""
    problem = min(error.errors(), key=lambda entry: (entry["type"] == "too_short", entry["type"] == "missing"))  # a table with a fault counts as lacking, too
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        table = _model_at(model, problem["loc"][:-1])
        known = list(table.model_fields) if table else ["none"]
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"
        return f"unknown key '{key}': {hint}"
    if problem["type"] == "missing":
        return f"key '{key}' is missing: add it"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"key '{key}' = {problem['input']!r}: {message[0].lower()}{message[1:]}"


def _model_at(model: type[BaseModel] | None, loc: tuple) -> type[BaseModel] | None:
    for key in loc:
        if model and isinstance(key, str) and key in model.model_fields:  # not an index or a name of one's own in a table of tables
            model = _table(model.model_fields[key].annotation)
    return model


def _table(annotation) -> type[BaseModel] | None:
    """The model inside an annotation such as `Model`, `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table, get_args(annotation))), None)
