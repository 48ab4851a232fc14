"""Relaxation of a structure with one or several potentials."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies.sections import Compared, Count, Finite, Positive, PotentialName, Relax, Section, StudyPath, distinct

Vector = tuple[Finite, Finite, Finite]
ZERO = (0.0, 0.0, 0.0)


class Cell(Section):
    """What of the cell is relaxed with the ions."""

    relax: Literal["none", "volume", "all"] = "none"
    """none: ions alone; volume: its size at fixed shape; all: edges and angles."""
    pressures: Annotated[tuple[Finite, ...], Field(min_length=1)] = (0.0,)
    """GPa, one relaxation each."""
    stress: Positive = 0.002
    """GPa, deviation from the pressure at the end, root mean square over what may relax."""

    @field_validator("pressures")
    @classmethod
    def _each_once(cls, pressures: tuple) -> tuple:
        return distinct(pressures, "cell.pressures")


class Study(Compared):
    """Relaxed ions, in a field or without, or relaxed ions and cell, under pressure or without."""

    kind: Literal["relax"]
    structure: StudyPath
    """The crystal, any file that ASE reads."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Images of the structure along a, b, c."""
    potential: PotentialName
    """Relaxed in every field and at every pressure."""
    compare: tuple[PotentialName, ...] = ()
    """Further potentials; those without charges at zero field only."""
    fields: Annotated[tuple[Vector, ...], Field(min_length=1)] = (ZERO,)
    """Uniform fields, V/Angstrom, x y z of the structure file; one relaxation of the ions each."""
    cell: Cell = Cell()
    relax: Relax = Relax()

    @model_validator(mode="after")
    def _has_a_minimum(self):
        distinct(self.fields, "fields")
        if self.cell.relax == "none" and self.cell.pressures != (0.0,):
            raise ValueError('cell.pressures are given, but the cell is not relaxed: add relax = "volume" or "all" to [cell]')
        if self.cell.relax != "none" and any(field != ZERO for field in self.fields):
            raise ValueError(
                f'cell.relax = "{self.cell.relax}" in a field: at constant E nothing bounds -E.p once ions drift and the cell grows with their '
                "dipole, so there is no minimum to find; relax the cell without field, then the ions in the field"
            )
        return self
