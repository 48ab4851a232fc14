"""The process of the observable: `python -m esgap.studies.train.observe SETTINGS CELLS DATA MODEL OUT.json`, started in the run folder."""

import sys
from pathlib import Path

from ase.io import read

from esgap.calculators import ESGAP
from esgap.errors import EsgapError
from esgap.record import read_json, write_json
from esgap.studies.train.explore import relaxed
from esgap.studies.train.guard import Guard


def main(settings_file: str, cells: str, data: str, model: str, out: str) -> None:
    """Relax each cell and write the energy of the last less that of the first (eV), or why there is none."""
    settings = read_json(Path(settings_file), "write the deck again")
    guard, calculator = Guard.of(Path(data), settings["guard"]["distance"]), ESGAP(model)
    energies, reason = [], None
    for number, cell in enumerate(read(cells, ":")):
        atoms, force = relaxed(cell, calculator, settings, lambda atoms: guard.wrong(atoms) is None)
        wrong = guard.wrong(atoms)
        if wrong or force > settings["force"]:
            reason = reason or f"cell {number}: {wrong or f'{force:.3f} eV/Angstrom left on an atom'}"
        energies.append(float(atoms.get_potential_energy()))
    write_json(Path(out), {"energies": energies, "value": None if reason else energies[-1] - energies[0], "reason": reason})


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
