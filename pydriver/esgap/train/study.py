"""The study of a fit (`fit.toml`), read into frozen, validated models. Units: eV, Angstrom, e."""

import tomllib
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Annotated

from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from esgap.errors import EsgapError
from esgap.potential import Electrostatics
from esgap.study import first_problem

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Keys(Table):
    """Names in the extxyz file: energy (eV), forces (eV/Angstrom), virial (eV, 3x3, positive trace = positive pressure)."""

    energy: str
    forces: str
    virial: str


class Sigma(Table):
    """Expected errors, the regularisation: a force F has max(`force`, `force_relative` |F|)."""

    energy: Positive  # eV per atom
    force: Positive  # eV/Angstrom
    force_relative: Annotated[float, Field(ge=0)] = 0.0
    virial: Positive  # eV per atom


class Distance2b(Table):
    """A squared-exponential term for every pair of elements."""

    cutoff: Positive
    cutoff_transition_width: Positive = 1.0
    n_sparse: Count
    delta: Positive  # eV
    theta: Positive  # Angstrom, length scale

    def terms(self, elements: tuple[str, ...]):
        for pair in combinations_with_replacement(sorted(atomic_numbers[s] for s in elements), 2):
            yield (
                f"distance_2b Z1={pair[0]} Z2={pair[1]} cutoff={self.cutoff} cutoff_transition_width={self.cutoff_transition_width} "
                f"covariance_type=ard_se delta={self.delta} theta_uniform={self.theta} sparse_method=uniform n_sparse={self.n_sparse} add_species=F"
            )


class Soap(Table):
    """A SOAP term (dot-product kernel to the power zeta) for every element that `n_sparse` names."""

    cutoff: Positive
    cutoff_transition_width: Positive = 1.0
    n_max: Count
    l_max: Annotated[int, Field(ge=0)]
    atom_sigma: Positive
    zeta: Positive = 4
    delta: Positive  # eV
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


class Model(Table):
    """One potential to fit; models of a study differ in their baseline alone."""

    name: str
    electrostatics: Electrostatics | None = None


class FitStudy(Table):
    """`esgap fit`: one data set, one set of settings, one or more models."""

    material: str
    elements: tuple[str, ...] = Field(min_length=1)  # in the order of the LAMMPS types
    origin: str  # of data and potentials, with licence: copied to the model card
    data: Path  # extxyz, relative to the study file
    keys: Keys
    holdout_every: Annotated[int, Field(ge=2)] = 7  # configurations 6, 13, 20, ... are not fitted but tested
    seed: int = 1
    sparse_decimals: Annotated[int, Field(ge=8, le=20)] = 14  # digits of the sparse points kept in the files
    sigma: Sigma
    distance_2b: Distance2b
    soap: tuple[Soap, ...] = Field(min_length=1)
    model: tuple[Model, ...] = Field(min_length=1)

    @property
    def cutoff(self) -> float:
        """The largest cutoff of any term, Angstrom."""
        return max(self.distance_2b.cutoff, *(soap.cutoff for soap in self.soap))

    def gap_terms(self) -> str:
        """The `gap` argument of gap_fit."""
        descriptors = (self.distance_2b, *self.soap)
        return "gap={" + " : ".join(term for d in descriptors for term in d.terms(self.elements)) + "}"


def load_study(path: Path) -> FitStudy:
    """Read and check the study of a fit. Raises EsgapError, one sentence, for anything wrong in it."""
    if not path.is_file():
        raise EsgapError(f"no study file {path}: give the path of a TOML file such as potentials/li7p3s11/fit.toml")
    try:
        study = FitStudy.model_validate(tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise EsgapError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise EsgapError(f"{path}: {first_problem(error, FitStudy)}") from error
    for soap in study.soap:
        if unknown := set(soap.n_sparse) - set(study.elements):
            raise EsgapError(f"{path}: soap.n_sparse names {', '.join(sorted(unknown))}, which `elements` lacks: correct one of the two")
    for model in study.model:
        for key in ("charges", "zeta", "n") if model.electrostatics else ():
            if found := set(getattr(model.electrostatics, key)) ^ set(study.elements):
                raise EsgapError(f"{path}: {key} of model {model.name} and `elements` differ by {', '.join(sorted(found))}: correct one of the two")
    return study
