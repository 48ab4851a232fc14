"""`esgap run` of every kind killed (kill -9) at random moments and started again: the results are those of an uninterrupted run.

Studies are the worked cases, made small. 20 kills for `md` and `neb`, 5 for the other kinds; seeds are fixed, the clock is not.
"""

import json
import random
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
import tomlkit
from places import BIN, ROOT

from esgap.studies.kinds import kinds

CRYSTAL = str(ROOT / "inputs/structures/li7p3s11-relaxed.extxyz")
LABELS = ROOT / "potentials/li7p3s11/training/li7p3s11-pbe.extxyz"
QUICK = {"force": 0.2, "max_steps": 200}

# Kind -> worked case, what is changed in it, kills
CASES = {
    "frenkel": ("frenkel/study", {"field": {"values": [-0.05, 0.0, 0.05], "directions": ["y"]}, "relax": QUICK}, 5),
    "relax": ("relax/study", {"structure": CRYSTAL, "relax": QUICK, "cell": {"relax": "volume", "pressures": [0.0], "stress": 0.5}}, 5),
    "eos": ("eos/study", {"structure": CRYSTAL, "volumes": [0.98, 1.0, 1.02, 1.04, 1.06], "relax": QUICK}, 5),
    "evaluate": ("evaluate/study", {"configurations": str(LABELS), "split": None}, 5),
    "label": ("label/study", {"cp2k": None, "ase": {"calculator": "esgap.calculators:ESGAP", "arguments": {"potential": "li7p3s11/es-gap"}}, "configurations": CRYSTAL}, 5),
    "locality": ("locality/study", {"data": "few.extxyz", "radius": 4.0}, 5),
    "sites": ("sites/study", {"monte_carlo": {"steps": 100, "keep": 3}}, 5),
    "fit": ("../potentials/li7p3s11/fit", {"data": "few.extxyz", "holdout_every": 3, "committee": None, "learning": None, "publish": "published"}, 5),
    "neb": ("migration/demo", {"band": {"images": 3, "force": 0.2, "max_steps": 50, "own_paths": False}, "relax": QUICK}, 20),
    "md": (
        "conductivity/study",
        {"supercell": [1, 1, 1], "compare": [], "seeds": [1], "dynamics": {"timestep": 0.003, "equilibration": 0.6, "production": 12.0, "sample_every": 0.12, "segment": 0.6}},
        20,
    ),
}
ELSEWHERE = {"train", "charges", "interface", "born"}  # killed in test_train.py; without jobs; needs CP2K, resumed in test_born.py
IGNORED = ("seconds", "time")


def write_study(kind: str, folder: Path) -> Path:
    """The case of a kind, made small, in a folder of its own with what it names."""
    source, changes, _ = CASES[kind]
    file = ROOT / "inputs" / f"{source}.toml"
    content = {"kind": kind} | tomllib.loads(file.read_text())
    for key, value in changes.items():
        content[key] = content.get(key, {}) | value if isinstance(value, dict) and key != "ase" else value
    content = {key: value for key, value in content.items() if value is not None}
    for other in file.parent.glob("*.extxyz"):
        (folder / other.name).symlink_to(other)
    frames = {"fit": LABELS, "locality": ROOT / "potentials/li7p3s11/training/locality-84-pbe.extxyz"}
    if kind in frames:
        lines = frames[kind].read_text().splitlines(keepends=True)
        count = int(lines[0]) + 2
        (folder / "few.extxyz").write_text("".join(lines[: 3 * count] + (lines[9 * count : 12 * count] if kind == "locality" else [])))
    text = tomlkit.dumps(content).replace('"../structures/', f'"{ROOT}/inputs/structures/')
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


def numbers(result: Path) -> list:
    """Every value of the tables, without the times."""
    tables = json.loads(result.read_text())["tables"]
    return [(table, key, cell["value"] if isinstance(cell, dict) else cell) for table, rows in tables.items() for row in rows for key, cell in row.items() if key not in IGNORED]


def start(study: Path, out: Path) -> subprocess.Popen:
    return subprocess.Popen([BIN / "esgap", "run", study, "-o", out], cwd=study.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(study: Path, out: Path) -> None:
    process = start(study, out)
    said, _ = process.communicate(timeout=1500)
    assert process.returncode == 0, said[-2000:]


def children(pid: int) -> list[int]:
    """Processes below a process, from /proc."""
    found, parents = [], {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
    for child, parent in parents.items():
        if parent == pid:
            found += [child, *children(child)]
    return found


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_every_kind_is_killed():
    assert set(kinds()) == set(CASES) | ELSEWHERE


@pytest.mark.parametrize("kind", CASES)
def test_killed_at_random_moments(kind, tmp_path):
    study, moments = write_study(kind, tmp_path), random.Random(kind)
    began = time.monotonic()
    finish(study, tmp_path / "whole")
    whole, killed = time.monotonic() - began, 0
    for _ in range(CASES[kind][2]):
        process = start(study, tmp_path / "cut")
        time.sleep(moments.uniform(0.05, 0.5) * max(whole, 2.0))
        below = children(process.pid)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 20
        while any(map(alive, below)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(alive, below)), "a child goes on"
    assert killed > 0
    finish(study, tmp_path / "cut")
    once, again = numbers(tmp_path / "whole/result.json"), numbers(tmp_path / "cut/result.json")
    several = {"paths"} if kind == "md" else set()  # as many as there are between the sites that a trajectory visits
    assert [row[:2] for row in once if row[0] not in several] == [row[:2] for row in again if row[0] not in several]
    if kind == "md":  # chaotic: the trajectories part, what they say of the crystal does not
        assert frames(tmp_path / "whole") == frames(tmp_path / "cut")
        return
    for (table, key, one), (_, _, other) in zip(once, again):
        assert other == (pytest.approx(one, abs=1e-6) if isinstance(one, float) else one), (table, key)


def frames(out: Path) -> list[int]:
    """The timesteps of all frames, in order: none lost, doubled or cut."""
    steps = []
    for dump in sorted(out.rglob("*.dump")):
        lines = dump.read_text().splitlines()
        count = int(lines[3])
        assert len(lines) % (count + 9) == 0, f"{dump} is cut"
        steps += [int(lines[k + 1]) for k in range(0, len(lines), count + 9)]
    assert steps == sorted(set(steps))
    return steps
