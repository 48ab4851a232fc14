"""Charges that a reference calculation gives atoms, against what they are bonded to."""

from typing import Annotated, Literal

from pydantic import Field

from esgap.studies import contract
from esgap.studies.common.charges import Place, Polyanions
from esgap.studies.sections import StudyPath


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
