"""Locality test and charge fit (Fig. 1 A, B of doi:10.1021/acsaem.1c02363; doi:10.1103/PhysRevB.95.094203)."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies import contract
from esgap.studies.sections import Count, Positive, Section, StudyPath, distinct


class Densities(Section):
    """Slater densities of the electrostatic model; the charges are fitted."""

    zeta: Annotated[dict[str, Positive], Field(examples=[{"Li": 1.0, "P": 1.3, "S": 1.2}])]
    """Exponents, 1/Angstrom; they hardly matter beyond 5 Angstrom."""
    n: dict[str, Count] = {}
    """Principal quantum numbers; 1 where not given."""
    cutoff: Positive = 10.0
    """Real space of the Coulomb sum, Angstrom."""


class Study(contract.Study):
    """What of the forces comes from far away, and the charges that explain it."""

    kind: Literal["locality"]
    data: Annotated[StudyPath, Field(examples=["locality.extxyz"])]
    """Labelled cells: one with config_type = base, others with some of its atoms displaced."""
    forces: str = "dft_force"
    """Name of the forces in the file, eV/Angstrom."""
    elements: Annotated[tuple[str, ...], Field(min_length=2, examples=[["Li", "P", "S"]])]
    """In the order of the charges; the first is positive."""
    radius: Positive = 6.0
    """The charges are fitted to forces on atoms at least this far from every displaced atom, Angstrom."""
    radii: Annotated[tuple[Positive, ...], Field(min_length=1)] = (4.0, 5.0, 6.0)
    """Distances for the table of induced forces, Angstrom."""
    densities: Densities

    @field_validator("elements")
    @classmethod
    def _each_once(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(elements, "elements")

    @model_validator(mode="after")
    def _densities_fit_the_elements(self):
        if found := set(self.densities.zeta) ^ set(self.elements):
            raise ValueError(f"densities.zeta and elements differ by {', '.join(sorted(found))}: correct one of the two")
        return self
