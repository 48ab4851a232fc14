"""The reference of the documentation, from the code: `generated/` is written at every build and is in no version control.

Study keys from the models of the kinds, columns from their rows, variables from the decks, the command line from typer,
sentences of errors from the source.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import pandas as pd
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from esgap.paper.data import load
from esgap.paper.lookup import of_shipped, sides
from esgap.paper.page import HEAD, cells
from esgap.report.table import cell, heading
from esgap.studies.contract import Quantity, Row
from esgap.studies.example import example
from esgap.studies.kinds import kinds
from esgap.studies.load import module

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "docs" / "generated"


def write_all(out: Path = GENERATED) -> None:
    """Write every generated page. Raises ValueError for a key without a meaning."""
    shutil.rmtree(out, ignore_errors=True)
    pages = {f"kinds/{kind}": study_reference(kind) for kind in kinds()}
    pages |= {f"results/{name}": text for name, text in results()}
    pages |= {"kinds": list_of_kinds(), "decks": decks(), "command_line": command_line(), "errors": errors(), "launchers": launchers(), "parts": parts(), "paper": paper()}
    pages |= {f"manual/{file.stem}": manual(file) for file in (ROOT / "lammps-plugin" / "doc").glob("*.md")}
    for name, text in pages.items():
        file = out / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(one.replace("|", "\\|").replace("\n", " ") for one in line) + " |" for line in lines) + "\n"


# Kinds of study


def list_of_kinds() -> str:
    """The kinds with their questions, linked to their pages, or to their references where there is no page yet."""
    pages = {kind: "../kinds" if (ROOT / "docs" / "kinds" / f"{kind}.md").is_file() else "../generated/kinds" for kind in kinds()}
    return table(("kind", "what it gives"), [(f"[{kind}]({pages[kind]}/{kind}.md)", (module(kind, "study").Study.__doc__ or "").strip().splitlines()[0]) for kind in kinds()])


def study_reference(kind: str) -> str:
    """Keys of the study file, then the columns of each table."""
    study = module(kind, "study").Study
    parts = [f"# {kind}: keys and columns\n", f"```toml\n{example(kind)}```\n", "## Keys of the study file\n", table(("key", "value", "default", "meaning"), list(keys(study)))]
    for name, row in module(kind, "analyse").TABLES.items():
        parts += [f"## Columns of {name}.csv\n", (row.__doc__ or "").strip().splitlines()[0] + "\n", columns(row)]
    return "\n".join(parts)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(key, what it may be, default, meaning) of a model and the models in it."""
    inner = []
    for name, field in model.model_fields.items():
        tables = models(field.annotation)
        meaning = (field.description or "").strip() or next(((one.__doc__ or "").strip().splitlines()[0] for one in tables if one.__doc__), "")
        if name == "kind":
            meaning = "kind of study"
        if not meaning:
            raise ValueError(f"{model.__module__}.{model.__name__}.{name} has no meaning: write a docstring below it")
        default = "required" if field.is_required() else "" if tables else f"`{shown(field.get_default(call_default_factory=True))}`"
        yield f"`{prefix}{name}`", value(field), default, meaning
        inner += [(name, one) for one in tables]
    for name, one in inner:
        yield from keys(one, f"{prefix}{name}.")


def models(annotation) -> list[type[BaseModel]]:
    """The models in an annotation."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [found for part in get_args(annotation) for found in models(part)]


def value(field: FieldInfo) -> str:
    """What a key may be, in words of TOML."""
    text = str(field.annotation if not isinstance(field.annotation, type) else field.annotation.__name__)
    if options := re.findall(r"Literal\[([^\]]*)\]", text):
        return ", ".join(option.replace("'", '"') for option in options)
    if models(field.annotation):
        return "tables" if "tuple" in text else "table"
    words = [word for pattern, word in (("tuple|list", "list of"), ("dict", "table of"), (r"\bstr\b|Path", "text"), (r"\bfloat\b", "number"), (r"\bint\b", "whole number"), (r"\bbool\b", "true or false")) if re.search(pattern, text)]
    return " ".join(words) or "any"


def shown(default) -> str:
    """A default as it would stand in the file."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple | list):
        return "[" + ", ".join(shown(one) for one in default) + "]"
    return "none" if default is None else f'"{default}"' if isinstance(default, str | Path) else str(default)


