"""The stages of a study, each redoable alone: deck -> run -> analyse -> report. Knows verbs, no kind of study."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from esgap.errors import EsgapError
from esgap.jobs import files, lock
from esgap.jobs.job import Job, changed_variables, goes_on
from esgap.jobs.record import FAILED, RECORD, adopt, begun, check_recorded, hand_over, refuse_by_hand, unfinished
from esgap.jobs.run import Progress
from esgap.jobs.run import run as run_jobs
from esgap.lammps.log import problem
from esgap.plan import PLAN_FILE, Plan
from esgap.provenance import job_records, provenance, remarks
from esgap.record import command_line, now, versions, write_json, write_text
from esgap.report import table
from esgap.report.compare import write_set
from esgap.report.html import write_page
from esgap.studies.contract import Result, Runs, Study, Workspace
from esgap.studies.load import gives, load_study, module
from esgap.studies.results import RESULT, read_result

STAGE = ".stage"


def make_deck(study: Study, folder: Path, by_hand: bool = False) -> Plan:
    """Write the decks of a study into `folder`, with commands.sh, a Makefile and a job.slurm to run them by hand.

    Raises EsgapError when `folder` holds results that another deck gave: neither is overwritten; and when jobs that were run by hand become
    longer, unless that is done `by_hand` as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stage = folder / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    try:
        work = Workspace(folder, stage)
        jobs = tuple(module(study.kind, "deck").deck(study, work))
        _check_names(jobs)
        plan = Plan(kind=study.kind, study=study.model_dump(mode="json"), jobs=jobs, notes=tuple(dict.fromkeys(work.said)))
        longer = _refuse_other_deck(stage, folder, plan)
        for job in longer:
            if by_hand:
                check_recorded(job, folder)
            else:
                refuse_by_hand(job, folder)
        write_text(stage / "commands.sh", files.commands(jobs, study.run))
        write_text(stage / "Makefile", files.makefile(jobs, study.run))
        write_text(stage / "job.slurm", files.job_slurm(jobs, study.run, f"esgap-{study.kind}"))
        plan.save(stage)
        for job in longer:
            (folder / job.name / files.STAMP).unlink(missing_ok=True)
        _take_over(stage, folder)
        for job in longer if by_hand else ():
            hand_over(job, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return plan.model_copy(update={"study": study})


def _check_names(jobs: tuple[Job, ...]) -> None:
    names = [job.name for job in jobs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EsgapError(f"two jobs of the study have the folder {twice[0]}: a value stands twice in it; give each once")


def _refuse_other_deck(stage: Path, folder: Path, plan: Plan) -> list[Job]:
    """Raise EsgapError when a job of `folder` that has results would be another one in the deck of `stage`; returns those of another length."""
    if not (folder / PLAN_FILE).is_file():
        return []
    new, before = {job.name: job for job in plan.jobs}, Plan.load(folder)
    if before.kind != plan.kind and any(begun(job, folder) for job in before.jobs):
        raise EsgapError(f"{folder} holds results of a study of kind {before.kind}, this one is of kind {plan.kind}: give another folder with -o, or delete that one")
    old = [job for job in before.jobs if job.name in new and begun(job, folder)]
    differences = {job.name: words for job in old if (words := _difference(job, new[job.name]))}
    for name, words in differences.items():
        if (folder / name / FAILED).is_file():
            raise EsgapError(f"{folder / name} was begun with other settings ({words} changed) and failed: delete it to begin it with these")
    changed = set(differences.values())
    for file in {file for job in old for file in job.inputs.values() if (stage / file).is_file()}:
        if not (folder / file).is_file() or (stage / file).read_bytes() != (folder / file).read_bytes():
            changed.add(f"file {file}")
    if changed:
        cut = next((f", but {why}" for job in old if f"variable {job.length}" in changed and (why := job.cut or new[job.name].cut)), "")
        raise EsgapError(f"{folder} holds results of another study ({', '.join(sorted(changed))} changed{cut}): give another folder with -o, or delete that one")
    return [new[job.name] for job in old if job.command != new[job.name].command]


def _difference(old: Job, new: Job) -> str:
    """What differs between two jobs, as words; empty when nothing does that decides the result, or the new one goes on where the old one ends."""
    if old.inputs == new.inputs and (old.command == new.command or goes_on(old.command, old.open_end, new)):
        return ""
    if names := changed_variables(old.command, new.command):
        return ", ".join(names)
    return f"job {old.name}"


def _take_over(stage: Path, folder: Path) -> None:
    """Move the files of `stage` into `folder`, the plan last; files that are the same stay as they are."""
    found = sorted((path for path in stage.rglob("*") if path.is_file()), key=lambda path: path.name == PLAN_FILE)
    for path in found:
        goal = folder / path.relative_to(stage)
        if not (goal.is_file() and goal.read_bytes() == path.read_bytes()):
            goal.parent.mkdir(parents=True, exist_ok=True)
            path.replace(goal)


def deck(study_file: Path, folder: Path) -> Plan:
    """Write the decks of a study file."""
    study = load_study(study_file)
    _folder(folder)
    with lock.locked(folder):
        return make_deck(study, folder, by_hand=True)


def run(study_file: Path, folder: Path, progress: Progress, kind: str | None = None, take_over: bool = False, more: dict | None = None) -> Result:
    """All stages. Jobs that are known only after others come in further rounds: the deck is written again until none is new.

    `more`: keys that replace those of the file. `take_over`: jobs that were run by hand and are complete get a record first, and are kept.
    """
    study, started = load_study(study_file, kind, more), now()
    _folder(folder)
    with lock.locked(folder):
        if take_over and (folder / PLAN_FILE).is_file():  # before they become longer
            adopt(Plan.load(folder).jobs, folder, study.run.lmp, problem)
        plan = make_deck(study, folder)
        while True:
            if take_over:
                adopt(plan.jobs, folder, study.run.lmp, problem)
            run_jobs(plan.jobs, folder, study.run, progress, problem)
            before, plan = plan, make_deck(study, folder)
            if plan.jobs == before.jobs:
                break
        hashes = {name: record.get("inputs_hash") for name, record in job_records(plan.jobs, folder).items()}
        write_json(folder / RECORD, {"command": command_line(), "versions": versions(), "started": started, "finished": now(), "jobs": hashes})
        analyse(folder)
        return report(folder)


def _folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise EsgapError(f"{folder} is a file: give a run folder with -o")
    folder.mkdir(parents=True, exist_ok=True)


def analyse(folder: Path) -> Result:
    """Turn the finished jobs of `folder` into result.json and a CSV file a table.

    Raises EsgapError when no job is finished, or a finished job's files are no longer what they were.
    """
    plan = Plan.load(folder)
    done = frozenset(job.name for job in plan.jobs if check_recorded(job, folder) or unfinished(job, folder, problem) is None)
    if not done and plan.jobs:
        raise EsgapError(f"{folder} holds no finished job of {len(plan.jobs)}: run them with `esgap run`, `make` or `sh commands.sh` (see `esgap status {folder}`)")
    analysis = module(plan.kind, "analyse")
    result: Result = analysis.analyse(plan.study, Runs(folder, plan.jobs, done))
    notes = [*result.notes, *remarks(plan.jobs, done, folder)]
    result = result.model_copy(update={"notes": notes, "provenance": provenance(plan.jobs, folder)})
    write_json(folder / RESULT, result.model_dump(mode="json", by_alias=True))
    for name, rows in result.tables.items():
        table.write_csv(folder / f"{name}.csv", rows, analysis.TABLES[name])
    return result


def report(folder: Path) -> Result:
    """Draw the figures of result.json and write report.html."""
    result, figures = read_result(folder), draw(folder)
    question = next(iter((module(result.kind, "study").Study.__doc__ or "").strip().splitlines()), "")
    write_page(result, figures, folder / "report.html", question, _asked(folder))
    return result


def _asked(folder: Path) -> dict:
    """The keys of the study of a folder."""
    return Plan.load(folder).study.model_dump(mode="json") if (folder / PLAN_FILE).is_file() else {}


def draw(folder: Path) -> list[Path]:
    """Draw the figures of a folder's result.json."""
    from esgap.report.figure import save  # matplotlib is slow to import

    result = read_result(folder)
    return [save(figure, folder / f"{name}.png") for name, figure in module(result.kind, "report").figures(result, folder)]


def compare(folders: Sequence[Path], file: Path) -> list[Result]:
    """Write one page for the results of several run folders. Raises EsgapError: a folder without result, or one that is named twice."""
    if twice := sorted({str(folder) for folder in folders if folders.count(folder) > 1}):
        raise EsgapError(f"{', '.join(twice)} stands twice: name each run folder once")
    runs = [drawn(name, folder) for name, folder in zip(_short(folders), folders)]
    write_set(runs, file)
    return [result for _, result, *_ in runs]


def drawn(name: str, folder: Path) -> tuple[str, Result, list[Path], dict]:
    """A run for a page of several: name, result, figures, keys of its study."""
    return name, read_result(folder), draw(folder), _asked(folder)


def _short(folders: Sequence[Path]) -> list[str]:
    """The last part of each path, or the whole of each where two would be the same."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def publish(folder: Path) -> list[str]:
    """What a kind gives away after a finished run (a fit: potentials); lines for the terminal."""
    plan = Plan.load(folder)
    return list(module(plan.kind, "publish").publish(plan.study, folder)) if gives(plan.kind, "publish") else []
