"""Fitted potentials put beside the study, each folder exchanged at once when all is finished."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from esgap.jobs.record import RECORD
from esgap.potential import Potential
from esgap.studies.fit.study import Study

NOT_GIVEN = (RECORD, "log", "parity.json", "finished", "started.json")


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Copy the potential folders of the run `folder` to study.publish/NAME; yield a line for each. A scan gives nothing away."""
    for model in study.model if not study.scan else ():
        source, goal = folder / "models" / model.name, study.publish / model.name
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
        yield f"{goal}: fitted in {potential.fit['seconds']} s; held-out RMSE {', '.join(parts)}"
