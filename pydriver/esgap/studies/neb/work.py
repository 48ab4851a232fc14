"""Images by an ASE calculator: `python -m esgap.studies.neb.work SETTINGS.json IMAGES.extxyz FOLDER`, started in the run folder.

Leaves FOLDER/neb.01.json ... with the energy (eV) and forces (eV/Angstrom) of each image; those that are there are kept.
"""

import sys
from pathlib import Path

from ase.io import read

from esgap.errors import EsgapError
from esgap.lammps.neb import image_file
from esgap.record import read_json, write_json
from esgap.studies.common.reference import make_calculator


def main(settings: str, images: str, folder: str) -> None:
    """Entry point of the process."""
    calculator = make_calculator(read_json(Path(settings), "write the deck again"), "reference")
    for k, atoms in enumerate(read(images, ":")):
        file = Path(folder) / f"{image_file('neb', k)}.json"
        if not file.is_file():
            atoms.calc = calculator
            write_json(file, {"energy": float(atoms.get_potential_energy()), "forces": atoms.get_forces().tolist()})


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
