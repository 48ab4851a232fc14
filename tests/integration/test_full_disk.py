"""A disk that takes no more: one sentence, nothing half written is taken for a result, and the same command goes on when there is room.

The limit on the size of a file stands for it, which needs no rights and stops our writes as well as those of lmp.
"""

import json
import resource
import subprocess

from places import BIN, ENV, ROOT

STUDY = """
kind = "relax"
structure = "{root}/inputs/structures/li7p3s11-relaxed.extxyz"
supercell = [3, 3, 4]
potential = "toy/tiny"
[relax]
force = 100.0
"""
KIB = 1024


def esgap(folder, *words, limit: int | None = None) -> subprocess.CompletedProcess:
    """`limit`: of a file, bytes."""
    limited = None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return subprocess.run([BIN / "esgap", *map(str, words)], cwd=folder, env=ENV, text=True, capture_output=True, preexec_fn=limited, timeout=300)


def assert_one_sentence(done: subprocess.CompletedProcess, *parts: str):
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("esgap: ") and all(part in line for part in parts), line


def test_run_on_a_full_disk(tiny_gap, tmp_path):
    assert esgap(tmp_path, "potential", tiny_gap, "-o", "toy/tiny", "--material", "toy", "--name", "tiny").returncode == 0
    (tmp_path / "study.toml").write_text(STUDY.format(root=ROOT))
    largest = max(file.stat().st_size for file in (tmp_path / "toy/tiny").iterdir())

    # Our own copies of the potential do not fit: told with the file that was to be written, and no plan is left.
    assert_one_sentence(esgap(tmp_path, "run", "study.toml", "-o", "out", limit=largest // 2), "File too large: ", "out/.stage", "the same command resumes")
    assert not (tmp_path / "out/plan.json").exists() and not (tmp_path / "out/.stage").exists()

    # The deck fits, the dump of 1512 atoms does not.
    assert esgap(tmp_path, "deck", "study.toml", "-o", "size").returncode == 0
    limit = max(file.stat().st_size for file in (tmp_path / "size").rglob("*") if file.is_file()) + 4 * KIB
    assert_one_sentence(esgap(tmp_path, "run", "study.toml", "-o", "out", limit=limit), "relaxations/toy/tiny/ions: lmp stopped with signal SIGXFSZ", "the same command resumes")
    status = esgap(tmp_path, "status", "out")
    assert status.stdout.startswith("failed") and not (tmp_path / "out/result.json").exists()

    done = esgap(tmp_path, "run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "out/result.json").read_text())["tables"]["relaxed"]
    dump = next((tmp_path / "out").rglob("relaxed.dump"))
    assert row["verdict"] == "ok" and dump.stat().st_size > limit
