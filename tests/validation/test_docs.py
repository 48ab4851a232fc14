"""Every `sh` block of the README runs, in order, in a clean clone; every LAMMPS example of the manual is run by the style tests."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone") / "esgap"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def blocks() -> list[str]:
    """The shell blocks of the README; the test suite itself, which runs this file's neighbours, is left out."""
    text = (ROOT / "README.md").read_text()
    found = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
    assert len(found) >= 4
    return [re.sub(r"(?m)^make test.*$", "", block) for block in found]


def test_readme_commands(clone):
    env = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    script = "set -e\n" + "\n".join(f"cd {clone}\n{block}" for block in blocks())
    done = subprocess.run(["bash", "-c", script], env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (clone / "runs/demo/result.json").is_file() and (clone / "runs/frenkel/result.json").is_file()
