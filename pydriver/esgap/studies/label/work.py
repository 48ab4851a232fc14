"""The process of one label: `python -m esgap.studies.label.work SETTINGS.json CONFIGURATION FOLDER`, started in the run folder.

Leaves FOLDER/label.json: the values, or `reason` when the method did not converge. Anything else that goes wrong is an error.
"""

import sys
import time
from importlib import import_module
from pathlib import Path

from ase import Atoms
from ase.calculators.calculator import CalculatorError
from ase.io import read

from esgap import cp2k
from esgap.errors import EsgapError
from esgap.record import hash_of, read_json, write_json
from esgap.studies.common.reference import LABEL, TEMPLATE


def label(settings: dict, atoms: Atoms, folder: Path) -> dict:
    """The content of label.json: keys energy, forces, virial, charges, version or reason."""
    try:
        found = with_cp2k(settings["cp2k"], atoms, folder) if settings["cp2k"] else with_ase(settings["ase"], atoms)
    except (cp2k.NotConverged, CalculatorError) as error:
        return {"reason": str(error) or type(error).__name__}
    charges = None if found.charges is None else found.charges.tolist()
    return {"energy": found.energy, "forces": found.forces.tolist(), "virial": found.virial.tolist(), "charges": charges, "version": found.version}


def with_cp2k(settings: dict, atoms: Atoms, folder: Path) -> cp2k.Label:
    """Run CP2K in `folder`; its input and output stay there."""
    return cp2k.read_output(cp2k.run(settings, cp2k.deck(Path(TEMPLATE).read_text(), atoms), folder), atoms)


def with_ase(settings: dict, atoms: Atoms) -> cp2k.Label:
    """An ASE calculator's energy, forces and, where it has them, stress and charges."""
    module, name = settings["calculator"].split(":")
    try:
        calculator = getattr(import_module(module), name)(**settings["arguments"])
    except (ImportError, AttributeError, TypeError) as error:
        raise EsgapError(f"the calculator {settings['calculator']} cannot be made ({error}): correct [ase]") from error
    atoms.calc = calculator
    charges = atoms.get_charges() if "charges" in calculator.implemented_properties else None
    virial = -atoms.get_stress(voigt=False) * atoms.get_volume()
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
