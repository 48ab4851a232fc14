"""Formation energy of a Frenkel pair against an electric field (Fig. 5 of doi:10.1021/acsaem.1c02363)."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies import contract
from esgap.studies.sections import Axis, Coulomb, Count, Engine, Finite, Positive, PotentialName, Relax, Section, StudyPath, distinct


class Defect(Section):
    """A Frenkel pair: one atom of `element` is moved to an interstitial site."""

    element: str = "Li"
    """Element of the ion that moves."""
    anions: Annotated[tuple[str, ...], Field(min_length=1)] = ("S",)
    """Elements whose Voronoi vertices are the candidate sites."""
    interstitial: Count = 1
    """Rank of the site in sites.csv, 1 = best."""
    separation: Positive = 4.0
    """The atom moved is the nearest one at least this far from the site, Angstrom."""
    atom: Count | None = None
    """Id of the atom to move instead of that."""


class ElectricField(Section):
    """Uniform fields: every value along every direction of the structure file."""

    values: tuple[Finite, ...] = (-0.2, -0.1, 0.0, 0.1, 0.2)
    """Fields, V/Angstrom."""
    directions: tuple[Axis, ...] = ("x", "y", "z")
    """Cartesian directions of the structure file."""

    @field_validator("values", "directions")
    @classmethod
    def _each_once(cls, values: tuple, info) -> tuple:
        return distinct(values, f"field.{info.field_name}")


class Study(contract.Study):
    """Formation energy of a Frenkel pair against an electric field."""

    kind: Literal["frenkel"]
    structure: StudyPath
    """The perfect crystal, any file that ASE reads."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Images of the structure along a, b, c."""
    potential: PotentialName
    """With charges: relaxed in every field."""
    compare: tuple[PotentialName, ...] = ()
    """Relaxed without field only."""
    engine: Engine = "native"
    """Who evaluates the GAP: native (pair_style gap) or quip."""
    defect: Defect = Defect()
    field: ElectricField = ElectricField()
    relax: Relax = Relax()
    electrostatics: Coulomb = Coulomb()

    @model_validator(mode="after")
    def _each_potential_once(self):
        distinct((self.potential, *self.compare), "potential and compare")
        return self
