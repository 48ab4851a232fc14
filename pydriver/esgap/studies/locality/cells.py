"""The cells of [displace]: made from one, labelled, and gathered in one file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.geometry import minkowski_reduce
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure
from esgap.physics.locality import displaced_beyond
from esgap.record import read_json
from esgap.studies.common.reference import LABEL, bare, label_job, labelled, write_reference
from esgap.studies.contract import Workspace
from esgap.studies.locality.study import Displace, Study

BASE, LOCALITY, SINGLE = "base", "locality", "single-atom"  # config_type; the first is the undisplaced cell


def label_jobs(study: Study, work: Workspace) -> list[Job]:
    """The calculations of all cells of [displace]. Raises EsgapError: see `made`, and `write_reference`."""
    base = read_structure(study.displace.structure, study.displace.supercell)
    reference = write_reference(study, work.stage)
    jobs = [label_job(study, reference, atoms, i, work.stage) for i, atoms in enumerate(made(bare(base), study.displace))]
    return [job.model_copy(update={"tags": job.tags | {"what": "label"}}) for job in jobs]


def made(base: Atoms, section: Displace) -> Iterator[Atoms]:
    """The undisplaced cell, then the others; their comment lines say what was displaced, atoms counted from 0.

    Raises EsgapError for an atom that the cell lacks, or a radius beyond half its shortest lattice vector.
    """
    if (largest := max((*section.centres, *section.single))) > len(base):
        raise EsgapError(f"[displace] names atom {largest} of a cell of {len(base)}: ids begin with 1; correct centres or single")
    half = np.linalg.norm(minkowski_reduce(base.cell.array)[0], axis=1).min() / 2
    if section.centres and max(section.radii) > half + 0.1:
        raise EsgapError(f"displace.radii reach {max(section.radii):g} Angstrom, more than half the shortest lattice vector ({half:.2f}): an atom would see its own image; lower them or take a supercell")
    yield _named(base, "base", config_type=BASE)
    random = np.random.default_rng(section.seed)
    for centre in section.centres:
        for radius in section.radii:
            for k in range(section.displacements):
                moved = displaced_beyond(base, centre - 1, radius, section.sigma, random)
                yield _named(moved, f"locality-{centre}-{radius:g}-{k}", config_type=LOCALITY, centre=centre - 1, radius=radius, sigma=section.sigma)
    for atom in section.single:
        for axis, name in enumerate("xyz"):
            moved = base.copy()
            moved.positions[atom - 1, axis] += section.shift
            yield _named(moved, f"single-{atom}-{name}", config_type=SINGLE, atom=atom - 1)


def gather(jobs: list[Job], folder: Path, file: Path) -> None:
    """Write the labelled cells to `file`. Raises EsgapError when the undisplaced one has no label; others without are left out."""
    found = [labelled(read(folder / job.inputs["configuration"]), read_json(folder / job.name / LABEL, "delete the folder to label it again")) for job in jobs]
    if "reason" in found[0].info:
        raise EsgapError(f"the undisplaced cell has no label ({found[0].info['reason']}): without it nothing can be compared; change the settings of the reference")
    write(file, [atoms for atoms in found if "reason" not in atoms.info], format="extxyz")


def _named(atoms: Atoms, tag: str, **info) -> Atoms:
    out = atoms.copy()
    out.info = {"tag": tag} | info
    return out