def columns(row: type[Row]) -> str:
    """The columns of a table."""
    lines = []
    for name, column in row.columns().items():
        names = f"`{name}`, `_low`, `_high`" if row.is_quantity(name) else f"`{name}`"
        lines.append((names, column.unit, column.meaning or column.heading))
    return table(("column", "unit", "meaning"), lines)


# Results of the worked cases


def results() -> Iterator[tuple[str, str]]:
    """(CASE-TABLE, Markdown) of every table that a worked case ships in expected/, as a report shows it."""
    for file in sorted(ROOT.glob("inputs/*/expected/*.csv")):
        if row := row_class(file):
            yield f"{file.parents[1].name}-{file.stem}", result(file, row)


def row_class(file: Path) -> type[Row] | None:
    """Of the rows of a shipped TABLE.csv or CASE-TABLE.csv; None for a file that is no table of its kind, and for a case of several kinds, which has no study.toml."""
    study = file.parents[1] / "study.toml"
    if not study.is_file():
        return None
    kind = tomllib.loads(study.read_text())["kind"]
    return next((row for name, row in module(kind, "analyse").TABLES.items() if f"-{file.stem}".endswith(f"-{name}")), None)


def result(file: Path, row: type[Row], names: Sequence[str] = (), where: Mapping[str, str] = {}) -> str:
    """The shown columns of a CSV file, or those of `names`; of the rows in which the columns of `where` have these values."""
    shown_columns = {name: row.columns()[name] for name in names} or {name: column for name, column in row.columns().items() if column.shown}
    frame = pd.read_csv(file, keep_default_na=False, na_values=[""])
    for name, value in where.items():
        frame = frame[frame[name].astype(str) == value]
    lines = []
    for _, one in frame.iterrows():
        fields = {name: quantity(one, name, row) if row.is_quantity(name) else plain(one.get(name)) for name in row.columns() if name in frame}
        typed = row.model_construct(**fields)
        lines.append(tuple(cell(typed, name, column) for name, column in shown_columns.items() if name in frame))
    return table(tuple(heading(column) for name, column in shown_columns.items() if name in frame), lines)


def quantity(line, name: str, row: type[Row]) -> Quantity:
    """A quantity from its three columns."""
    ends = {key: plain(line.get(f"{name}_{key}")) for key in ("low", "high")}
    return Quantity(value=plain(line[name]), unit=row.columns()[name].unit, **ends)


def plain(number):
    """None for what is not there."""
    return None if pd.isna(number) else number


# Decks, launchers, command line


def decks() -> str:
    """Variables of the decks of inputs/, with the comments beside them."""
    text = ["# Decks and their variables\n", "Every deck of `inputs/` runs by hand; `-var NAME VALUE` sets a variable. Run folders hold the same files.\n"]
    for deck in sorted((ROOT / "inputs").glob("in.*")):
        lines = deck.read_text().splitlines()
        found = [match.groups() for line in lines if (match := re.match(r"variable\s+(\S+)\s+index\s+(.+?)\s*(?:#\s*(.*))?$", line))]
        text += [f"## {deck.name}\n", lines[0].lstrip("# ") + "\n", table(("variable", "default", "meaning"), [(f"`{name}`", f"`{default}`", meaning or "") for name, default, meaning in found])]
    return "\n".join(text)


def launchers() -> str:
    """The table of launchers."""
    from esgap.jobs.launchers import launchers as found

    rows = [(f'`"{name}"`', f"`{one['command']}`", f"`{one['cores']}`" if "cores" in one else "") for name, one in found().items()]
    return table(("launcher", "before lmp", "cores from"), rows)


