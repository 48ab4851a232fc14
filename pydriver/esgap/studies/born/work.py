"""The process of one calculation: `python -m esgap.studies.born.work SETTINGS CELL DECK FOLDER`, started in the run folder.

Leaves FOLDER/born.json: energy, dipole and, in a field, forces; or `reason` when there is no such state. Anything else that goes wrong is an error.
"""

import sys
from pathlib import Path

from ase.io import read

from esgap import cp2k
from esgap.errors import EsgapError
from esgap.record import read_json, write_json
from esgap.studies.born.deck import FOUND, WAVE, ZERO


def calculate(settings: dict, count: int, text: str, folder: Path) -> dict:
    """The content of born.json for `count` atoms and the input `text`, units eV, e, Angstrom."""
    in_field = folder.name != ZERO
    try:
        file = folder / cp2k.OUTPUT if is_whole(folder, text) else run(settings, text, folder, in_field)
        said = cp2k.finished(file)
    except cp2k.NotConverged as error:
        return {"reason": str(error)}
    found = {"energy": cp2k.energy(said, file), "dipole": cp2k.dipole(said, file).tolist(), "version": cp2k.version(said)}
    return found | ({"forces": cp2k.forces(said, count, file).tolist()} if in_field else {})


def is_whole(folder: Path, text: str) -> bool:
    """Whether the folder holds the input and the whole output of it: of an interrupted run, or of one elsewhere."""
    known, file = folder / cp2k.INPUT, folder / cp2k.OUTPUT
    return known.is_file() and known.read_text() == text and file.is_file() and "PROGRAM ENDED AT" in file.read_text(errors="replace")


def run(settings: dict, text: str, folder: Path, in_field: bool) -> Path:
    """Run CP2K; without field it leaves the wave functions with which the others start. Raises NotConverged when they are not there because of that."""
    zero = folder.parent / ZERO
    if in_field and (reason := read_json(zero / FOUND, f"delete {zero}").get("reason")):
        raise cp2k.NotConverged(f"without field: {reason}")
    if in_field and not (zero / WAVE).is_file():
        raise EsgapError(f"no wave functions {zero / WAVE}: delete {zero} to compute them again, and let the zero-field template write them")
    file = cp2k.run(settings, text, folder)
    if not in_field:
        for wave in folder.glob("*-RESTART.wfn"):
            wave.replace(folder / WAVE)
    return file


def main(settings: str, cell: str, deck: str, folder: str) -> None:
    """Entry point of the process."""
    content = calculate(read_json(Path(settings), "write the deck again"), len(read(cell)), Path(deck).read_text(), Path(folder))
    write_json(Path(folder) / FOUND, content)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
