"""Interstitial sites of a crystal, and Monte Carlo over the distributions of its mobile ions."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies import contract
from esgap.studies.sections import Coulomb, Count, Positive, PotentialName, Relax, Section, StudyPath, distinct


class MonteCarlo(Section):
    """Metropolis chains: one ion at a time tries an empty place."""

    temperatures: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1000.0, 3000.0)
    """K; one chain each and for each seed."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (1, 2)
    """Of the random numbers."""
    steps: Count = 400
    """Trial moves of a chain."""
    nearest: Positive = 2.2
    """Two ions nearer than this are not tried, Angstrom."""
    ion_steps: Annotated[int, Field(ge=0)] = 0
    """Steps that relax the mobile ions of a trial before its energy counts; 0 leaves them on their places."""
    keep: Count = 5
    """States of lowest energy, distinct by symmetry, that are relaxed in the end beside the crystal."""

    @field_validator("temperatures", "seeds")
    @classmethod
    def _each_once(cls, values: tuple, info) -> tuple:
        return distinct(values, f"monte_carlo.{info.field_name}")


class Study(contract.Study):
    """Interstitial sites, and the distributions of the mobile ions on crystal and interstitial sites."""

    kind: Literal["sites"]
    structure: StudyPath
    """The crystal, any file that ASE reads."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Images of the structure along a, b, c."""
    element: str = "Li"
    """Element of the mobile ions."""
    anions: Annotated[tuple[str, ...], Field(min_length=1)] = ("S",)
    """Elements whose Voronoi vertices are the interstitial sites."""
    symmetry: Positive = 0.01
    """Angstrom, within which symmetry operations of the crystal are found."""
    potential: PotentialName | None = None
    """For [monte_carlo]."""
    monte_carlo: MonteCarlo | None = None
    relax: Relax = Relax()
    electrostatics: Coulomb = Coulomb()

    @model_validator(mode="after")
    def _energies_need_a_potential(self):
        if self.monte_carlo and not self.potential:
            raise ValueError("[monte_carlo] needs energies: give `potential`")
        return self
