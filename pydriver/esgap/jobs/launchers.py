"""Launchers by name, and the cores that a batch system has given; the table is launchers.toml."""

import os
import tomllib
from functools import cache
from pathlib import Path


@cache
def launchers() -> dict[str, dict[str, str]]:
    """Name -> its `command` with the placeholder {ranks}, and `cores`, a variable of the environment, where there is one."""
    return tomllib.loads((Path(__file__).parent / "launchers.toml").read_text(encoding="utf-8"))


def cores() -> int:
    """Cores that this process may use: what the system allows, and no more than the batch system gave on this node."""
    told = (os.environ.get(launcher.get("cores", ""), "") for launcher in launchers().values())
    return min([len(os.sched_getaffinity(0)), *(int(number) for number in told if number.isdigit() and int(number) > 0)])
