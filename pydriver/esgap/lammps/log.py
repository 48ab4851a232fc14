"""Logs of LAMMPS: thermo output, and what is wrong with a run that ended without an error."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.jobs.job import Job

END = "Total wall time"
NOT_FINITE = re.compile(r"^\s*\d+ .*\b(nan|inf)\b", flags=re.M | re.I)  # in a line of thermo output


def read_text(file: Path) -> str:
    """The text of a file that a job leaves. Raises EsgapError when there is none."""
    if not file.is_file():
        raise EsgapError(f"{file} is missing: the run is not finished; run the same command to resume it")
    return file.read_text(errors="replace")


def read_complete(log: Path) -> str:
    """The text of a log; raises EsgapError when it is cut off."""
    text = read_text(log)
    if END not in text:
        raise EsgapError(f"{log} is cut off (no '{END}' at its end): delete {log.parent} and run the same command to compute it again")
    return text


def read_thermo(log: Path) -> pd.DataFrame:
    """The thermo output of the last run in a log, one row a line, columns as LAMMPS names them. Raises EsgapError when it is damaged."""
    return read_runs(log)[-1]


def read_runs(log: Path) -> list[pd.DataFrame]:
    """The thermo output of every run in a log, one at least. Raises EsgapError when it is damaged.

    LAMMPS's own reader (lammps.formats.LogFile) is not for us: it passes over lines with a letter in them, so over nan.
    """
    runs: list[tuple[list[str], list[list[float]]]] = []
    running = False
    for line in read_text(log).splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            runs.append((words, []))
            running = True
        elif line.startswith("Loop time of"):
            running = False
        elif running and words and not words[0][0].isalpha():  # words are warnings, or what the deck prints
            runs[-1][1].append(_row(words, len(runs[-1][0]), log))
    if not runs or running or any(not rows or len(set(columns)) < len(columns) for columns, rows in runs):
        raise EsgapError(f"{log} has no complete thermo output: delete {log.parent} and run the same command to compute it again")
    return [pd.DataFrame(rows, columns=columns) for columns, rows in runs]


def _row(words: list[str], count: int, log: Path) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise EsgapError(f"{log} is damaged ({error}): delete {log.parent} to compute it again") from error
    if len(values) != count:
        raise EsgapError(f"{log} is damaged ({len(values)} values in a line of {count} columns): delete {log.parent} to compute it again")
    return values


def problem(job: Job, folder: Path) -> str | None:
    """What is wrong with a job of LAMMPS whose process ended well: a log cut off, other ranks than asked for, or NaN."""
    if job.command[0] != "lmp" or "-partition" in job.command:
        return None
    log = folder / job.log
    if not log.is_file():
        return f"{log} is missing"
    text = log.read_text(errors="replace")
    if END not in text:
        return f"{log} is cut off (no '{END}' at its end): was the disk full?"
    ranks = {int(n) for n in re.findall(r"^Loop time of \S+ on (\d+) procs", text, flags=re.M)}
    if ranks - {job.ranks}:
        return f"lmp ran on {min(ranks)} rank{'s' * (min(ranks) > 1)} instead of {job.ranks}: launcher and lmp belong to different MPIs; correct [run] (see `esgap doctor`)"
    try:
        if NOT_FINITE.search(text) and not np.isfinite(read_thermo(log).iloc[-1]).all():
            return f"{log} ends in nan: the atoms came too close, or the potential is used outside its data; look at the start and the timestep"
    except EsgapError as error:
        return str(error)
    return None
