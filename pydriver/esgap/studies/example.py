"""A commented study file of a kind, made from the model of its keys: what `esgap new KIND` prints."""

import json
from collections.abc import Mapping
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from esgap.errors import EsgapError
from esgap.studies.kinds import kinds
from esgap.studies.load import module

REQUIRED = {  # what stands for a key without a default
    "structure": '"structure.cif"',
    "potential": '"li7p3s11/es-gap"',
}


def example(kind: str) -> str:
    """The text. Raises EsgapError for an unknown kind."""
    if kind not in kinds():
        raise EsgapError(f"no kind of study {kind!r}: choose one of {', '.join(kinds())}")
    study = module(kind, "study").Study
    lines = [f"# {line}".rstrip() for line in (study.__doc__ or "").strip().splitlines()[:1]]
    lines += ["# Keys that are commented out have no default; the others show it, required ones an example or a blank.", f'kind = "{kind}"']
    return "\n".join(lines + _keys(study, "", skip=("kind",))) + "\n"


def _keys(model: type[BaseModel], prefix: str, skip: tuple[str, ...] = ()) -> list[str]:
    """The keys of a table, then its sub-tables."""
    plain, tables = [], []
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        name = field.alias or name
        table, many = _table(field.annotation)
        if table is None:
            plain.append(_key(name, field))
        else:
            tables.append((name, field, table, many))
    for name, field, table, many in tables:
        optional = not field.is_required() and (field.default is None or field.default == ())
        head = f"[[{prefix}{name}]]" if many else f"[{prefix}{name}]"
        comment = _comment((field.description or table.__doc__ or "").strip().splitlines()[:1])
        body = [head + comment, *_keys(table, f"{prefix}{name}.")]
        plain += ["", *(f"# {line}".rstrip() for line in body)] if optional else ["", *body]
    return plain


def _key(name: str, field: FieldInfo) -> str:
    text = (field.description or "").replace("\n", " ").strip()
    comment = _comment([f"Required. {text}" if field.is_required() else text])
    if field.is_required():
        return f"{name} = {REQUIRED.get(name, _example(field))}{comment}"
    value = field.get_default(call_default_factory=True)
    return f"# {name} ={comment.replace(' #', '', 1)}" if value is None else f"{name} = {_toml(value)}{comment}"


def _example(field: FieldInfo) -> str:
    """A value to be replaced, of the right shape: no number is a good guess for all."""
    return _toml(field.examples[0]) if field.examples else _blank(field.annotation)


def _blank(annotation) -> str:
    origin, parts = get_origin(annotation), [part for part in get_args(annotation) if part not in (Ellipsis, type(None))]
    if origin is tuple:
        return f"[{_blank(parts[0])}]"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{{ Li = {_blank(parts[1])} }}"
    if origin is not None and origin is not Literal:  # Annotated, a union: its first
        return _blank(parts[0])
    return {float: '"a number"', int: '"a whole number"'}.get(annotation, '"..."')


def _toml(value) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items() if item is not None) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value if isinstance(value, bool | int | float) else str(value), ensure_ascii=False)


def _comment(lines: list[str]) -> str:
    text = " ".join(lines).strip()
    return f"  # {text}" if text else ""


def _table(annotation) -> tuple[type[BaseModel] | None, bool]:
    """The model of a sub-table and whether it is an array of tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part, "tuple" in str(annotation)
        found = _table(part)
        if found[0]:
            return found
    return None, False
