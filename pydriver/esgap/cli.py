"""The command line: one verb a stage. Errors for the user become one sentence and exit code 1."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from esgap.errors import EsgapError
from esgap.studies.kinds import HERE, kinds

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="""Machine-learned potentials with long-range electrostatics in LAMMPS.

Examples:

  esgap new frenkel > frenkel.toml                       a commented study file

  esgap run frenkel.toml -o runs/frenkel                 the whole study, resumable

  esgap deck frenkel.toml -o runs/frenkel                input files only; then: make -j2 -k

  esgap status runs/frenkel                              what is finished, running, failed

  esgap analyse runs/frenkel                             logs and dumps to result.json

  esgap report runs/frenkel                              result.json to table, figures, report.html

  esgap report runs/one runs/two -o both.html            runs side by side on one page

  esgap paper inputs/paper/paper.toml -o runs/paper      a publication's numbers beside ours

  esgap fit potentials/li7p3s11/fit.toml                 training data to potentials

  esgap potential gap.xml -o potentials/licl/gap         a GAP of one's own to a potential folder

  esgap doctor                                           is everything installed and consistent?""",
)
console = Console()
StudyFile = Annotated[Path, typer.Argument(help="study file (TOML); make one with `esgap new KIND`")]
Folder = Annotated[Path, typer.Argument(help="run folder")]
Scan = Annotated[
    list[str] | None,
    typer.Option("--scan", metavar="KEY=[...]|FILE", help="judge settings by cross-validation instead of a fit, into runs/NAME-scan: values of a key such as 'sigma.energy=[0.001, 0.003]', "
                 "or a TOML file with a table `values`; several give every combination"),
]  # fmt: skip
Out = Annotated[Path | None, typer.Option("-o", "--out", help="run folder to make or to resume; default: runs/NAME, the name of the study file, or of its folder when it is called study.toml")]


def _out(study: Path, out: Path | None) -> Path:
    return out or Path("runs") / (study.resolve().parent.name if study.stem == "study" else study.stem)


@app.command()
def deck(study: StudyFile, out: Out = None):
    """Write the LAMMPS decks of a study, runnable by hand with `make -j2 -k` or `sh commands.sh`."""
    from esgap import pipeline

    folder = _out(study, out)
    plan = pipeline.deck(study, folder)
    for note in plan.notes:
        console.print(note, soft_wrap=True, highlight=False, markup=False)
    console.print(f"{len(plan.jobs)} jobs in {folder}: run them with `make -j2 -k` there, then `esgap analyse {folder}`", soft_wrap=True, highlight=False)


@app.command()
def run(
    study: StudyFile,
    out: Out = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="keep jobs that were run by hand: give them a record of what lies there now")] = False,
):
    """Deck, run, analyse and report; the same command resumes after an interruption."""
    _run(study, _out(study, out), None, adopt)


def _run(study: Path, folder: Path, kind: str | None, adopt: bool = False, more: dict | None = None) -> None:
    from esgap import pipeline
    from esgap.progress import Bar

    with Bar(console) as bar:
        result = pipeline.run(study, folder, bar.update, kind, adopt, more)
    _show(result, folder)
    for line in pipeline.publish(folder):
        console.print(line, soft_wrap=True, highlight=False)


@app.command()
def analyse(folder: Folder):
    """Parse the finished runs of a folder into result.json and CSV tables."""
    from esgap import pipeline

    _show(pipeline.analyse(folder), folder)


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(help="run folder; of several, one page shows them side by side", metavar="FOLDER...")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="page of several run folders; default: compare.html")] = None,
):
    """Print the tables and draw the figures of a folder's result.json, with report.html; or one page for several folders."""
    from esgap import pipeline

    if len(folders) == 1 and out is None:
        _show(pipeline.report(folders[0]), folders[0])
        return
    page = out or Path("compare.html")
    pipeline.compare(folders, page)
    console.print(f"written: {page}", soft_wrap=True, highlight=False)


@app.command()
def paper(
    file: Annotated[Path, typer.Argument(help="publication (TOML), such as inputs/paper/paper.toml")],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder of all runs")] = Path("runs/paper"),
    short: Annotated[bool, typer.Option("--short", help="tiny settings, to see that everything runs")] = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="only write the page of what there is")] = False,
):
    """Run or go on with the cases of a publication, and put its printed numbers and figures beside ours: paper.html."""
    from esgap.paper.run import book

    failed = book(file, out, short, not no_run, console)
    console.print(f"written: {out / 'paper.html'}, {out / 'paper.csv'}", soft_wrap=True, highlight=False)
    if failed:
        raise EsgapError(f"{', '.join(failed)} failed: see the lines above; the same command goes on, finished jobs are kept")


