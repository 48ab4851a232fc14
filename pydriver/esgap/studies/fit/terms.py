"""Sections of the study of a fit: keys of the labels, expected errors, terms. Units: eV, Angstrom."""

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Annotated

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from pydantic import Field, model_validator

from esgap.errors import EsgapError
from esgap.gapfit.terms import Pair
from esgap.gapfit.terms import Soap as SoapTerm
from esgap.studies.sections import Count, Positive, Section


class Keys(Section):
    """Names in the extxyz file. A label without a name here is not fitted; a configuration may lack some of those named."""

    energy: str | None = None
    """EV."""
    forces: str | None = None
    """EV/Angstrom."""
    virial: str | None = None
    """EV, 3 x 3, positive trace = positive pressure."""
    stress: str | None = None
    """Instead of the virial: eV/Angstrom^3, 3 x 3 or xx yy zz yz xz xy, negative trace = positive pressure."""

    @model_validator(mode="after")
    def _virial_or_stress(self):
        if self.virial and self.stress:
            raise ValueError("give virial or stress, not both")
        if not (self.energy or self.forces or self.virial or self.stress):
            raise ValueError("no label is named: give energy, forces, virial or stress")
        return self


STANDARD_KEYS = Keys(energy="energy", forces="forces", stress="stress")  # those that ASE writes


class TypeSigma(Section):
    """Expected errors of the configurations of one config_type, where they differ from those of [sigma]."""

    energy: Positive | None = None
    """EV per atom."""
    force: Positive | None = None
    """EV/Angstrom."""
    force_relative: Annotated[float, Field(ge=0)] | None = None
    """Share of the size of a force."""
    virial: Positive | None = None
    """EV per atom."""


class Sigma(Section):
    """Expected errors, the regularisation: a force F has max(`force`, `force_relative` |F|)."""

    energy: Positive
    """EV per atom: of N atoms, sqrt(N) times this."""
    force: Positive
    """EV/Angstrom."""
    force_relative: Annotated[float, Field(ge=0)] = 0.0
    """Share of the size of a force."""
    virial: Positive
    """EV per atom: of N atoms, sqrt(N) times this."""
    force_of: dict[str, Positive] = {}
    """By element, instead of `force`."""
    config_type: dict[str, TypeSigma] = {}
    """By the config_type of a configuration; it overrides `force_of`."""

    def of(self, atoms: Atoms, forces: np.ndarray | None) -> dict[str, float | np.ndarray]:
        """The sigmas of one configuration as `esgap.gapfit.targets.Target` takes them; `forces`: the reference."""
        own = self.config_type.get(str(atoms.info.get("config_type")), TypeSigma())
        floor = np.array([own.force or self.force_of.get(s, self.force) for s in atoms.symbols])
        relative = self.force_relative if own.force_relative is None else own.force_relative
        size = 0.0 if forces is None else np.linalg.norm(forces, axis=1)
        return {"sigma_energy": own.energy or self.energy, "sigma_forces": np.maximum(floor, relative * size), "sigma_virial": own.virial or self.virial}


class Distance2b(Section):
    """A squared-exponential term for every pair of elements."""

    cutoff: Positive
    """Angstrom."""
    cutoff_transition_width: Positive = 1.0
    """Angstrom, over which the term fades before the cutoff."""
    n_sparse: Count
    """Sparse points of a pair."""
    delta: Positive
    """EV."""
    theta: Positive
    """Angstrom, length scale."""

    @model_validator(mode="after")
    def _is_evaluated(self):
        return _evaluated(self, ("H",))

    def native(self, elements: tuple[str, ...]) -> Iterator[tuple[Pair, int]]:
        """The terms of the native fit, each with its number of sparse points."""
        for z1, z2 in combinations_with_replacement(sorted(atomic_numbers[s] for s in elements), 2):
            yield Pair(z1, z2, self.cutoff, self.cutoff_transition_width, self.delta, self.theta), self.n_sparse

    def terms(self, elements: tuple[str, ...]):
        for pair in combinations_with_replacement(sorted(atomic_numbers[s] for s in elements), 2):
            yield (
                f"distance_2b Z1={pair[0]} Z2={pair[1]} cutoff={self.cutoff} cutoff_transition_width={self.cutoff_transition_width} "
                f"covariance_type=ard_se delta={self.delta} theta_uniform={self.theta} sparse_method=uniform n_sparse={self.n_sparse} add_species=F"
            )


class Soap(Section):
    """A SOAP term (dot-product kernel to the power zeta) for every element that `n_sparse` names."""

    cutoff: Positive
    """Angstrom."""
    cutoff_transition_width: Positive = 1.0
    """Angstrom, over which neighbours fade before the cutoff."""
    n_max: Count
    """Radial functions."""
    l_max: Annotated[int, Field(ge=0, le=20)]
    """Highest angular momentum."""
    atom_sigma: Positive
    """Width of a neighbour's density, Angstrom."""
    zeta: Annotated[float, Field(ge=1)] = 4
    """Power of the dot product."""
    delta: Positive
    """EV."""
    n_sparse: dict[str, Count]
    """Sparse points by element of the centre."""

    @model_validator(mode="after")
    def _is_evaluated(self):
        return _evaluated(self, tuple(self.n_sparse))

    def native(self, elements: tuple[str, ...]) -> Iterator[tuple[SoapTerm, int]]:
        """The terms of the native fit, each with its number of sparse points."""
        species = tuple(sorted(atomic_numbers[s] for s in elements))
        sizes = (self.n_max, self.l_max, self.atom_sigma, self.cutoff, self.cutoff_transition_width)
        for symbol, count in self.n_sparse.items():
            yield SoapTerm(atomic_numbers[symbol], species, *sizes, delta=self.delta, zeta=self.zeta), count

    def terms(self, elements: tuple[str, ...]):
        species = sorted(atomic_numbers[s] for s in elements)
        for symbol, n_sparse in self.n_sparse.items():
            yield (
                f"soap n_max={self.n_max} l_max={self.l_max} atom_sigma={self.atom_sigma} zeta={self.zeta:g} "
                f"cutoff={self.cutoff} cutoff_transition_width={self.cutoff_transition_width} central_weight=1.0 "
                f"covariance_type=dot_product delta={self.delta} sparse_method=cur_points n_sparse={n_sparse} add_species=F "
                f"Z={atomic_numbers[symbol]} n_species={len(species)} species_Z={{{{{' '.join(map(str, species))}}}}}"
            )


def _evaluated(section: "Distance2b | Soap", elements: tuple[str, ...]):
    """`section` itself; a ValueError when the default engine would refuse its terms."""
    try:
        list(section.native(tuple(s for s in elements if s in atomic_numbers)))
    except EsgapError as error:
        raise ValueError(str(error)) from error
    return section
