"""Decks for the formation energy of a Frenkel pair in an electric field."""

from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.geometry import get_distances
from ase.io import write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import Placed, copy_deck, lammps_job, place
from esgap.lammps.frame import to_lammps_vector
from esgap.physics.frenkel import field_vector
from esgap.physics.interstitial import atom_to_move, check_cell, interstitial_sites
from esgap.potential import Potential
from esgap.record import write_json
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.frenkel.study import Study

DECK = "in.defect"
CELLS = ("perfect", "defect")
CELL, PAIR = "cell.extxyz", "pair.json"
IMAGE_LIMIT = 0.45  # of a cell vector: fix efield/pbc counts displacements from the nearest image of the reference


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write in.defect, data.perfect, data.defect, cell.extxyz, pair.json and sites.csv; yield the relaxations.

    Raises EsgapError: unreadable structure, overlapping atoms, an element that a potential lacks, a net charge, a cell too
    small, no such site or atom.
    """
    perfect = read_structure(study.structure, study.supercell)
    potentials = [Potential.load(name) for name in (study.potential, *study.compare)]
    placed = place(potentials, perfect, work.stage)
    if placed[0].potential.electrostatics is None:
        raise EsgapError(f"the potential {study.potential} has no charges and cannot feel a field: name it under `compare`")
    check_cell(perfect, study.defect.separation)
    sites = interstitial_sites(perfect, study.defect.element, study.defect.anions)
    index, site, displacement = choose_atom(perfect, sites, study)

    sites.to_csv(work.stage / "sites.csv", float_format="%.4f")
    write(work.stage / CELL, perfect, format="extxyz")
    write_json(work.stage / PAIR, {"id": index + 1, "interstitial": study.defect.interstitial, "site": list(site), "displacement": list(displacement)})
    defect = perfect.copy()
    defect.positions[index] += displacement
    charges = placed[0].potential.electrostatics.charges
    for which, atoms in zip(CELLS, (perfect, defect)):
        write_data(work.stage / f"data.{which}", atoms, placed[0].elements, charges)
    copy_deck(DECK, work.stage)
    for one in placed:
        split = long_range(one, perfect, study.electrostatics, work)
        yield from relaxations(study, one, one is placed[0], perfect.cell.array, split)


def choose_atom(atoms: Atoms, sites, study: Study) -> tuple[int, np.ndarray, np.ndarray]:
    """Index of the atom that moves, the site of the study's rank, and the displacement there (Angstrom)."""
    wanted = study.defect
    if wanted.interstitial > len(sites):
        raise EsgapError(f"interstitial = {wanted.interstitial} was asked for, but only {len(sites)} sites were found: see sites.csv")
    site = sites.loc[wanted.interstitial, ["x", "y", "z"]].to_numpy(float)
    if wanted.atom is None:
        index, displacement = atom_to_move(atoms, site, wanted.element, wanted.separation)
    else:
        index = wanted.atom - 1
        if index >= len(atoms) or atoms.symbols[index] != wanted.element:
            raise EsgapError(f"`atom` = {wanted.atom} is not a {wanted.element} atom of the {len(atoms)}-atom cell")
        displacement = get_distances(atoms.positions[index], site, cell=atoms.cell, pbc=True)[0][0, 0]
    along = np.abs(atoms.cell.scaled_positions(displacement[None])[0])
    if along.max() > IMAGE_LIMIT:
        raise EsgapError(
            f"atom {index + 1} would move by {along.max():.2f} of the cell along {'abc'[along.argmax()]}: beyond {IMAGE_LIMIT} its dipole "
            "could be counted to another image; enlarge `supercell` or choose a nearer atom"
        )
    return index, site, displacement


def relaxations(study: Study, placed: Placed, in_fields: bool, cell: np.ndarray, split: dict[str, str]) -> Iterator[Job]:
    """Both cells at zero field, then, `in_fields`, outwards along each direction.

    A field point starts from the relaxed cell of its neighbour nearer to zero: the branch is followed
    adiabatically, and a jump to another state shows as such. `split`: the variables that set the long-range sum.
    """
    for which in CELLS:
        zero = relaxation(study, placed, which, "-", 0.0, f"data.{which}", cell, split)
        yield zero
        for direction in study.field.directions if in_fields else ():
            for sign in (1, -1):
                previous = zero
                for value in sorted((v for v in study.field.values if v * sign > 0), key=abs):
                    previous = relaxation(study, placed, which, direction, value, f"{previous.name}/relaxed.data", cell, split)
                    yield previous


def relaxation(study: Study, placed: Placed, which: str, direction: str, value: float, data: str, cell: np.ndarray, split: dict[str, str]) -> Job:
    """One relaxation; its folder is for example points/li7p3s11/es-gap/defect/x+0.1."""
    name = f"points/{placed.label}/{which}/" + (f"{direction}{'+' * (value > 0)}{value!r}" if value else "zero")
    field = to_lammps_vector(field_vector(direction, value), cell)
    variables = {"engine": study.engine, "perfect": "data.perfect", "data": data} | dict(zip(("ex", "ey", "ez"), map(float, field)))
    variables |= {"force": study.relax.force, "max_steps": study.relax.max_steps, "out": f"{name}/relaxed"} | split
    return lammps_job(
        name,
        DECK,
        variables,
        {"reference": "data.perfect", "start": data},
        ("relaxed.dump", "relaxed.data"),
        {"potential": placed.label, "cell": which, "direction": direction, "field": value},
        placed,
        study.run.ranks,
    )
