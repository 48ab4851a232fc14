"""The plan of a run folder: the study as it was read, and its jobs."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from esgap.errors import EsgapError
from esgap.jobs.job import Frozen, Job
from esgap.record import read_json, write_text
from esgap.studies.contract import SCHEMA, Study
from esgap.studies.load import kinds, module

PLAN_FILE = "plan.json"


class Plan(Frozen):
    """What run, analysis and report need to know of a study."""

    schema_: Annotated[int, Field(alias="schema")] = SCHEMA
    kind: str
    study: Any
    jobs: tuple[Job, ...]
    notes: tuple[str, ...] = ()  # lines about the deck

    model_config = {"populate_by_name": True, "frozen": True, "extra": "forbid"}

    def save(self, folder: Path) -> None:
        """Write `folder`/plan.json."""
        write_text(folder / PLAN_FILE, self.model_dump_json(indent=1, by_alias=True) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """Raises EsgapError: not a run folder, a damaged plan, a plan of another version of esgap or of an unknown kind."""
        file = folder / PLAN_FILE
        if not file.is_file():
            raise EsgapError(f"{folder} holds no {PLAN_FILE}: make it with `esgap deck STUDY.toml -o {folder}`")
        remedy = f"delete it and write it again with `esgap deck STUDY.toml -o {folder}`; finished jobs are kept"
        content = read_json(file, remedy)
        if not isinstance(content, dict) or "schema" not in content:
            raise EsgapError(f"{file} is damaged (no schema in it): {remedy}")
        if content["schema"] != SCHEMA:
            raise EsgapError(f"{file} has the schema {content['schema']}, this esgap reads {SCHEMA}: use the esgap that made it, or run the study in a new folder")
        if content.get("kind") not in kinds():
            raise EsgapError(f"{file} is of the kind {content.get('kind')!r}, this esgap knows {', '.join(kinds())}: use the esgap that made it")
        try:
            plan = cls.model_validate(content)
            study: Study = module(plan.kind, "study").Study.model_validate(plan.study)
        except ValidationError as error:
            raise EsgapError(f"{file} does not fit this esgap ({'.'.join(map(str, error.errors()[0]['loc']))}: {error.errors()[0]['msg']}): {remedy}") from error
        return plan.model_copy(update={"study": study})
