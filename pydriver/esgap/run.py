"""Start LAMMPS for the jobs of a plan, one after the other; keep what is finished, resume what is not."""

import ctypes
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from esgap.deck.plan import Job, Plan, argv
from esgap.errors import EsgapError
from esgap.record import command_line, hash_of, now, sha256, versions, write_json

RECORD = "run.json"
STARTED = "started.json"  # stands in for the record while a job runs


def run_plan(plan: Plan, folder: Path, progress) -> None:
    """Run every job of `plan` that `folder` does not hold yet, and write `folder`/run.json.

    `progress(done, total, job, skipped)` is called before each job and once at the end with job = None.
    Raises EsgapError: another MPI's launcher, an lmp that fails, results in the folder from other inputs.
    """
    check_launcher(plan.study.run)
    started, record = now(), {}
    for done, job in enumerate(plan.jobs):
        finished = is_finished(job, plan, folder)
        progress(done, len(plan.jobs), job, finished)
        if not finished:
            run_job(job, plan, folder)
        record[job.name] = json.loads((folder / job.name / RECORD).read_text())["inputs_hash"]
    progress(len(plan.jobs), len(plan.jobs), None, False)
    write_json(
        folder / RECORD,
        {"command": command_line(), "versions": versions(), "started": started, "finished": now(), "jobs": record},
    )


def input_hashes(job: Job, folder: Path) -> dict:
    """What decides a job's result: content of its files, its variables and the versions. Not: paths, ranks."""
    files = {Path(name).name if Path(name).is_absolute() else name: sha256(folder / name) for name in job.inputs}
    variables = {key: value for key, value in job.variables.items() if key not in ("potential", "out")}
    return {"files": files, "variables": variables, "versions": versions()}


def is_finished(job: Job, plan: Plan, folder: Path) -> bool:
    """True when the job's record matches its inputs. Raises EsgapError when it was made from other inputs."""
    file = folder / job.name / RECORD
    if not file.is_file():
        _refuse_foreign(folder / job.name)
        return False
    old, new = json.loads(file.read_text()), input_hashes(job, folder)
    if old["inputs_hash"] != hash_of(new):
        changed = [f"{kind} {key}" for kind in new for key in new[kind] if old["inputs"][kind].get(key) != new[kind][key]]
        raise EsgapError(
            f"{folder / job.name} was computed from other inputs ({', '.join(changed)} changed): "
            "give another folder with -o, or delete that one to compute it again"
        )
    lost = [name for name in job.outputs if not (folder / name).is_file()]
    if lost:
        raise EsgapError(f"{folder / lost[0]} is gone though its job is recorded as finished: delete {folder / job.name} to compute it again")
    return True


def _refuse_foreign(home: Path) -> None:
    """Raise EsgapError for a folder that `esgap run` did not start, such as one of commands.sh: it is not ours to delete."""
    if (home / "log.lammps").is_file() and not (home / STARTED).is_file():
        raise EsgapError(f"{home} was not started by `esgap run`: read it with `esgap analyse`, or delete it to compute it again")


def run_job(job: Job, plan: Plan, folder: Path) -> None:
    """Run one job in a fresh folder of its own; its record is written last, so that a killed job leaves none."""
    home = folder / job.name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    words, hashes, clock = argv(job, plan.study.run), input_hashes(job, folder), time.monotonic()
    record = {"command": words, "inputs": hashes, "inputs_hash": hash_of(hashes), "started": now()}
    write_json(home / STARTED, record)
    launch(words, folder, log=home / "log.lammps")
    lost = [name for name in job.outputs if not (folder / name).is_file()]
    if lost:
        raise EsgapError(f"lmp ended without an error but left no {folder / lost[0]}: see {home / 'log.lammps'}")
    record["outputs"] = {name: sha256(folder / name) for name in job.outputs}
    record["seconds"] = round(time.monotonic() - clock, 2)
    write_json(home / RECORD, record)
    (home / STARTED).unlink()


def environment() -> dict[str, str]:
    """One OpenMP thread a rank unless the user asks otherwise, and this environment's lmp and mpirun first."""
    here = str(Path(sys.executable).parent)
    return {"OMP_NUM_THREADS": "1"} | os.environ | {"PATH": here + os.pathsep + os.environ.get("PATH", "")}


def launch(words: list[str], folder: Path, log: Path) -> None:
    """Run a command in `folder`; raise EsgapError with LAMMPS's own error line when it fails."""
    done = output(words, cwd=folder)
    if done.returncode == 0:
        return
    written = (log.read_text() if log.is_file() else "") + done.stdout + done.stderr
    lines = [line for line in written.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("ERROR")), f"last line: {lines[-1].strip()}" if lines else "no output")
    raise EsgapError(f"lmp stopped with exit code {done.returncode} ({reason}): see {log}; finished jobs are kept, the same command resumes")


def check_launcher(run) -> str:
    """Raise EsgapError when mpirun and lmp belong to different MPI libraries: lmp would die in MPI_Init.

    Returns what was found, one line.
    """
    program = shlex.split(run.launcher)[0]
    if Path(program).name not in ("mpirun", "mpiexec"):
        return f"the launcher '{program}' is not an mpirun and was not checked"
    launcher, lmp = mpi_of([program, "--version"]), mpi_of([run.lmp, "-h"])
    if "unknown" not in (launcher, lmp) and launcher != lmp:
        raise EsgapError(
            f"'{program}' belongs to {launcher} but '{run.lmp}' is linked to {lmp}: start them with the same MPI, "
            "for example the mpirun beside lmp in the virtual environment"
        )
    return f"'{program}' belongs to {launcher}, '{run.lmp}' is linked to {lmp}"


def mpi_of(command: list[str]) -> str:
    """The MPI library that a command's output names: "MPICH", "Open MPI" or "unknown"."""
    done = output(command)
    text = done.stdout + done.stderr
    signs = {"Open MPI": ("Open MPI", "OpenRTE", "open-mpi"), "MPICH": ("MPICH", "HYDRA", "Intel(R) MPI")}
    return next((name for name, words in signs.items() if any(word in text for word in words)), "unknown")


def output(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run a command to its end and keep what it printed; it ends with this process, however that one ends."""
    try:
        return subprocess.run(
            command, cwd=cwd, env=environment(), text=True, capture_output=True, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent
        )
    except FileNotFoundError as error:
        raise EsgapError(f"the command '{command[0]}' was not found: install it or correct [run] in the study") from error


def _die_with_parent() -> None:
    """Ask Linux to terminate this process when its parent dies: a killed esgap leaves no lmp that goes on writing."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 = PR_SET_PDEATHSIG
