"""Born effective charges from finite fields (doi:10.1103/PhysRevLett.89.117602, doi:10.1103/PhysRevLett.89.157602)."""

from typing import Annotated, Literal

from pydantic import Field

from esgap.studies import contract
from esgap.studies.common.charges import Place, Polyanions
from esgap.studies.common.reference import CP2K
from esgap.studies.sections import Count, Positive, StudyPath


class FieldCP2K(CP2K):
    """CP2K without field (`template`, which writes wave functions) and in fields that start from them."""

    field_template: Annotated[StudyPath, Field(examples=["field.template"])]
    """Input file with @FIELD@ in the place of &PERIODIC_EFIELD, besides @CELL@ and @COORD@; it starts from ../zero/zero.wfn and prints forces and &MOMENTS."""


class Study(contract.Study):
    """Born effective charges and eps_inf of a crystal from CP2K in small electric fields, beside charges of models."""

    kind: Literal["born"]
    structure: StudyPath
    """The crystal, best at a minimum of the reference; at the Gamma point alone, so a cell of 10 Angstrom and more."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Repetitions of it."""
    field: Annotated[float, Field(gt=1e-4, le=0.1)] = 0.025
    """Along x, y and z with both signs, V/Angstrom."""
    gap: Positive = 2.0
    """Of the electrons, eV: a direction in which the field drops by more over a vector of the cell is left out."""
    fitted: dict[str, Place] = {}
    """Name -> charges to show beside: the run folder of a study of kind locality, or a potential (folder or name)."""
    cp2k: FieldCP2K
    polyanions: Polyanions | None = None
