"""Versions of what decides a result: the lmp that runs, the build of the plugin, Python packages."""

from functools import cache
from importlib import metadata
from pathlib import Path

from esgap import plugin
from esgap.jobs.launch import output
from esgap.record import sha256


def versions_of(tools: tuple[str, ...], lmp: str) -> dict[str, str]:
    """Tool -> version; `lmp` is the command of the study."""
    return {tool: _lmp(lmp) if tool == "lmp" else _plugin() if tool == "plugin" else metadata.version(tool) for tool in tools}


@cache
def _lmp(command: str) -> str:
    """The line in which LAMMPS tells its version, for example `22 Jul 2025 - Update 4`."""
    text = output([command, "-h"]).stdout
    line = next((line for line in text.splitlines() if "Massively Parallel Simulator" in line), "unknown version")
    return line.split("Simulator -")[-1].strip()


@cache
def _plugin() -> str:
    """SHA-256 over the libraries with the styles, so that a rebuilt plugin is another one."""
    return " ".join(sha256(file)[:16] for file in sorted(Path(plugin.folder()).glob("*.so")))
