"""A worked case of kind frenkel in other fields than it ships."""

import re
import subprocess
from pathlib import Path

from places import BIN, ENV, ROOT


def run_in_fields(case: Path, values: list[float], home: Path) -> Path:
    """The folder of a finished run of `case`/study.toml with these fields, V/Angstrom, below `home`."""
    text, count = re.subn(r"(?m)^values = .*?\]", f"values = {values}", (case / "study.toml").read_text())
    assert count == 1
    (home / "study.toml").write_text(text.replace('"../structures/', f'"{ROOT}/inputs/structures/'))
    done = subprocess.run([BIN / "esgap", "run", "study.toml", "-o", "out"], cwd=home, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return home / "out"
