"""Charges that a reference calculation gives atoms, against what they are bonded to."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from esgap.studies import contract
from esgap.studies.sections import Positive, Section, StudyPath


def _folder_or_name(place: str, info: ValidationInfo) -> str:
    """A folder beside the study comes first; else the name is looked up by Potential.load."""
    beside = (info.context or {}).get("folder", Path()) / place
    return str(beside) if beside.is_dir() else place


Place = Annotated[str, AfterValidator(_folder_or_name)]


class Polyanions(Section):
    """What is bonded to what; lengths in Angstrom."""

    centre: str = "P"
    """Element in the middle of a polyanion."""
    ligand: str = "S"
    """Element around it: terminal with one centre, bridging with several."""
    bond: Positive = 2.75
    """Longest bond of centre and ligand, so long that vibrations at 1000 K do not break it."""
    centre_bond: Positive = 2.6
    """Longest bond of two centres, as in P2S6."""
    contact: Positive = 3.0
    """Other ions belong to the polyanions whose ligands are nearer than this."""

    @model_validator(mode="after")
    def _two_elements(self):
        if self.centre == self.ligand:
            raise ValueError(f"centre and ligand are both {self.centre}: give two elements")
        return self


class Study(contract.Study):
    """Charges of atoms from reference calculations by element and environment, beside those of an electrostatic model."""

    kind: Literal["charges"]
    data: Annotated[tuple[StudyPath, ...], Field(min_length=1, examples=[["labels.extxyz"]])]
    """Labelled configurations, extxyz; those without charges are left out."""
    charges: str = "hirshfeld"
    """Name of the atomic charges in the files, e."""
    fitted: dict[str, Place] = {}
    """Name -> fitted charges to show beside: the run folder of a study of kind locality, or a potential (folder or name)."""
    polyanions: Polyanions = Polyanions()
