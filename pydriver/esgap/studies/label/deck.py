"""One job a configuration: a process that runs the reference method and leaves label.json."""

from collections.abc import Iterator

from ase import Atoms
from ase.io import read

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.studies.common.reference import bare, label_job, write_reference
from esgap.studies.contract import Workspace
from esgap.studies.label.study import Study


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write the settings of the reference and a file a configuration; yield the calculations.

    Raises EsgapError: unreadable or empty configurations, a cell that is not periodic, no template.
    """
    inputs = write_reference(study, work.stage)
    for i, atoms in enumerate(read_configurations(study)):
        yield label_job(study, inputs, atoms, i, work.stage)


def read_configurations(study: Study) -> list[Atoms]:
    """The configurations, without labels that they may already have."""
    if not study.configurations.is_file():
        raise EsgapError(f"no file {study.configurations}: `configurations` is relative to the study file")
    try:
        found = read(study.configurations, ":")
    except Exception as error:  # each of ASE's readers has its own errors
        raise EsgapError(f"{study.configurations} cannot be read ({type(error).__name__}: {error}): give a file that ASE reads, such as extxyz") from error
    if not found:
        raise EsgapError(f"{study.configurations} holds no configuration")
    for i, atoms in enumerate(found):
        if atoms.cell.rank < 3 or not atoms.pbc.all():
            raise EsgapError(f"configuration {i} of {study.configurations} is not periodic in three directions: give it a cell and pbc")
    return [bare(atoms) for atoms in found]
