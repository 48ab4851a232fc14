"""The fit of the tests, fit.toml, and the same small enough for seconds."""

import re
from pathlib import Path

from places import TRAINING

FIT = Path(__file__).with_name("fit.toml")

# Nine configurations, the coarsest SOAP.
TINY = {
    r"data = .*": 'data = "few.extxyz"',
    r"holdout_every = .*": "holdout_every = 2",
    r"n_max = .*": "n_max = 2",
    r"l_max = .*": "l_max = 1",
    r"n_sparse = \{.*": "n_sparse = { Li = 8, P = 4, S = 8 }",
    r"cutoff = 6.0": "cutoff = 4.0",
}


def tiny_fit(folder: Path, *replacements: tuple[str, str], frames: int = 9) -> Path:
    """Write the study and its data into `folder`; `replacements`: pattern and text."""
    text = FIT.read_text()
    for pattern, new in (TINY | dict(replacements)).items():
        text, count = re.subn(pattern, new, text)
        assert count, pattern
    (folder / "fit.toml").write_text(text)
    lines = TRAINING.read_text().splitlines(keepends=True)
    (folder / "few.extxyz").write_text("".join(lines[: frames * 44]))
    return folder / "fit.toml"
