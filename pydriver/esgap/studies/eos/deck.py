"""Decks for energies against volume: in.relax at fixed cell, one job a potential and volume."""

from collections.abc import Iterator

from ase import Atoms
from ase.io import write

from esgap.jobs.job import Job
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import copy_deck, lammps_job, place
from esgap.potential import Potential
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.eos.study import Study

DECK, CELL = "in.relax", "start.extxyz"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write in.relax, start.extxyz and a data file a volume; yield the jobs.

    Raises EsgapError: unreadable structure, overlapping atoms, an element that a potential lacks, a net charge.
    """
    atoms = read_structure(study.structure, study.supercell)
    placed = place([Potential.load(name) for name in (study.potential, *study.compare)], atoms, work.stage)
    write(work.stage / CELL, atoms, format="extxyz")
    es = placed[0].potential.electrostatics
    for ratio in study.volumes:
        write_data(work.stage / data(ratio), scaled(atoms, ratio), placed[0].elements, es.charges if es else None)
    copy_deck(DECK, work.stage)
    for one in placed:
        # One split of the long-range sum for all volumes: the largest needs the most mesh for the same accuracy.
        split = long_range(one, scaled(atoms, study.volumes[-1]), study.electrostatics, work)
        for ratio in study.volumes:
            name = f"volumes/{one.label}/{ratio!r}"
            variables = {"engine": study.engine, "data": data(ratio), "force": study.relax.force, "max_steps": study.relax.max_steps * study.ions}
            yield lammps_job(
                name,
                DECK,
                variables | {"out": f"{name}/relaxed"} | split,
                {"start": data(ratio)},
                ("relaxed.dump", "relaxed.data"),
                {"potential": one.label, "ratio": ratio},
                one,
                study.run.ranks,
            )


def data(ratio: float) -> str:
    """Name of the data file of a volume."""
    return f"data.volume-{ratio!r}"


def scaled(atoms: Atoms, ratio: float) -> Atoms:
    """The cell of this volume over that of `atoms`, of the same shape."""
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell * ratio ** (1 / 3), scale_atoms=True)
    return atoms
