"""Study files of every kind with each key missing, of a wrong type, or at its limits: they load, or one sentence says what is wrong."""

import tomllib
from collections.abc import Iterator
from copy import deepcopy

import pytest
import tomlkit
from pydantic import BaseModel

from places import ROOT

from esgap.errors import EsgapError
from esgap.studies.example import _table
from esgap.studies.kinds import kinds
from esgap.studies.load import load_study, module

STUDIES = sorted([*(set(ROOT.glob("inputs/*/*.toml")) - {ROOT / "inputs/paper/paper.toml"}), *ROOT.glob("potentials/*/fit*.toml")])
WRONG = ("text", "", "a/b", 0, -1, 2**40, -0.5, 1e300, float("nan"), float("inf"), True, [], [1, 2], ["x", "x"], [[]], {"zzz": 1})


def content(file) -> dict:
    return {"kind": "fit"} | tomllib.loads(file.read_text())


def places(model: type[BaseModel], at: dict, path: tuple = ()) -> Iterator[tuple]:
    """The path of every key that a table can have, sub-tables after their own key."""
    for name, field in model.model_fields.items():
        yield (*path, field.alias or name)
        table, many = _table(field.annotation)
        below = at.get(name)
        if table and not many:
            yield from places(table, below if isinstance(below, dict) else {}, (*path, name))


def changed(study: dict, path: tuple, value) -> dict:
    """The study with one key set, or taken out when `value` is None."""
    out = deepcopy(study)
    table = out
    for key in path[:-1]:
        table = table.setdefault(key, {})
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = value
    return out


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_key_missing_wrong_or_at_its_limits(file, tmp_path):
    study, said = content(file), set()
    model = module(study["kind"], "study").Study
    loaded = refused = 0
    for path in places(model, study):
        for value in (None, *WRONG):
            broken = tmp_path / "study.toml"
            broken.write_text(tomlkit.dumps(changed(study, path, value)))
            try:
                load_study(broken)
                loaded += 1
            except EsgapError as error:
                refused += 1
                said.add(str(error))
                assert "\n" not in str(error) and str(error).startswith(str(broken)), (path, value, str(error))
    assert loaded > 10 and refused > 10 * len(list(model.model_fields)) and len(said) > 20


def test_every_kind_has_a_study_that_is_tried():
    assert {content(file)["kind"] for file in STUDIES} == set(kinds())
