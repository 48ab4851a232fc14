"""The study of a fit (`fit.toml`). Units: eV, Angstrom, e."""

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Annotated, Literal

from ase.data import atomic_numbers
from pydantic import Field, field_validator, model_validator

from esgap.potential import Electrostatics, check_name
from esgap.studies import contract
from esgap.studies.sections import Count, Positive, Section, StudyPath, distinct


class Keys(Section):
    """Names in the extxyz file: energy (eV), forces (eV/Angstrom), virial (eV, 3x3, positive trace = positive pressure)."""

    energy: str
    forces: str
    virial: str


class Sigma(Section):
    """Expected errors, the regularisation: a force F has max(`force`, `force_relative` |F|)."""

    energy: Positive
    """EV per atom."""
    force: Positive
    """EV/Angstrom."""
    force_relative: Annotated[float, Field(ge=0)] = 0.0
    virial: Positive
    """EV per atom."""


class Distance2b(Section):
    """A squared-exponential term for every pair of elements."""

    cutoff: Positive
    cutoff_transition_width: Positive = 1.0
    n_sparse: Count
    delta: Positive
    """EV."""
    theta: Positive
    """Angstrom, length scale."""

    def terms(self, elements: tuple[str, ...]):
        for pair in combinations_with_replacement(sorted(atomic_numbers[s] for s in elements), 2):
            yield (
                f"distance_2b Z1={pair[0]} Z2={pair[1]} cutoff={self.cutoff} cutoff_transition_width={self.cutoff_transition_width} "
                f"covariance_type=ard_se delta={self.delta} theta_uniform={self.theta} sparse_method=uniform n_sparse={self.n_sparse} add_species=F"
            )


class Soap(Section):
    """A SOAP term (dot-product kernel to the power zeta) for every element that `n_sparse` names."""

    cutoff: Positive
    cutoff_transition_width: Positive = 1.0
    n_max: Count
    l_max: Annotated[int, Field(ge=0, le=20)]
    atom_sigma: Positive
    zeta: Annotated[float, Field(ge=1)] = 4
    delta: Positive
    """EV."""
    n_sparse: dict[str, Count]

    def terms(self, elements: tuple[str, ...]):
        species = sorted(atomic_numbers[s] for s in elements)
        for symbol, n_sparse in self.n_sparse.items():
            yield (
                f"soap n_max={self.n_max} l_max={self.l_max} atom_sigma={self.atom_sigma} zeta={self.zeta:g} "
                f"cutoff={self.cutoff} cutoff_transition_width={self.cutoff_transition_width} central_weight=1.0 "
                f"covariance_type=dot_product delta={self.delta} sparse_method=cur_points n_sparse={n_sparse} add_species=F "
                f"Z={atomic_numbers[symbol]} n_species={len(species)} species_Z={{{{{' '.join(map(str, species))}}}}}"
            )


class Model(Section):
    """One potential to fit; models of a study differ in their baseline alone."""

    name: str
    """Name of the potential and of its folder."""
    electrostatics: Electrostatics | None = None

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return check_name(name, "name")


class Study(contract.Study):
    """Potentials fitted to one set of labelled configurations, with one set of settings."""

    kind: Literal["fit"] = "fit"
    material: Annotated[str, Field(examples=["Li7P3S11"])]
    """Name of the material, and of the potentials' parent folder."""
    elements: Annotated[tuple[str, ...], Field(min_length=1, examples=[["Li", "P", "S"]])]
    """In the order of the LAMMPS types."""
    origin: str = ""
    """Of data and potentials, with licence: copied to the model card."""
    data: Annotated[StudyPath, Field(examples=["training/labels.extxyz"])]
    """Labelled configurations, extxyz."""
    publish: Annotated[StudyPath, Field(validate_default=True)] = Path(".")
    """Folder that the finished potentials are put into, each as NAME/."""
    keys: Keys
    holdout_every: Annotated[int, Field(ge=2)] = 7
    """Configurations 6, 13, 20, ... are not fitted but tested."""
    seed: int = 1
    """Of the choice of sparse points."""
    sparse_decimals: Annotated[int, Field(ge=8, le=20)] = 14
    """Digits of the sparse points kept in the files."""
    sigma: Sigma
    distance_2b: Distance2b
    soap: Annotated[tuple[Soap, ...], Field(min_length=1)]
    model: Annotated[tuple[Model, ...], Field(min_length=1)]
    """Potentials to fit."""

    @field_validator("material")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return check_name(name, "material")

    @field_validator("elements")
    @classmethod
    def _are_elements(cls, elements: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(elements) - set(atomic_numbers)):
            raise ValueError(f"{', '.join(unknown)} is no chemical symbol")
        return distinct(elements, "elements")

    @model_validator(mode="after")
    def _names_fit_the_elements(self):
        distinct(tuple(model.name for model in self.model), "model.name")
        for soap in self.soap:
            if unknown := set(soap.n_sparse) - set(self.elements):
                raise ValueError(f"soap.n_sparse names {', '.join(sorted(unknown))}, which `elements` lacks: correct one of the two")
        for model in self.model:
            for key in ("charges", "zeta", "n") if model.electrostatics else ():
                if found := set(getattr(model.electrostatics, key)) ^ set(self.elements):
                    raise ValueError(f"{key} of model {model.name} and `elements` differ by {', '.join(sorted(found))}: correct one of the two")
        return self

    @property
    def cutoff(self) -> float:
        """The largest cutoff of any term, Angstrom."""
        return max(self.distance_2b.cutoff, *(soap.cutoff for soap in self.soap))

    def gap_terms(self) -> str:
        """The `gap` argument of gap_fit."""
        descriptors = (self.distance_2b, *self.soap)
        return "gap={" + " : ".join(term for d in descriptors for term in d.terms(self.elements)) + "}"
