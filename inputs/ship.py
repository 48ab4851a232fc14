"""Replaces the shipped results of the worked cases, `inputs/*/expected/`, by those of finished run folders:

    python inputs/ship.py runs/paper                          # all run folders below that of `make paper`
    python inputs/ship.py runs/relax runs/arrhenius runs/born  # single ones

A file that a case ships is replaced by the file of that name of its run; nothing is added. A run that is not finished, or that was made with other
settings or other potentials than those of the repository, is refused; and so is a run of no case.
"""

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from esgap.errors import EsgapError
from esgap.paper.data import load
from esgap.paper.run import content
from esgap.plan import PLAN_FILE, Plan
from esgap.potential import TOML
from esgap.record import sha256
from esgap.status import status
from esgap.studies.contract import Study
from esgap.studies.load import load_study
from esgap.studies.results import RESULT

ROOT = Path(__file__).parents[1]
OWN = {"run"}  # keys that decide no result
TABLE = "{table}"


@dataclass(frozen=True)
class Case:
    """A worked case: its study, and what it ships."""

    study: Study
    files: Mapping[Path, str]  # shipped file -> its name in a run folder


def cases(root: Path) -> dict[tuple[str, str], Case]:
    """(kind, title) -> case, for the cases of the paper and the other studies of inputs/ that ship something."""
    root = root.resolve()
    paper = load(root / "inputs/paper/paper.toml")
    found = [(load_study(case.study, more=content(case, root / "runs", False)), case.study.resolve().parent, case.expected and case.expected.resolve()) for case in paper.case]
    known = {case.study.resolve() for case in paper.case}
    found += [(load_study(file), file.parent, None) for file in sorted(root.glob("inputs/*/study.toml")) if file not in known]
    patterns = [expected for _, _, expected in found if expected]
    shipped = [(study, Case(study, dict(named(expected) if expected else unnamed(folder / "expected", patterns)))) for study, folder, expected in found]
    return {(study.kind, study.title): case for study, case in shipped if case.files}


def named(pattern: Path) -> Iterator[tuple[Path, str]]:
    """The tables that are shipped under names such as gap-TABLE.csv."""
    text = re.escape(pattern.name).replace(re.escape(TABLE), "(.+)")
    for file in sorted(pattern.parent.glob("*")):
        if match := re.fullmatch(text, file.name):
            yield file, f"{match[1]}{file.suffix}"


def unnamed(folder: Path, patterns: list[Path]) -> Iterator[tuple[Path, str]]:
    """All files of a folder but those of another case."""
    others = {file for pattern in patterns for file, _ in named(pattern)}
    return ((file, file.name) for file in sorted(folder.glob("*")) if file not in others)


def folders(given: list[Path]) -> Iterator[Path]:
    """The run folders among the folders given and right below them. Raises EsgapError for a folder without one."""
    for folder in given:
        below = [folder] if (folder / PLAN_FILE).is_file() else sorted(file.parent for file in folder.glob(f"*/{PLAN_FILE}"))
        if not below:
            raise EsgapError(f"{folder} holds no run folder: give the folder of `make paper`, or of `esgap run`")
        yield from below


def ship(folder: Path, known: Mapping[tuple[str, str], Case], potentials: Path) -> list[str]:
    """Replace the shipped files of the case of a run folder; a line a file. Raises EsgapError, before anything is copied, for a run that must not be shipped."""
    plan = Plan.load(folder)
    case = known.get((plan.kind, plan.study.title))
    if case is None:
        raise EsgapError(f'{folder} is a run of "{plan.study.title}" of kind {plan.kind}, which is no case of inputs/ that ships results')
    if changed := sorted(differing(asked(plan.study), asked(case.study))):
        raise EsgapError(f"{folder} was made with other settings than its case ({', '.join(changed)}): run the case as it stands, in a new folder")
    check_potentials(folder, potentials)
    states = [state for _, state, _ in status(folder)]
    if not (folder / RESULT).is_file() or set(states) - {"finished"}:
        raise EsgapError(f"{folder} is not finished ({states.count('finished')} of {len(states)} jobs are, with records): go on with the command that made it")
    if lost := sorted(name for name in case.files.values() if not (folder / name).is_file()):
        raise EsgapError(f"{folder} has no {', '.join(lost)}, which its case ships: delete the shipped file where the present result has none, and what speaks of it")
    return [replace(folder / name, file) for file, name in case.files.items()]


def asked(study: Study) -> dict:
    """The keys that decide a result; files and folders by the last parts of their names, since a run may lie anywhere."""

    def plain(value):
        if isinstance(value, BaseModel):
            value = dict(iter(value))  # a study of kind evaluate has a key `keys`, which dict() would call
        if isinstance(value, Mapping):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return Path(value).name if isinstance(value, Path | str) else value

    return {key: value for key, value in plain(study).items() if key not in OWN}


def differing(one: object, other: object, at: str = "") -> Iterator[str]:
    """The keys at which two studies differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differing(one.get(key), other.get(key), f"{at}.{key}" if at else key)
    elif one != other:
        yield at


def check_potentials(folder: Path, potentials: Path) -> None:
    """Raise EsgapError for a run by another potential than the one of that name in the repository. Its potential.toml has the hashes of its files."""
    for file in sorted((folder / "potentials").glob(f"*/*/{TOML}")):
        own = potentials / file.parent.relative_to(folder / "potentials") / TOML
        if not own.is_file() or sha256(own) != sha256(file):
            raise EsgapError(f"{folder} was made by another {file.parent.parent.name}/{file.parent.name} than that of {potentials}: run it again, in a new folder")


def replace(new: Path, shipped: Path) -> str:
    """Copy `new` over `shipped`; what changed, in words."""
    if new.read_bytes() == shipped.read_bytes():
        return f"same     {shipped}"
    words = table_changes(new, shipped) if shipped.suffix == ".csv" else ""
    shutil.copyfile(new, shipped)
    return f"replaced {shipped}{': ' if words else ''}{words}"


def table_changes(new: Path, shipped: Path) -> str:
    """How two tables differ."""
    ours, before = (pd.read_csv(file, keep_default_na=False, dtype=str) for file in (new, shipped))
    words = [f"{len(before)} -> {len(ours)} rows"] if len(before) != len(ours) else []
    words += [f"{sign}{name}" for sign, names in (("+", ours.columns.difference(before.columns)), ("-", before.columns.difference(ours.columns))) for name in names]
    if len(before) == len(ours):
        words += [f"{name} of {count} rows" for name in ours.columns.intersection(before.columns) if (count := int((ours[name] != before[name]).sum()))]
    return ", ".join(words)


def main(given: list[str], root: Path = ROOT) -> None:
    """Ship what can be shipped, say why the others cannot."""
    known, refused = cases(root), []
    for folder in folders([Path(one) for one in given]):
        try:
            print(*ship(folder, known, root / "potentials"), sep="\n")
        except EsgapError as error:
            refused.append(str(error))
    if refused:
        raise EsgapError("\n".join(refused))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except EsgapError as error:
        sys.exit(str(error))