def command_line() -> str:
    """What typer knows of the commands."""
    done = subprocess.run([sys.executable, "-m", "typer", "esgap.cli", "utils", "docs", "--name", "esgap"], text=True, capture_output=True, check=True)
    text = done.stdout.replace("```console", "```text")
    return re.sub(r"Examples:\n.*?(?=\*\*Usage)", "", text, count=1, flags=re.S).replace("# `esgap`", "# Command line", 1)


def parts() -> str:
    """The parts of `make validate`, from the files."""
    files = sorted((ROOT / "tests" / "validation").glob("test_*.py"))
    docs = {file.stem.removeprefix("test_"): (ast.get_docstring(ast.parse(file.read_text())) or "").splitlines()[0] for file in files}
    return table(("part", "what it proves"), [(f"`{name}`", text) for name, text in docs.items()])


def paper() -> str:
    """What the publication prints beside the shipped results of the cases, a table a figure; then what is done differently."""
    content = load(ROOT / "inputs" / "paper" / "paper.toml")
    text = []
    for figure in content.figure:
        text += [f"**{figure.title}**\n", *([figure.text + "\n"] if figure.text else []), table(HEAD, [cells(side) for side in sides(figure, of_shipped(content))])]
    return "\n".join([*text, "**What is done differently in all of it**\n", *(f"- {line}" for line in content.differs), ""])


# Sentences of errors


def errors() -> str:
    """Every sentence with which esgap or the plugin stops, by file; what is filled in stands between angle quotes."""
    text = ["# Sentences of errors\n", "Search this page for the words that you saw. What is filled in stands between ‹ ›.\n", "## esgap\n"]
    for file in sorted((ROOT / "pydriver" / "esgap").rglob("*.py")):
        if found := list(dict.fromkeys(raised(ast.parse(file.read_text())))):
            text += [f"### {file.relative_to(ROOT / 'pydriver')}\n", *(f"- {escaped(sentence)}" for sentence in found), ""]
    text.append("## Styles for LAMMPS\n")
    for file in sorted((ROOT / "lammps-plugin" / "src").glob("*.cpp")):
        if found := list(dict.fromkeys(stopped(file.read_text()))):
            text += [f"### {file.name}\n", *(f"- {escaped(sentence)}" for sentence in found), ""]
    return "\n".join(text)


def escaped(sentence: str) -> str:
    """Text in which Markdown sees nothing of its own."""
    return re.sub(r"([\\`*_\[\]<>#$|])", r"\\\1", " ".join(sentence.split()))


def raised(tree: ast.AST) -> Iterator[str]:
    """Sentences of `raise EsgapError(...)`, and of the ValueError that a study's models raise."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and getattr(node.exc.func, "id", "") in ("EsgapError", "ValueError") and node.exc.args:
            if (said := sentence(node.exc.args[0])).strip("‹›"):
                yield said


def sentence(node: ast.AST) -> str:
    """A string with its parts that are filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(sentence(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "‹" + name_of(node.value) + "›"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return sentence(node.left) + sentence(node.right)
    return "‹›"


def name_of(node: ast.AST) -> str:
    """A word for what is filled in: the last name of the expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
    return names[-1] if names else "…"


def stopped(source: str) -> Iterator[str]:
    """Sentences of error->all and error->one."""
    for call in re.findall(r"error->(?:all|one)\(FLERR,\s*((?:\"(?:[^\"\\]|\\.)*\"\s*)+)", source):
        yield "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", call)).replace("{}", "‹›").replace('\\"', '"').replace("\\n", " ")


def manual(file: Path) -> str:
    """A page of the manual of the styles; links to files of the repository become their names."""
    text = file.read_text(encoding="utf-8")
    return re.sub(r"\[([^\]]+)\]\((?!https?:)([^)#]*)(#[^)]*)?\)", lambda found: found[0] if (file.parent / found[2]).parent == file.parent and found[2].endswith(".md") else found[1], text)


if __name__ == "__main__":
    write_all()
