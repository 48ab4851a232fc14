"""The loop of a training: fit, explore with the fitted model, choose what to label, label, fit again."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies.common.reference import WithReference
from esgap.studies.sections import Count, Positive, Section, StudyPath, distinct

Number = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Generate(Section):
    """Configurations made from the crystal and labelled before the first fit."""

    rattled: Number = 0
    """Cells whose atoms are moved by Gaussians of `amplitude`."""
    amplitude: Positive = 0.05
    """Angstrom, standard deviation of a component."""
    strained: Number = 0
    """Cells with a random strain, rattled a little as well."""
    strain: Annotated[float, Field(gt=0, lt=0.2)] = 0.03
    """Largest component of the strain."""
    distributions: Number = 0
    """Cells whose mobile ions are distributed over their own and interstitial sites at random; dynamics and relaxations start from them too."""
    element: str = "Li"
    """The mobile ions."""
    anions: tuple[str, ...] = ("S",)
    """Elements whose voids are interstitial sites."""
    nearest: Positive = 2.5
    """No two ions are put nearer than this, Angstrom."""
    seed: int = 1
    """Of the random numbers."""


class Dynamics(Section):
    """Molecular dynamics at fixed volume (Langevin) with the new model; each frame is a candidate."""

    temperatures: Annotated[tuple[Positive, ...], Field(min_length=1, examples=[[300.0, 600.0, 900.0]])]
    """Kelvin."""
    volumes: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1.0,)
    """Relative to the structure."""
    time: Positive = 2.0
    """Ps, of each run."""
    timestep: Positive = 0.002
    """Ps."""
    sample_every: Positive = 0.05
    """Ps between candidates."""
    choose: Number = 6
    """Configurations of all runs of a generation to label."""
    seed: int = 1
    """Of velocities and noise."""

    @field_validator("temperatures", "volumes")
    @classmethod
    def _each_once(cls, values: tuple[float, ...], info) -> tuple[float, ...]:
        return distinct(values, info.field_name)


class Relaxations(Section):
    """Cells relaxed at fixed shape with the new model: where it has its minima, its errors are not those of dynamics."""

    cells: tuple[StudyPath, ...] = ()
    """Files of cells to relax (defects, say), beside the structure and the distributions of [generate]."""
    force: Positive = 0.05
    """Largest force on an atom at the end, eV/Angstrom."""
    max_steps: Count = 200
    """Steps of a relaxation at most."""
    choose: Number = 2
    """Relaxed cells of a generation to label."""


class Candidates(Section):
    """Configurations that are candidates as they stand in every generation, such as images of a NEB."""

    files: Annotated[tuple[StudyPath, ...], Field(min_length=1, examples=[["images.extxyz"]])]
    """Files that ASE reads."""
    choose: Number = 2
    """Of them to label in a generation."""


class Guard(Section):
    """When a configuration is no longer physical: dynamics stop there, and what came just before are candidates."""

    distance: Annotated[float, Field(gt=0, le=1)] = 0.85
    """Of the shortest distance of each pair of elements in the labelled data."""
    stddev: Positive = 20.0
    """Times the 95th percentile of the standard deviation of held-out energies."""


class Observable(Section):
    """A number that the models are wanted for: the energy of one relaxed cell less that of another, eV."""

    cells: Annotated[StudyPath, Field(examples=["pair.extxyz"])]
    """File of cells; the last less the first, both relaxed at fixed shape."""
    tolerance: Positive = 0.02
    """EV; a change below it brings nothing."""
    force: Positive = 0.05
    """Largest force on an atom at the end, eV/Angstrom."""
    max_steps: Count = 300
    """Steps of a relaxation at most; an observable that is not relaxed then has no value."""


class Study(WithReference):
    """Generations of potentials: fit, dynamics and relaxations with the new model, choice by what the fit does not know, labels, fit."""

    kind: Literal["train"]
    fit: Annotated[StudyPath, Field(examples=["fit.toml"])]
    """Study of kind fit: elements, terms, sigmas and models. Its data, publish and holdout_every are not used, its keys name the labels in `start`."""
    driver: str | None = None
    """Model of `fit` that explores; by default the last one with charges, or the last."""
    structure: Annotated[StudyPath, Field(examples=["structure.cif"])]
    """The crystal."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Repetitions of it."""
    start: tuple[StudyPath, ...] = ()
    """Files of labelled configurations to begin with, extxyz."""
    held_out: tuple[StudyPath, ...] = ()
    """Files of labelled configurations that are never fitted."""
    holdout_every: Annotated[int, Field(ge=2)] = 5
    """Of the start, every so many that have no `split` (train or test) in their comment line are never fitted, unless `held_out` is given; fixed before the first fit."""
    generations: Count = 4
    """Fits at most; it may be raised later, and the run goes on."""
    stop: Share = 0.05
    """An error that falls by less than this share has not improved; after two generations without improvement, and without a
    change of the observable, the loop ends."""
    publish: Annotated[StudyPath, Field(validate_default=True)] = Path("models")
    """Folder that the last generation's potentials are put into, each as NAME/."""
    generate: Generate | None = None
    md: Dynamics | None = None
    relax: Relaxations | None = None
    candidates: Candidates | None = None
    guard: Guard = Guard()
    observable: Observable | None = None

    @model_validator(mode="after")
    def _there_is_a_start(self):
        made = self.generate and self.generate.rattled + self.generate.strained + self.generate.distributions
        if not self.start and not made:
            raise ValueError("nothing to begin with: give labelled files as `start`, or numbers of cells in [generate]")
        if self.generations > 1 and not sum(part.choose for part in (self.md, self.relax, self.candidates) if part):
            raise ValueError("no candidates to label: give [md], [relax] or [candidates] with `choose` above 0, or generations = 1")
        return self
