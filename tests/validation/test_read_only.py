"""An installation that its user may not write to, as on a cluster: studies run, and nothing is written beside it.

The tree of the environment and of the repository is mounted read-only for the command alone, in a namespace of its own, which needs no rights.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import BIN, ENV, ROOT

STUDY = f"""
kind = "eos"
structure = "{ROOT}/inputs/structures/li7p3s11-relaxed.extxyz"
potential = "li7p3s11/es-gap"
volumes = [0.98, 0.99, 1.0, 1.01, 1.02]
ions = false
"""


def sealed(command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run a shell command in `folder` with the installation read-only."""
    places = sorted({str(ROOT), str(BIN.parent), sys.base_prefix})
    mounts = " && ".join(f"mount --bind {place} {place} && mount -o remount,ro,bind {place}" for place in places)
    words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", f"{mounts} && cd {folder} && {command}"]
    return subprocess.run(words, env=ENV | {"HOME": str(folder)}, text=True, capture_output=True, timeout=600)


@pytest.fixture
def namespaces(tmp_path):
    done = sealed(f"! touch {ROOT}/written {BIN}/written", tmp_path)
    if "Operation not permitted" in done.stderr and "unshare" in done.stderr:
        pytest.skip("this system lets no user have a namespace of mounts")
    assert done.returncode == 0 and "Read-only file system" in done.stderr, done.stderr


def test_studies_run_from_a_read_only_installation(namespaces, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    done = sealed(f"{BIN}/esgap run study.toml -o out && {BIN}/esgap doctor && {BIN}/esgap report out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads((tmp_path / "out/result.json").read_text())["tables"]["volumes"]) == 5