@app.command()
def status(folder: Folder):
    """Tell which jobs of a run folder are finished, running, failed or waiting, and why."""
    from esgap.status import status as states

    rows = states(folder)
    for name, state, why in rows:
        console.print(f"{state:11s} {name}{': ' + why if why else ''}", soft_wrap=True, highlight=False, markup=False)
    counts = {state: sum(row[1] == state for row in rows) for state in dict.fromkeys(row[1] for row in rows)}
    console.print(f"{len(rows)} jobs: " + ", ".join(f"{count} {state}" for state, count in counts.items()), soft_wrap=True, highlight=False)


@app.command()
def new(kind: Annotated[str, typer.Argument(help=f"one of {', '.join(kinds())}")]):
    """Print a commented study file of a kind, to be edited."""
    from esgap.studies.example import example

    print(example(kind), end="")


@app.command()
def potential(
    source: Annotated[Path, typer.Argument(help="XML file of gap_fit, or a potential folder whose potential.lmp is to be made anew")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="potential folder to make, MATERIAL/NAME")] = None,
    material: Annotated[str | None, typer.Option(help="name of the material; default: from -o")] = None,
    name: Annotated[str | None, typer.Option(help="name of the potential; default: from -o")] = None,
    charges: Annotated[str, typer.Option(help="charges of the baseline that the GAP was fitted on top of, e: Li=0.5,P=2.5,S=-1.0")] = "",
    zeta: Annotated[str, typer.Option(help="exponents of its Slater densities, 1/Angstrom: Li=1.0,P=1.3,S=1.2")] = "",
    n: Annotated[str, typer.Option(help="their principal quantum numbers; default: 1")] = "",
    cutoff: Annotated[float, typer.Option(help="real-space cutoff of the electrostatics, Angstrom")] = 10.0,
    origin: Annotated[str, typer.Option(help="who made the GAP, from what, under what licence")] = "",
):
    """Make a potential folder from a GAP that gap_fit wrote, or the potential.lmp of one anew."""
    from esgap.make_potential import baseline, make_potential, renew

    if source.is_dir():
        made = renew(source)
    elif out is None:
        raise EsgapError("give the potential folder to make with -o MATERIAL/NAME")
    else:
        made = make_potential(source, out, material, name, baseline(charges, zeta, n, cutoff), origin)
    kind = "GAP with electrostatics" if made.electrostatics else "GAP without electrostatics"
    console.print(f"{made.folder}: {kind} for {', '.join(made.elements)}; check it with `esgap doctor {source if source.is_dir() else out} --structure FILE`", soft_wrap=True, highlight=False)


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


def _add_kind(kind: str) -> None:
    """`esgap KIND FILE`: run a study of that kind."""

    decorate = app.command(kind, help=f"Run a study of kind {kind}: `esgap run` for that kind alone.", rich_help_panel="Kinds of study")
    if not (HERE / kind / "scan.py").is_file():

        @decorate
        def command(study: StudyFile, out: Out = None):
            _run(study, _out(study, out), kind)

        return

    @decorate
    def command_with_scan(study: StudyFile, out: Out = None, scan: Scan = None):
        folder = out or (_out(study, out).with_name(f"{_out(study, out).name}-scan") if scan else _out(study, out))
        from esgap.studies.load import module

        _run(study, folder, kind, more={"scan": module(kind, "scan").asked(scan)} if scan else None)


for _kind in kinds():
    _add_kind(_kind)


def _show(result, folder: Path) -> None:
    from esgap.report.table import show

    for name, rows in result.tables.items():
        show(console, rows, ": ".join(filter(None, (result.title, name.replace("_", " ")))))
    for note in result.notes:
        console.print(f"note: {note}", soft_wrap=True, highlight=False, markup=False)
    written = sorted(str(path) for path in folder.iterdir() if path.name in {"result.json", "report.html", *(f"{name}.csv" for name in result.tables)} or path.suffix == ".png")
    console.print("written: " + ", ".join(written), soft_wrap=True, highlight=False)


INTERRUPTED = 130  # exit code


def main() -> None:
    """Entry point of `esgap`."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal in ASCII shows ? for a letter that it lacks
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:  # typer makes this of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except EsgapError as error:
        _fail(str(error), 1)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted; finished jobs are kept, the same command resumes", INTERRUPTED)
    except OSError as error:
        place = error.filename2 or error.filename  # of a copy the second is the one that is written
        _fail(f"{error.strerror or error}{f': {place}' if place else ''}; finished jobs are kept, the same command resumes", 1)
    except Exception as error:
        if not hasattr(error, "show"):  # typer's own usage errors show themselves
            raise
        error.show()
        sys.exit(error.exit_code)


def _fail(sentence: str, code: int) -> None:
    Console(stderr=True).print(f"esgap: {sentence}", soft_wrap=True, highlight=False, markup=False)
    sys.exit(code)
