"""The command line: one verb a stage. Errors for the user become one sentence and exit code 1."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from esgap.errors import EsgapError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="""Machine-learned potentials with long-range electrostatics in LAMMPS.

Examples:

  esgap run inputs/frenkel.toml -o runs/frenkel      the whole study, resumable

  esgap deck inputs/frenkel.toml -o runs/frenkel     input files only; then: sh commands.sh

  esgap analyse runs/frenkel                         logs and dumps to result.json

  esgap report runs/frenkel                          result.json to table and figure

  esgap fit potentials/li7p3s11/fit.toml             training data to potentials

  esgap doctor                                       is everything installed and consistent?""",
)
console = Console()
Study = Annotated[Path, typer.Argument(help="study file (TOML), see inputs/frenkel.toml")]
Folder = Annotated[Path, typer.Argument(help="run folder")]
Out = Annotated[Path, typer.Option("-o", "--out", help="run folder to make or to resume")]


@app.command()
def deck(study: Study, out: Out):
    """Write the LAMMPS decks of a study, runnable by hand with `sh commands.sh`."""
    from esgap.pipeline import make_deck

    plan = make_deck(study, out)
    console.print(f"long-range sum: {plan.electrostatics} (all trials: {out}/electrostatics.csv)", soft_wrap=True, highlight=False)
    console.print(f"{len(plan.jobs)} jobs in {out}: run them with `sh commands.sh` there, then `esgap analyse {out}`", soft_wrap=True)


@app.command()
def run(study: Study, out: Out):
    """Deck, run, analyse and report; the same command resumes after an interruption."""
    from esgap import pipeline

    with _Bar() as bar:
        rows = pipeline.run(study, out, bar.update)
    _show(rows, out)


@app.command()
def analyse(folder: Folder):
    """Parse the finished runs of a folder into result.json and a CSV table."""
    from esgap import pipeline

    _show(pipeline.analyse(folder), folder)


@app.command()
def report(folder: Folder):
    """Print the table and draw the figure of a folder's result.json."""
    from esgap import pipeline

    _show(pipeline.report(folder), folder)


@app.command()
def fit(study: Annotated[Path, typer.Argument(help="fit file (TOML), see potentials/li7p3s11/fit.toml")]):
    """Fit potentials to labelled configurations: baseline subtracted, gap_fit, model card."""
    from esgap.train.fit import fit_potentials

    for line in fit_potentials(study):
        console.print(line, soft_wrap=True)


@app.command()
def doctor(
    potential: Annotated[str, typer.Argument(help="potential to check, a folder or a name")] = "li7p3s11/es-gap",
    structure: Annotated[Path | None, typer.Option(help="structure with the elements of the potential; default: the Li7P3S11 crystal")] = None,
):
    """Check the installation and a potential: one line a check, exit code 1 when one fails."""
    from esgap.doctor import checks

    failed = 0
    for name, ok, line in checks(potential, structure):
        failed += not ok
        console.print(f"[{'green' if ok else 'red'}]{'ok  ' if ok else 'FAIL'}[/] {name}: {line}", soft_wrap=True, highlight=False)
    if failed:
        raise EsgapError(f"{failed} check{'s' if failed > 1 else ''} failed: see the lines marked FAIL")


def _show(rows, folder: Path) -> None:
    from esgap.pipeline import FIGURE, RESULT, TABLE
    from esgap.report.frenkel import table

    console.print(table(rows, "Formation energy of the Frenkel pair"))
    others = int((rows.state != "held").sum())
    if others:
        console.print(f"{others} of {len(rows)} points are not the pair that was made: see the column 'state'.")
    written = [str(folder / name) for name in (RESULT, TABLE, FIGURE) if (folder / name).is_file()]
    console.print("written: " + ", ".join(written), soft_wrap=True)


class _Bar:
    """Progress of a plan with an estimate of the time left; a line a job where there is no terminal."""

    def __enter__(self):
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console)
        self.task = self.progress.add_task("starting", total=None)
        self.progress.start()
        return self

    def __exit__(self, *_):
        self.progress.stop()

    def update(self, done: int, total: int, job, skipped: bool) -> None:
        what = "done" if job is None else f"{job.name.removeprefix('points/')}{' (kept)' if skipped else ''}"
        self.progress.update(self.task, completed=done, total=total, description=what)
        if not console.is_terminal:
            left = self.progress.tasks[0].time_remaining
            console.print(f"{done}/{total} {what}" + (f", about {left:.0f} s left" if left else ""), soft_wrap=True)


def main() -> None:
    """Entry point of `esgap`."""
    try:
        app()
    except EsgapError as error:
        Console(stderr=True).print(f"esgap: {error}", soft_wrap=True, highlight=False, markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("esgap: interrupted; finished jobs are kept, the same command resumes")
        sys.exit(130)
