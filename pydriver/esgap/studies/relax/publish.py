"""Relaxed cells as files that other programs read."""

from collections.abc import Iterator
from pathlib import Path

from ase.io import read, write

from esgap.lammps.relaxation import relaxed_atoms
from esgap.studies.relax.deck import CELL
from esgap.studies.relax.study import Study


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Write relaxed.extxyz beside each relaxation, atoms in the order and frame of the structure file; yield a line for each."""
    start = read(folder / CELL)
    for dump in sorted(folder.glob("relaxations/**/relaxed.dump")):
        file = dump.with_suffix(".extxyz")
        write(file, relaxed_atoms(dump.parent, start), format="extxyz")
        yield f"{file}: the relaxed cell"
