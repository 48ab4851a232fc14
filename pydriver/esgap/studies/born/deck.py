"""CP2K without field, then in fields of both signs along x, y and z, which start from its wave functions."""

from collections.abc import Iterator
from pathlib import Path

from ase.io import write
from ase.units import Bohr, Hartree

from esgap import cp2k
from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure
from esgap.physics.born import drop
from esgap.record import write_json, write_text
from esgap.studies.born.study import Study
from esgap.studies.common.charges import fitted_charges
from esgap.studies.common.reference import SETTINGS, bare
from esgap.studies.contract import Workspace

CELL, FITTED, FOUND = "cell.extxyz", "fitted.json", "born.json"
ZERO, WAVE = "zero", "zero.wfn"
SIGNS = {"p": 1, "m": -1}


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write the inputs of CP2K. Raises EsgapError: no structure, a template that is not there or lacks a place, no charges where they should be."""
    atoms = bare(read_structure(study.structure, study.supercell))
    write(work.stage / CELL, atoms, format="extxyz")
    write_json(work.stage / FITTED, {name: fitted_charges(place) for name, place in study.fitted.items()})
    write_json(work.stage / SETTINGS, study.cp2k.model_dump(mode="json", include={"program", "launcher", "ranks"}))
    yield job(study, work, ZERO, cp2k.deck(read_template(study.cp2k.template), atoms), {"what": ZERO})
    template = read_template(study.cp2k.field_template)
    if f"../{ZERO}/{WAVE}" not in template:
        raise EsgapError(f"{study.cp2k.field_template} does not start from the zero field: write WFN_RESTART_FILE_NAME ../{ZERO}/{WAVE} into &DFT")
    for axis, name in enumerate("xyz"):
        if too_strong(study, axis, atoms.cell.array):
            continue
        for letter, sign in SIGNS.items():
            text = cp2k.deck(template, atoms, {"@FIELD@": section(sign * study.field, axis)})
            yield job(study, work, f"{name}{letter}", text, {"what": "field", "axis": axis, "sign": sign})


def job(study: Study, work: Workspace, name: str, text: str, tags: dict) -> Job:
    """A calculation in the folder `name`; its input is written to decks/. A whole output of that input that lies there already is read, not computed again."""
    file = f"decks/{name}.inp"
    (work.stage / file).parent.mkdir(exist_ok=True)
    write_text(work.stage / file, text)
    after = {} if name == ZERO else {"zero": f"{ZERO}/{FOUND}"}
    return Job(
        name=name,
        command=("python", "-m", "esgap.studies.born.work", SETTINGS, CELL, file, name),
        inputs={"settings": SETTINGS, "cell": CELL, "deck": file} | after,
        outputs=(f"{name}/{FOUND}",),
        tags=tags,
        ranks=study.cp2k.ranks,
        starts_ranks=True,
        continues=True,
        tools=(),
    )


def too_strong(study: Study, axis: int, cell) -> str:
    """Why there can be no calculation with the field along an axis; empty when there can."""
    found = drop(study.field, axis, cell)
    return f"the field drops {found:.2f} V over a vector of the cell, more than the gap of {study.gap:g} eV" if found > study.gap else ""


def section(field: float, axis: int) -> str:
    """The section of CP2K for a field (V/Angstrom) along an axis."""
    lines = ("&PERIODIC_EFIELD", f"  INTENSITY {field / (Hartree / Bohr):.10f}", f"  POLARISATION {' '.join('1' if a == axis else '0' for a in range(3))}", "&END PERIODIC_EFIELD")
    return "\n".join(f"    {line}" for line in lines)


def read_template(path: Path) -> str:
    """Raises EsgapError when there is none."""
    if not path.is_file():
        raise EsgapError(f"no CP2K template {path}: `template` and `field_template` are relative to the study file")
    return path.read_text()
