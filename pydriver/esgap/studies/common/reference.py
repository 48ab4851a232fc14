"""The reference method, CP2K or an ASE calculator: its sections of a study, and its calculations as jobs."""

import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from ase import Atoms
from ase.io import write
from pydantic import Field, field_validator, model_validator

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.record import write_json, write_text
from esgap.studies import contract
from esgap.studies.sections import Count, Section, StudyPath

SETTINGS, TEMPLATE = "reference.json", "cp2k.template"
LABEL = "label.json"
ENERGY, FORCES, VIRIAL, CHARGES = "dft_energy", "dft_force", "dft_virial", "hirshfeld"  # keys of a labelled configuration


class CP2K(Section):
    """The reference is CP2K with a deck of one's own."""

    template: Annotated[StudyPath, Field(examples=["cp2k.template"])]
    """Input file with @CELL@ and @COORD@ in place of the lines of &CELL and &COORD."""
    ranks: Count = 1
    """MPI ranks of one calculation."""
    program: str = "cp2k.psmp"
    """The executable."""
    launcher: str = "mpirun.openmpi --mca mpi_yield_when_idle 1 -n {ranks}"
    """Before the executable when there is more than one rank; Debian's CP2K belongs to Open MPI."""

    @field_validator("launcher")
    @classmethod
    def _splits_into_words(cls, launcher: str) -> str:
        try:
            shlex.split(launcher.format(ranks=1))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"cannot be read ({error}); the one placeholder is {{ranks}}") from error
        return launcher


class Calculator(Section):
    """The reference is an ASE calculator."""

    calculator: Annotated[str, Field(pattern=r"^[\w.]+:\w+$", examples=["ase.calculators.emt:EMT"])]
    """module:Class."""
    arguments: dict[str, Any] = {}
    """Its keyword arguments."""


def make_calculator(settings: dict, section: str):
    """The ASE calculator of `settings`. Raises EsgapError when there is none, or it refuses its arguments; `section`: of the study, where it stands."""
    module, name = settings["calculator"].split(":")
    try:
        return getattr(import_module(module), name)(**settings["arguments"])
    except (ImportError, AttributeError, TypeError) as error:
        raise EsgapError(f"the calculator {settings['calculator']} cannot be made ({error}): correct [{section}]") from error


class MayHaveReference(contract.Study):
    """A study that compares with a reference where one is given."""

    cp2k: CP2K | None = None
    ase: Calculator | None = None

    @model_validator(mode="after")
    def _not_two_references(self):
        if self.cp2k and self.ase:
            raise ValueError("give one of the sections [cp2k] and [ase]: the method that labels")
        return self


class WithReference(MayHaveReference):
    """A study that labels."""

    @model_validator(mode="after")
    def _one_reference(self):
        if self.cp2k is None and self.ase is None:
            raise ValueError("give one of the sections [cp2k] and [ase]: the method that labels")
        return self


def write_reference(study: contract.Study, stage: Path) -> dict[str, str]:
    """Write the settings of the reference (`study` has the sections cp2k and ase); return them as inputs of its jobs. Raises EsgapError: no template."""
    write_json(stage / SETTINGS, study.model_dump(mode="json", include={"ase"}) | {"cp2k": study.cp2k and study.cp2k.model_dump(mode="json", exclude={"template"})})
    if not study.cp2k:
        return {"settings": SETTINGS}
    if not study.cp2k.template.is_file():
        raise EsgapError(f"no CP2K template {study.cp2k.template}: `template` is relative to the study file")
    write_text(stage / TEMPLATE, study.cp2k.template.read_text())
    return {"settings": SETTINGS, "template": TEMPLATE}


def label_job(study: contract.Study, inputs: dict[str, str], atoms: Atoms, index: int, stage: Path, under: str = "") -> Job:
    """One calculation: its configuration is written to `under`configurations/, it runs in `under`labels/. `inputs`: of `write_reference`."""
    place = f"{index:04d}{_suffix(atoms)}"
    file = f"{under}configurations/{place}.extxyz"
    (stage / file).parent.mkdir(exist_ok=True, parents=True)
    write(stage / file, atoms, format="extxyz")
    return Job(
        name=f"{under}labels/{place}",
        command=("python", "-m", "esgap.studies.label.work", SETTINGS, file, f"{under}labels/{place}"),
        inputs=inputs | {"configuration": file},
        outputs=(f"{under}labels/{place}/{LABEL}",),
        tags={"index": index, "configuration": str(atoms.info.get("tag", index))},
        ranks=study.cp2k.ranks if study.cp2k else 1,
        starts_ranks=True,
        tools=(),
    )


def bare(atoms: Atoms) -> Atoms:
    """Positions and cell, and what the comment line says of the configuration's origin: no label that it may already have."""
    out = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    out.info = {key: value for key, value in atoms.info.items() if isinstance(value, str | int | float) and not key.startswith("dft_") and key != "energy"}
    return out


def labelled(atoms: Atoms, label: dict) -> Atoms:
    """The configuration with the keys dft_energy, dft_force, settings and, where the method gives them, dft_virial and hirshfeld; or with the reason why not."""
    if "reason" in label:
        atoms.info["reason"] = label["reason"]
        return atoms
    atoms.info |= {ENERGY: label["energy"], "settings": label["settings"], "seconds": label["seconds"]}
    atoms.arrays[FORCES] = np.array(label["forces"])
    if label["virial"] is not None:
        atoms.info[VIRIAL] = np.array(label["virial"])
    if label["charges"] is not None:
        atoms.arrays[CHARGES] = np.array(label["charges"])
    return atoms


def _suffix(atoms: Atoms) -> str:
    """The tag as the end of a folder's name."""
    tag = re.sub(r"[^A-Za-z0-9.+-]", "_", str(atoms.info.get("tag", "")))
    return f"-{tag}" if tag else ""
