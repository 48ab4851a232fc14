"""Formation energy of Frenkel pairs against an electric field (Fig. 5 of doi:10.1021/acsaem.1c02363)."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies.common.reference import MayHaveReference
from esgap.studies.sections import Coulomb, Count, Engine, Finite, Positive, PotentialName, Relax, Section, StudyPath, distinct

NAMED = ("x", "y", "z", "a", "b", "c")
Vector = tuple[Finite, Finite, Finite]
Supercell = tuple[Count, Count, Count]


class Places(Section):
    """A pair given by its places, in fractional coordinates of the structure file."""

    vacancy: Vector
    """Where the ion is taken from: within 0.5 Angstrom of an atom."""
    interstitial: Vector
    """Where it goes; the vector between the two counts, so any image may be given."""


class Defect(Section):
    """Frenkel pairs: one ion of `element` is moved to an interstitial site."""

    element: str = "Li"
    """Element of the ion that moves."""
    anions: Annotated[tuple[str, ...], Field(min_length=1)] = ("S",)
    """Elements whose Voronoi vertices are the candidate sites."""
    pairs: int | tuple[str, ...] = 1
    """How many candidates are relaxed, those of lowest energy before relaxation; or the names of some in pairs.csv."""
    places: tuple[Places, ...] = ()
    """Pairs given by their places, instead."""
    separation: Positive = 4.0
    """Shortest distance between vacancy and interstitial of a candidate, Angstrom."""
    reach: Positive = 6.0
    """Longest distance, Angstrom."""
    symmetry: Positive = 0.01
    """Angstrom, within which symmetry operations of the crystal are found."""

    @model_validator(mode="after")
    def _sensible(self):
        if self.reach < self.separation:
            raise ValueError(f"reach = {self.reach:g} is shorter than separation = {self.separation:g}: no pair has such a distance")
        if isinstance(self.pairs, int) and self.pairs < 1:
            raise ValueError(f"pairs = {self.pairs}: expected a number from 1 on, or names of pairs")
        if not isinstance(self.pairs, int):
            distinct(self.pairs, "defect.pairs")
        return self


class ElectricField(Section):
    """Uniform fields: every value along every direction."""

    values: tuple[Finite, ...] = (-0.2, -0.1, 0.0, 0.1, 0.2)
    """Fields, V/Angstrom."""
    directions: tuple[str | Vector, ...] = ("x", "y", "z")
    """x, y, z of the structure file; a, b, c, its cell vectors; or a Cartesian vector as [1, -1, 0]."""

    eps_inf: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None = None
    """Relative permittivity of the electrons. Given, the figure has a second axis: the fields that do the same where they act on sqrt(eps_inf) times the charges."""

    @field_validator("values", "directions")
    @classmethod
    def _each_once(cls, values: tuple, info) -> tuple:
        return distinct(values, f"field.{info.field_name}")

    @field_validator("directions")
    @classmethod
    def _known(cls, values: tuple) -> tuple:
        if unknown := [value for value in values if not (value in NAMED if isinstance(value, str) else any(value))]:
            raise ValueError(f"{unknown[0]!r} is no direction: expected one of {', '.join(NAMED)}, or a vector of three numbers that are not all zero")
        return values

    @property
    def labels(self) -> tuple[str, ...]:
        """The directions as words: "x", "1,-1,0"."""
        return tuple(value if isinstance(value, str) else ",".join(f"{part:g}" for part in value) for value in self.directions)


class Study(MayHaveReference):
    """Formation energy of Frenkel pairs against an electric field; with [cp2k] or [ase] also single points by that method on the relaxed cells without field."""

    kind: Literal["frenkel"]
    structure: StudyPath
    """The perfect crystal, any file that ASE reads."""
    supercell: Supercell = (1, 1, 1)
    """Images of the structure along a, b, c."""
    supercells: tuple[Supercell, ...] = ()
    """Several of them, the smallest first, instead of `supercell`: the same pair in each."""
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
    def _each_once(self):
        distinct((self.potential, *self.compare), "potential and compare")
        distinct(self.supercells, "supercells")
        if self.supercells and self.supercell != (1, 1, 1):
            raise ValueError("supercell and supercells are both given: give one of them")
        for size in self.supercells[1:]:
            if any(this < first for this, first in zip(size, self.supercells[0])):
                raise ValueError(f"supercells has {list(size)} after {list(self.supercells[0])}, smaller along an axis: the first has to fit into all others along a, b and c")
        return self

    @property
    def cells(self) -> tuple[Supercell, ...]:
        """The supercells."""
        return self.supercells or (self.supercell,)
