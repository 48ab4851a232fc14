"""Potentials that a run has made, put where they are used: each folder exchanged at once."""

import shutil
from pathlib import Path

from esgap.jobs.record import RECORD
from esgap.potential import Potential

POSTERIOR = "posterior.npy"
NOT_GIVEN = (RECORD, "log", "parity.json", "finished", "started.json", POSTERIOR)


def put(source: Path, goal: Path) -> str:
    """Copy the potential folder `source` to `goal`, in place of the one that is there; a line for the terminal.

    Raises EsgapError when `source` does not fit its hashes; then nothing is exchanged.
    """
    new, old = goal.with_name(f".{goal.name}.new"), goal.with_name(f".{goal.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(source, new, ignore=shutil.ignore_patterns(*NOT_GIVEN))
    potential = Potential.load(new)  # whole, by its hashes, before anything is exchanged
    if goal.exists():
        goal.replace(old)
    new.replace(goal)
    shutil.rmtree(old, ignore_errors=True)
    held = potential.errors["held_out"]
    parts = [f"{held['energy']:.2f} meV/atom"] if "energy" in held else []
    parts += [f"forces {', '.join(f'{s} {value:.3f}' for s, value in held['force'].items())} eV/Angstrom"] if held["force"] else []
    return f"{goal}: fitted in {potential.fit['seconds']} s; held-out RMSE {', '.join(parts)}"
