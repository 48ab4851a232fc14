"""Jobs that run commands of the shell in place of LAMMPS."""

from pathlib import Path

from esgap.jobs.job import Job
from esgap.jobs.resources import Resources
from esgap.jobs.run import run


def job(name: str, script: str, needs: tuple[str, ...] = (), **kw) -> Job:
    """A job whose script leaves NAME/out and notes its beginning and its end in `history`; it reads NEEDS/out."""
    noted = f"echo + {name} >> history; mkdir -p {name}; ( {script} ); code=$?; echo - {name} >> history; exit $code"
    inputs = {need: f"{need}/out" if "/" not in need else need for need in needs}
    return Job(name=name, command=("sh", "-c", noted), inputs=inputs, outputs=(f"{name}/out",), tools=(), **kw)


def sleeper(name: str, needs: tuple[str, ...] = (), **kw) -> Job:
    return job(name, f"sleep 0.05; echo {name} > {name}/out", needs, **kw)


def sound(job: Job, folder: Path) -> None:
    """No problem."""


def work(folder: Path, *jobs: Job, cores: int = 2, launcher: str = "env RANKS={ranks}", problem=sound) -> list[tuple[str, str]]:
    """Run the jobs; returns the events."""
    events = []
    run(jobs, folder, Resources(cores=cores, launcher=launcher), lambda event, job, done, total: events.append((event, job.name)), problem)
    return events


def of(kind: str, events) -> set[str]:
    return {name for event, name in events if event == kind}


def history(folder: Path) -> list[str]:
    """Begins (+) and ends (-) of the jobs, in their order."""
    return (folder / "history").read_text().splitlines()
