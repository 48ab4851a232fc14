"""Processes of this machine, by where they work."""

import os
from pathlib import Path


def processes_in(folder: Path) -> list[str]:
    """The command lines of all processes that work in `folder`."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and os.readlink(f"{entry.path}/cwd") == str(folder):
                found.append(open(f"{entry.path}/cmdline").read().replace("\0", " "))
        except OSError:  # it has ended, or is another user's
            continue
    return found
