"""The study of a fit (`fit.toml`). Units: eV, Angstrom, e."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from ase.data import atomic_numbers
from pydantic import Field, field_validator, model_validator

from esgap.gapfit.terms import Term
from esgap.gapfit.xml import read_model
from esgap.potential import Electrostatics, check_name
from esgap.studies import contract
from esgap.studies.fit.terms import Distance2b, Keys, Sigma, Soap
from esgap.studies.sections import Finite, Positive, Section, StudyPath, distinct


class Model(Section):
    """One potential to fit; models of a study differ in their baseline alone."""

    name: str
    """Name of the potential and of its folder."""
    electrostatics: Electrostatics | None = None

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return check_name(name, "name")


class Scan(Section):
    """Instead of potentials: settings tried one after another, judged by cross-validation on what is not held out."""

    folds: Annotated[int, Field(ge=2)] = 5
    """Parts of the data; each is predicted by a fit to the others."""
    values: Annotated[dict[str, tuple[Any, ...]], Field(min_length=1, examples=[{"sigma.energy": [0.001, 0.003]}])]
    """Key of the study ("sigma.energy", "soap.0.cutoff", "electrostatics.charges") -> values to try, every combination."""


class Study(contract.Study):
    """Potentials fitted to one set of labelled configurations, with one set of settings."""

    kind: Literal["fit"] = "fit"
    material: Annotated[str, Field(examples=["Li7P3S11"])]
    """Name of the material, and of the potentials' parent folder."""
    elements: Annotated[tuple[str, ...], Field(min_length=1, examples=[["Li", "P", "S"]])]
    """In the order of the LAMMPS types."""
    origin: str = ""
    """Of data and potentials, with licence: copied to the model card."""
    data: Annotated[StudyPath | Annotated[tuple[StudyPath, ...], Field(min_length=1)], Field(examples=["training/labels.extxyz"])]
    """Labelled configurations, extxyz: a file or a list of files."""
    publish: Annotated[StudyPath, Field(validate_default=True)] = Path(".")
    """Folder that the finished potentials are put into, each as NAME/."""
    engine: Literal["native", "gap_fit"] = "native"
    """What fits: esgap itself, or the gap_fit of quippy-ase, which takes longer."""
    keys: Keys | None = None
    """Without it energy, forces and stress, the names that ASE writes, as far as the data have them."""
    settings: tuple[str, ...] = ()
    """Hashes (info key `settings` of the labels) of reference settings whose energies may be mixed; without it those of one alone."""
    e0: Literal["average", "isolated", "least_squares"] | dict[str, Finite] = "average"
    """Energies of the isolated atoms: one mean for all elements, configurations of one atom each, the best for the
    compositions of the data, or numbers by element (eV, less the baseline)."""
    holdout_every: Annotated[int, Field(ge=2)] = 7
    """Configurations 6, 13, 20, ... are not fitted but tested, counted over those that do not say so themselves (`split` = train or test in their info)."""
    error_groups: Annotated[dict[str, str], Field(examples=[{"MD": "md*", "relaxed": "relaxed*"}])] = {}
    """Name -> pattern of config_type: the errors of held-out configurations of that kind are given apart."""
    seed: int = 1
    """Of the choice of sparse points."""
    sparse_method: Literal["farthest", "cur"] = "farthest"
    """Sparse points of SOAP: those that the others explain worst, or drawn by leverage."""
    sparse_from: StudyPath | None = None
    """A GAP (XML) whose terms and sparse points are taken, instead of distance_2b and soap."""
    sparse_jitter: Positive | None = None
    """Added to the covariance of the sparse points, eV^2 (gap_fit: 1e-10); by default 1e-10 of its largest eigenvalue."""
    sparse_decimals: Annotated[int, Field(ge=4, le=20)] = 14
    """Digits of the sparse points kept in the files; gap_fit, whose points are rounded after the fit, takes no fewer than 8."""
    committee: Annotated[int, Field(ge=0, le=99)] = 0
    """Members to write, for error bars."""
    learning: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """Shares of the fitted configurations that are also fitted alone, for the learning curve."""
    posterior: bool = False
    """Keep the factor R of the posterior covariance, posterior.npy: M x M numbers for M sparse points."""
    sigma: Sigma
    distance_2b: Distance2b | None = None
    soap: tuple[Soap, ...] = ()
    model: Annotated[tuple[Model, ...], Field(min_length=1)]
    """Potentials to fit."""
    scan: Scan | None = None

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
        named = {"sigma.force_of": self.sigma.force_of, "e0": self.e0 if isinstance(self.e0, dict) else {}}
        for key, values in named.items():
            if unknown := set(values) - set(self.elements):
                raise ValueError(f"{key} names {', '.join(sorted(unknown))}, which `elements` lacks: correct one of the two")
        if lost := set(self.elements) - set(named["e0"] or self.elements):
            raise ValueError(f"e0 has no energy of {', '.join(sorted(lost))}: give each element's")
        for model in self.model:
            for key in ("charges", "zeta", "n") if model.electrostatics else ():
                if found := set(getattr(model.electrostatics, key)) ^ set(self.elements):
                    raise ValueError(f"{key} of model {model.name} and `elements` differ by {', '.join(sorted(found))}: correct one of the two")
        return self

    @model_validator(mode="after")
    def _has_terms(self):
        if self.sparse_from and self.sections:
            raise ValueError("sparse_from brings its own terms: remove distance_2b and soap, or sparse_from")
        if not self.sparse_from and not self.sections:
            raise ValueError("no term to fit: give distance_2b, soap, or both")
        return self

    @model_validator(mode="after")
    def _gap_fit_can(self):
        only_native = {"e0": self.e0 != "average", "committee": self.committee > 0, "learning": bool(self.learning), "posterior": self.posterior}
        only_native |= {"sparse_from": self.sparse_from is not None, "sparse_jitter": self.sparse_jitter is not None}
        only_native |= {f"sigma.{key}": bool(getattr(self.sigma, key)) for key in ("force_of", "config_type")}
        if self.engine == "gap_fit" and (used := [key for key, there in only_native.items() if there]):
            raise ValueError(f'{", ".join(used)} needs engine = "native": remove it, or change the engine')
        if self.engine == "gap_fit" and self.sparse_decimals < 8:
            raise ValueError(f'sparse_decimals = {self.sparse_decimals} needs engine = "native": give 8 or more, or change the engine')
        return self

    @model_validator(mode="after")
    def _scan_is_of_studies(self):
        if self.scan and self.engine != "native":
            raise ValueError('scan needs engine = "native": remove it, or change the engine')
        for key, values in (self.scan.values if self.scan else {}).items():
            for value in values:
                for model in self.model:
                    varied(self, model.name, {key: value})
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """Those of the data."""
        return self.data if isinstance(self.data, tuple) else (self.data,)

    @property
    def folds(self) -> int:
        """Of the cross-validation."""
        return self.scan.folds if self.scan else Scan.model_fields["folds"].default

    def native_terms(self) -> Iterator[tuple[Term, int]]:
        """The terms of the native fit, each with its number of sparse points."""
        for section in self.sections:
            yield from section.native(self.elements)

    @property
    def sections(self) -> tuple[Distance2b | Soap, ...]:
        """Those that describe terms."""
        return ((self.distance_2b,) if self.distance_2b else ()) + self.soap

    @property
    def cutoff(self) -> float:
        """The largest cutoff of any term, Angstrom."""
        if self.sparse_from:
            return max(s.term.cutoff for s in read_model(self.sparse_from).sparse)
        return max(section.cutoff for section in self.sections)

    def gap_terms(self) -> str:
        """The `gap` argument of gap_fit."""
        return "gap={" + " : ".join(term for section in self.sections for term in section.terms(self.elements)) + "}"


def varied(study: Study, model: str, point: dict[str, Any]) -> Study:
    """`study` with one model and other values at some keys. Raises ValueError for a key that it lacks or a value that it refuses."""
    content = study.model_dump(mode="json", exclude={"scan"})
    content["model"] = [entry for entry in content["model"] if entry["name"] == model]
    for key, value in point.items():
        *path, last = key.split(".")
        place = content["model"][0] if path[:1] == ["electrostatics"] else content
        try:
            for step in path:
                place = place[int(step) if isinstance(place, list) else step]
            if last not in place:
                raise KeyError(last)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"scan.values names '{key}', which the study of model {model} lacks: correct it") from error
        place[last] = value
    return Study.model_validate(content)
