"""The process of one Monte Carlo chain.

`python -m esgap.studies.sites.work SETTINGS.json FOLDER POTENTIAL TEMPERATURE SEED`, started in the run folder by `esgap run`; leaves trace.csv
(energy in eV after each trial) and chain.json (the states that were met).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from ase.constraints import FixAtoms
from ase.optimize import LBFGS

from esgap.calculators import ESGAP
from esgap.errors import EsgapError
from esgap.lammps.inprocess import Coulomb
from esgap.physics.lattice_gas import metropolis
from esgap.physics.symmetry import canonical
from esgap.record import read_json, write_json, write_text
from esgap.studies.sites.places import Places
from esgap.units import BOLTZMANN

FORCE = 0.05  # eV/Angstrom at which the relaxation of a trial ends early


class Energies:
    """Energy of the crystal with its ions on given places (eV), each state that is distinct by symmetry evaluated once."""

    def __init__(self, places: Places, calculator: ESGAP, ion_steps: int):
        self.places, self.calculator, self.ion_steps = places, calculator, ion_steps
        self.known: dict[tuple[int, ...], float] = {}

    def __call__(self, occupied: tuple[int, ...]) -> float:
        key = canonical(np.array(occupied), self.places.permuted)[0]
        if key not in self.known:
            atoms = self.places.occupy(key)
            atoms.calc = self.calculator
            if self.ion_steps:
                atoms.set_constraint(FixAtoms(indices=np.setdiff1d(np.arange(len(atoms)), self.places.atoms)))
                LBFGS(atoms, logfile=None, maxstep=0.1).run(fmax=FORCE, steps=self.ion_steps)
            self.known[key] = float(atoms.get_potential_energy())
        return self.known[key]


def chain(settings: dict, folder: Path, potential: str, temperature: float, seed: int) -> None:
    """Run one chain and write what it met."""
    places = Places.read(Path(), settings["element"], settings["symmetry"])
    energies = Energies(places, ESGAP(potential, coulomb=settings["coulomb"] and Coulomb(**settings["coulomb"])), settings["ion_steps"])
    steps = metropolis(np.arange(places.ions), places.distances(), settings["nearest"], energies, BOLTZMANN * temperature, settings["steps"], seed)
    rows, visits = [], {}
    for number, step in enumerate(steps, start=1):
        rows.append((step.energy, step.accepted, step.tried))
        key = canonical(np.array(step.occupied), places.permuted)[0]
        visits[key] = visits.get(key, 0) + 1
        if number % 10 == 0 or number == settings["steps"]:
            print(f"{number}/{settings['steps']} moves, {sum(row[1] for row in rows)} accepted, {len(visits)} states", flush=True)
    trace = pd.DataFrame(rows, columns=["energy", "accepted", "tried"])
    write_text(folder / "trace.csv", trace.to_csv(index=False))
    states = [{"occupied": list(key), "energy": energies.known[key], "visits": count} for key, count in sorted(visits.items())]
    write_json(folder / "chain.json", {"crystal": energies(tuple(range(places.ions))), "states": states})


if __name__ == "__main__":
    try:
        file, where, name, kelvin, number = sys.argv[1:]
        chain(read_json(Path(file), "write the deck again"), Path(where), name, float(kelvin), int(number))
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
