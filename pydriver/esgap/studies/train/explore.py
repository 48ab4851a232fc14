"""The processes that a new model drives, started in the run folder:

`python -m esgap.studies.train.explore md SETTINGS START DATA MODEL OUT TEMPERATURE VOLUME SEED`
`python -m esgap.studies.train.explore relax SETTINGS CELLS DATA MODEL OUT`

Both leave OUT/candidates.extxyz (frames without labels) and OUT/summary.json. MODEL is a potential folder with posterior.npy, DATA
the labels it was fitted to, START the index of a cell of starts.extxyz.
"""

import sys
import time
from collections import deque
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.io import read, write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.optimize import LBFGS

from esgap.calculators import ESGAP
from esgap.errors import EsgapError
from esgap.record import read_json, write_json
from esgap.studies.common.reference import bare
from esgap.studies.train.guard import Guard, Knowledge

STARTS, CANDIDATES, SUMMARY = "starts.extxyz", "candidates.extxyz", "summary.json"
LOOK = 10  # steps between two looks of the guard
BEFORE = 3  # looks before an unphysical one that are candidates
FRICTION = 0.01 / units.fs


class Trail(list):
    """Frames that are candidates, and the last ones that the guard has seen and let pass."""

    def __init__(self, guard: Guard):
        super().__init__()
        self.guard = guard
        self.recent: deque[Atoms] = deque(maxlen=BEFORE)
        self.reason: str | None = None

    def look(self, atoms: Atoms, keep: bool, **info) -> bool:
        """Note a frame; False when it is unphysical, which ends the path."""
        self.reason = self.guard.wrong(atoms)
        if self.reason:
            self.extend(self.recent)
            return False
        frame = bare(atoms)
        frame.info = dict(info)
        if keep:
            self.append(frame)
            self.recent.clear()
        else:
            self.recent.append(frame)
        return True


def dynamics(trail: Trail, start: Atoms, calculator, settings: dict, temperature: float, volume: float, seed: int) -> dict:
    """Langevin dynamics at fixed volume until the time is over or the guard ends it."""
    atoms, random = start.copy(), np.random.default_rng(seed)
    atoms.set_cell(atoms.cell * volume ** (1 / 3), scale_atoms=True)
    atoms.calc = calculator
    MaxwellBoltzmannDistribution(atoms, temperature_K=temperature, rng=random)
    engine = Langevin(atoms, 1e3 * settings["timestep"] * units.fs, temperature_K=temperature, friction=FRICTION, fixcm=False, rng=random)
    every, last = (max(1, round(settings[key] / settings["timestep"])) for key in ("sample_every", "time"))
    look = min(LOOK, every)
    done, sampled = 0, 0
    while trail.look(atoms, done >= sampled, time=round(done * settings["timestep"], 6), temperature=temperature, volume=volume) and done < last:
        sampled += every if done >= sampled else 0
        engine.run(look)
        done += look
    return {"time": round(done * settings["timestep"], 6), "temperature": temperature, "volume": volume}


def relaxations(trail: Trail, cells: list[Atoms], calculator, settings: dict) -> dict:
    """Each cell relaxed at fixed shape; of one that becomes unphysical the frames just before."""
    ended = []
    for number, cell in enumerate(cells):
        found = Trail(trail.guard)
        atoms, force = relaxed(cell, calculator, settings, lambda atoms: found.look(atoms, False, cell=number))
        ended.append({"cell": number, "force": force, "reason": found.reason})
        trail.extend(found if found.reason else list(found.recent)[-1:])
        print(f"cell {number + 1} of {len(cells)}: {found.reason or f'largest force {force:.3f} eV/Angstrom'}", flush=True)
    return {"cells": ended}


def relaxed(cell: Atoms, calculator, settings: dict, look) -> tuple[Atoms, float]:
    """The cell at a minimum as far as `force` and `max_steps` ask, and its largest force; look(atoms) -> False ends it early."""
    atoms = cell.copy()
    atoms.calc = calculator
    if look(atoms):
        for step, converged in enumerate(LBFGS(atoms, logfile=None, maxstep=0.1).irun(fmax=settings["force"], steps=settings["max_steps"]), start=1):
            if (step % LOOK == 0 or converged) and not look(atoms):
                break
        else:
            look(atoms)
    return atoms, float(np.linalg.norm(atoms.get_forces(), axis=1).max())


def main(what: str, settings_file: str, which: str, data: str, model: str, out: str, *state: str) -> None:
    """Entry point of the process."""
    settings, began = read_json(Path(settings_file), "write the deck again"), time.monotonic()
    guard = settings["guard"]
    trail = Trail(Guard.of(Path(data), guard["distance"], guard["stddev"], Knowledge(Path(model))))
    calculator = ESGAP(model)
    if what == "md":
        temperature, volume, seed = map(float, state)
        summary = dynamics(trail, read(STARTS, int(which)), calculator, settings, temperature, volume, int(seed))
    else:
        summary = relaxations(trail, read(which, ":"), calculator, settings)
    print(f"{len(trail)} candidates; {trail.reason or 'physical to the end'}", flush=True)
    write(Path(out) / CANDIDATES, list(trail), format="extxyz")
    write_json(Path(out) / SUMMARY, summary | {"candidates": len(trail), "reason": trail.reason, "seconds": round(time.monotonic() - began, 1)})


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
