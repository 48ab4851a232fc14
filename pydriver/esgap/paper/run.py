"""Runs the cases of a publication, or goes on with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from esgap import pipeline
from esgap.errors import EsgapError
from esgap.jobs.run import Progress
from esgap.paper import page
from esgap.paper.data import Case, load
from esgap.paper.lookup import of_runs, sides
from esgap.progress import Bar
from esgap.record import write_text
from esgap.studies.load import read_toml
from esgap.studies.results import RESULT

RUNS = "{runs}"  # in the settings of a case: the folder of all runs


def book(file: Path, runs: Path, short: bool, start: bool, console: Console) -> dict[str, str]:
    """Run the cases of `file` below `runs` when they are to be started; write paper.html and paper.csv of what there is; case -> why it failed."""
    paper = load(file)
    failed: dict[str, str] = {}
    if start:
        for case in paper.case:
            console.print(f"{case.name}: {case.study.name} of {case.study.parent.name}{f', {case.time}' if case.time and not short else ''}", soft_wrap=True, highlight=False)
            with Bar(console) as bar:
                failed |= run(case, runs, short, bar.update)
            if case.name in failed:
                console.print(f"{case.name} failed: {failed[case.name]}", soft_wrap=True, highlight=False, markup=False)
    done = [pipeline.drawn(case.name, runs / case.name) for case in paper.case if case.name not in failed and (runs / case.name / RESULT).is_file()]
    tables = of_runs({name: result for name, result, *_ in done})
    found = [(figure, list(sides(figure, tables))) for figure in paper.figure]
    runs.mkdir(parents=True, exist_ok=True)
    page.write_page(paper, found, done, failed, short, runs / "paper.html")
    write_text(runs / "paper.csv", page.csv(found))
    return failed


def run(case: Case, runs: Path, short: bool, progress: Progress) -> dict[str, str]:
    """Run or go on with a case below `runs`; finished jobs are kept. Empty, or its name -> why it failed: the next case can still run."""
    try:
        pipeline.run(case.study, runs / case.name, progress, more=content(case, runs, short))
    except EsgapError as error:
        return {case.name: str(error)}
    return {}


def content(case: Case, runs: Path, short: bool) -> dict[str, Any]:
    """The keys of the study of a case, with those that are other for it."""
    changes = merged(case.set, case.short) if short else case.set
    return merged(read_toml(case.study), _filled(changes, str(runs.resolve())))


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with the keys of `changes`, tables merged into tables."""
    both = {key: merged(content[key], new) if isinstance(content.get(key), Mapping) and isinstance(new, Mapping) else new for key, new in changes.items()}
    return {**content, **both}


def _filled(content: Any, runs: str) -> Any:
    if isinstance(content, Mapping):
        return {key: _filled(value, runs) for key, value in content.items()}
    return content.replace(RUNS, runs) if isinstance(content, str) else content
