"""Locality test and charge fit (Fig. 1 A, B of doi:10.1021/acsaem.1c02363; doi:10.1103/PhysRevB.95.094203)."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies import contract
from esgap.studies.common.reference import CP2K, FORCES, Calculator
from esgap.studies.sections import Count, Positive, Section, StudyPath, distinct


class Densities(Section):
    """Slater densities of the electrostatic model; the charges are fitted."""

    zeta: Annotated[dict[str, Positive], Field(examples=[{"Li": 1.0, "P": 1.3, "S": 1.2}])]
    """Exponents, 1/Angstrom; they hardly matter beyond 5 Angstrom."""
    n: dict[str, Count] = {}
    """Principal quantum numbers; 1 where not given."""
    cutoff: Positive = 10.0
    """Real space of the Coulomb sum, Angstrom."""


class Displace(Section):
    """Instead of `data`: cells that are made from one and labelled by the section [cp2k] or [ase]."""

    structure: Annotated[StudyPath, Field(examples=["relaxed.extxyz"])]
    """The undisplaced cell, best at a minimum of the reference."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Repetitions of it."""
    centres: tuple[Count, ...] = ()
    """Ids of atoms, from 1: around each all atoms beyond a radius are displaced."""
    radii: tuple[Positive, ...] = (4.0, 6.0)
    """Angstrom, at most half the shortest lattice vector."""
    sigma: Positive = 0.1
    """Of these displacements a component, Angstrom."""
    displacements: Count = 3
    """Of each centre and radius."""
    single: tuple[Count, ...] = ()
    """Ids of atoms that are moved alone along x, y and z: every atom far from one gives three numbers to the charge fit."""
    shift: Positive = 0.3
    """Of these, Angstrom."""
    seed: int = 1
    """Of the displacements."""

    @model_validator(mode="after")
    def _something_moves(self):
        if not self.centres and not self.single:
            raise ValueError("nothing is displaced: give centres, single, or both")
        return self


class Study(contract.Study):
    """What of the forces comes from far away, and the charges that explain it."""

    kind: Literal["locality"]
    data: Annotated[StudyPath | None, Field(examples=["locality.extxyz"])] = None
    """Labelled cells: one with config_type = base, others with some of its atoms displaced."""
    displace: Displace | None = None
    cp2k: CP2K | None = None
    ase: Calculator | None = None
    forces: str = "dft_force"
    """Name of the forces in the file, eV/Angstrom."""
    elements: Annotated[tuple[str, ...], Field(min_length=2, examples=[["Li", "P", "S"]])]
    """In the order of the charges; the first is positive."""
    radius: Positive = 6.0
    """The charges are fitted to forces on atoms at least this far from every displaced atom, Angstrom."""
    radii: Annotated[tuple[Positive, ...], Field(min_length=1)] = (4.0, 5.0, 6.0)
    """Distances for the table of induced forces, Angstrom."""
    densities: Densities
    polarisable: tuple[str, ...] = ()
    """Elements whose ions have induced dipoles in a second fit, which finds charges, polarisabilities and the width of the densities together."""

    @field_validator("elements")
    @classmethod
    def _each_once(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        return distinct(elements, "elements")

    @model_validator(mode="after")
    def _polarisable_elements_are_known(self):
        if unknown := set(distinct(self.polarisable, "polarisable")) - set(self.elements):
            raise ValueError(f"polarisable names {', '.join(sorted(unknown))}, which `elements` lacks: correct one of the two")
        return self

    @model_validator(mode="after")
    def _data_or_displace(self):
        if (self.data is None) == (self.displace is None):
            raise ValueError("give labelled cells as `data`, or [displace] to make some")
        if sum(section is not None for section in (self.cp2k, self.ase)) != (1 if self.displace else 0):
            raise ValueError("[displace] needs one of the sections [cp2k] and [ase], the method that labels; `data` needs none")
        if self.displace and self.forces != FORCES:
            raise ValueError(f"forces = {self.forces!r}: those of cells that are made here are {FORCES}; remove the key")
        return self

    @model_validator(mode="after")
    def _densities_fit_the_elements(self):
        if found := set(self.densities.zeta) ^ set(self.elements):
            raise ValueError(f"densities.zeta and elements differ by {', '.join(sorted(found))}: correct one of the two")
        return self
