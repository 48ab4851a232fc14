"""How a command of `esgap` ended, and what it left."""

import json
from pathlib import Path


def refused(done, *parts: str) -> None:
    """The process ended with code 1 and one line on stderr that holds every part."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("esgap: ") and len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr, done.stderr


def succeeded(done):
    """The process ended with code 0; returns it."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def stamps(out: Path) -> dict[str, int]:
    """Modification time of the record of each finished job; not of decks that are being written."""
    return {str(file.relative_to(out)): file.stat().st_mtime_ns for file in out.glob("[!.]*/**/run.json")}


def table(out: Path, name: str = "formation_energy") -> list[dict]:
    """A table of result.json, each quantity as its bare value."""
    rows = json.loads((out / "result.json").read_text())["tables"][name]
    return [{key: value["value"] if isinstance(value, dict) else value for key, value in row.items()} for row in rows]
