"""The result of a finished run, read back with typed rows: for reports, and for studies that start from the results of others."""

from pathlib import Path

from pydantic import ValidationError

from esgap.errors import EsgapError
from esgap.record import read_json
from esgap.studies.contract import Result
from esgap.studies.load import module

RESULT = "result.json"


def read_result(folder: Path) -> Result:
    """The result of a run folder, its rows typed. Raises EsgapError when there is none, or it is of another version."""
    file = folder / RESULT
    if not file.is_file():
        raise EsgapError(f"{folder} holds no {RESULT}: make it with `esgap analyse {folder}`")
    remedy = f"make it again with `esgap analyse {folder}`"
    content = read_json(file, remedy)
    found = content.get("schema") if isinstance(content, dict) else None
    if found != Result.version:
        raise EsgapError(f"{file} has the schema {found}, this esgap reads {Result.version}: {remedy}")
    try:
        known = module(content["kind"], "analyse").TABLES
        tables = {name: list(map(known[name].model_validate, rows)) for name, rows in content["tables"].items()}
        return Result.model_validate(content | {"tables": tables})
    except (KeyError, TypeError, AttributeError, ImportError, ValidationError) as error:
        raise EsgapError(f"{file} does not fit this esgap ({type(error).__name__}: {str(error).splitlines()[0]}): {remedy}") from error
