"""One job a configuration: a process that runs the reference method and leaves label.json."""

import re
from collections.abc import Iterator

from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.record import write_json, write_text
from esgap.studies.contract import Workspace
from esgap.studies.label.study import Study

SETTINGS, TEMPLATE = "reference.json", "cp2k.template"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write the settings of the reference and a file a configuration; yield the calculations.

    Raises EsgapError: unreadable or empty configurations, a cell that is not periodic, no template.
    """
    inputs = {"settings": SETTINGS}
    write_json(work.stage / SETTINGS, study.model_dump(mode="json", include={"ase"}) | {"cp2k": study.cp2k and study.cp2k.model_dump(mode="json", exclude={"template"})})
    if study.cp2k:
        if not study.cp2k.template.is_file():
            raise EsgapError(f"no CP2K template {study.cp2k.template}: `template` is relative to the study file")
        write_text(work.stage / TEMPLATE, study.cp2k.template.read_text())
        inputs["template"] = TEMPLATE
    for i, atoms in enumerate(read_configurations(study)):
        name = f"labels/{i:04d}{_suffix(atoms)}"
        file = f"configurations/{name.split('/')[1]}.extxyz"
        (work.stage / file).parent.mkdir(exist_ok=True)
        write(work.stage / file, atoms, format="extxyz")
        yield Job(
            name=name,
            command=("python", "-m", "esgap.studies.label.work", SETTINGS, file, name),
            inputs=inputs | {"configuration": file},
            outputs=(f"{name}/label.json",),
            tags={"index": i, "configuration": str(atoms.info.get("tag", i))},
            ranks=study.cp2k.ranks if study.cp2k else 1,
            starts_ranks=True,
            tools=(),
        )


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
    return [_bare(atoms) for atoms in found]


def _bare(atoms: Atoms) -> Atoms:
    """Positions and cell, and what the comment line says of the configuration's origin."""
    bare = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.info = {key: value for key, value in atoms.info.items() if isinstance(value, str | int | float) and not key.startswith("dft_") and key != "energy"}
    return bare


def _suffix(atoms: Atoms) -> str:
    """The tag as the end of a folder's name."""
    tag = re.sub(r"[^A-Za-z0-9.+-]", "_", str(atoms.info.get("tag", "")))
    return f"-{tag}" if tag else ""
