"""The kinds of study: the folders beside this file. Kept free of imports, so that the command line starts fast."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def kinds() -> tuple[str, ...]:
    """The names of the kinds."""
    return tuple(sorted(path.parent.name for path in HERE.glob("*/study.py")))
