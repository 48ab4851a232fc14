"""The process of one label: `python -m esgap.studies.label.work SETTINGS.json CONFIGURATION FOLDER`, started in the run folder.

Leaves FOLDER/label.json: the values, or `reason` when the method did not converge. Anything else that goes wrong is an error.
"""

import sys
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import CalculatorError
from ase.io import read

from esgap import cp2k
from esgap.errors import EsgapError
from esgap.record import hash_of, read_json, write_json
from esgap.studies.common.reference import LABEL, TEMPLATE, make_calculator


def label(settings: dict, atoms: Atoms, folder: Path) -> dict:
    """The content of label.json: keys energy, forces, virial, charges, version or reason."""
    try:
        found = with_cp2k(settings["cp2k"], atoms, folder) if settings["cp2k"] else with_ase(settings["ase"], atoms)
    except (cp2k.NotConverged, CalculatorError) as error:
        return {"reason": str(error) or type(error).__name__}
    return {"energy": found.energy, "forces": found.forces.tolist(), "virial": listed(found.virial), "charges": listed(found.charges), "version": found.version}


def listed(values: np.ndarray | None) -> list | None:
    """For JSON; None stays what the method does not give."""
    return None if values is None else values.tolist()


def with_cp2k(settings: dict, atoms: Atoms, folder: Path) -> cp2k.Label:
    """Run CP2K in `folder`; its input and output stay there."""
    return cp2k.read_output(cp2k.run(settings, cp2k.deck(Path(TEMPLATE).read_text(), atoms), folder), atoms)


def with_ase(settings: dict, atoms: Atoms) -> cp2k.Label:
    """An ASE calculator's energy, forces and, where it has them, stress and charges."""
    atoms.calc = calculator = make_calculator(settings, "ase")
    has = calculator.implemented_properties
    charges = atoms.get_charges() if "charges" in has else None
    virial = -atoms.get_stress(voigt=False) * atoms.get_volume() if "stress" in has else None
    return cp2k.Label(atoms.get_potential_energy(), atoms.get_forces(), virial, charges, f"{settings['calculator']}")


def main(settings_file: str, configuration: str, folder: str) -> None:
    """Entry point of the process."""
    settings, started = read_json(Path(settings_file), "write the deck again"), time.monotonic()
    template = Path(TEMPLATE).read_text() if settings["cp2k"] else ""
    content = label(settings, read(configuration), Path(folder))
    content |= {"settings": hash_of([settings["ase"], template])[:16], "seconds": round(time.monotonic() - started, 1)}
    write_json(Path(folder) / LABEL, content)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
