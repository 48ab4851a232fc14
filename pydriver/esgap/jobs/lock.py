"""One `esgap run` a folder at a time."""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

from esgap.errors import EsgapError

LOCK = ".lock"


@contextmanager
def locked(folder: Path):
    """Hold the folder's lock; the system frees it when the process ends, however it ends. Raises EsgapError when another holds it."""
    with open(folder / LOCK, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise EsgapError(f"another esgap (process {file.read().strip() or 'unknown'}) works in {folder}: wait for it, or give another folder with -o") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_locked(folder: Path) -> bool:
    """True when an esgap works in the folder."""
    file = folder / LOCK
    if not file.is_file():
        return False
    with open(file) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
