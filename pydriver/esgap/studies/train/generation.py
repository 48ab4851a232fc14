"""One generation of the loop: its folder, its jobs. A job is a process of esgap; those of kinds fit and label do what they do there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import read, write

from esgap.jobs.job import Job, Tag
from esgap.record import read_json, write_json, write_text
from esgap.studies.common.potentials import POSTERIOR
from esgap.studies.common.reference import ENERGY, FORCES, LABEL, VIRIAL, bare, label_job, labelled
from esgap.studies.contract import Workspace
from esgap.studies.train.explore import CANDIDATES, STARTS, SUMMARY
from esgap.studies.train.study import Study

SPLIT, TRAIN, TEST = "split", "train", "test"  # info key of a configuration, as kind fit reads it
LEFT = ("gap.xml", "README.md", "parity.json", "potential.lmp", POSTERIOR, "potential.toml")
MEMBERS = 4  # of the drivers' committees, for the calibration of the standard deviation
OBSERVED, CELLS, FILES, RELAXED = "observed.json", "observable.extxyz", "candidates.extxyz", "relax.extxyz"


@dataclass(frozen=True)
class Generation:
    """Generation `number` of a study; paths are relative to the run folder. `fit`: the study of kind fit, `driver`: the model that explores."""

    number: int
    study: Study
    fit: Any
    driver: str

    @property
    def name(self) -> str:
        return f"generation-{self.number}"

    @property
    def data(self) -> str:
        """The labelled configurations that it knows."""
        return f"{self.name}/labels.extxyz"

    @property
    def chosen(self) -> str:
        return f"{self.name}/choice/chosen.extxyz"

    @property
    def failed(self) -> str:
        """The configurations whose labels did not converge before it."""
        return f"{self.name}/failed.extxyz"

    def model(self, name: str) -> str:
        """The folder of a fitted potential."""
        return f"{self.name}/models/{name}"

    def fits(self, frames: list[Atoms], work: Workspace) -> Iterator[Job]:
        """Write the data and the settings; yield a fit for each model, all of the same data."""
        (work.stage / self.name).mkdir(exist_ok=True)
        write(work.stage / self.data, frames, format="extxyz")
        for model in self.fit.model:
            drives = model.name == self.driver
            settings = self.fit.model_copy(
                update={
                    "model": (model,), "title": "", "data": Path(self.data), "publish": Path(), "keys": keys(frames, self.fit),
                    "learning": (), "posterior": drives, "committee": max(self.fit.committee, MEMBERS) if drives else self.fit.committee,
                }
            )  # fmt: skip
            file, name = self._settings(model.name), self.model(model.name)
            write_text(work.stage / file, settings.model_dump_json(indent=1, exclude={"run"}) + "\n")
            left = LEFT if drives else tuple(file for file in LEFT if file != POSTERIOR)
            yield self._job(name, ("esgap.studies.fit.work", file, name, "labels.extxyz"), {"settings": file, "data": self.data}, left, part="fit", model=model.name)

    def observation(self) -> Iterator[Job]:
        """The observable by the new model."""
        if self.study.observable:
            name = f"{self.name}/observable"
            words = ("esgap.studies.train.observe", "observable.json", CELLS, self.data, self.model(self.driver), f"{name}/{OBSERVED}")
            yield self._job(name, words, self._inputs("observable.json") | {"cells": CELLS}, (OBSERVED,), part="observable")

    def sampling(self, starts: int, failed: list[Atoms], stage: Path) -> Iterator[Job]:
        """Dynamics at each temperature and volume, from one of `starts` cells after another; relaxations; the choice, not of those that `failed`."""
        sources = []
        if failed:
            write(stage / self.failed, failed, format="extxyz")
            sources.append(f"failed={self.failed}")
        for k, (temperature, volume) in enumerate((t, v) for t in (self.study.md.temperatures if self.study.md else ()) for v in self.study.md.volumes):
            name, which = f"{self.name}/md/{temperature!r}K-{volume!r}", (self.number + k) % starts
            seed = self.study.md.seed + 1000 * self.number + k
            words = ("esgap.studies.train.explore", "md", "md.json", str(which), self.data, self.model(self.driver), name, repr(temperature), repr(volume), str(seed))
            yield self._job(name, words, self._inputs("md.json") | {"starts": STARTS}, (CANDIDATES, SUMMARY), part="md", temperature=temperature, volume=volume)
            sources.append(f"md={name}/{CANDIDATES}")
        if self.study.relax:
            name = f"{self.name}/relax"
            words = ("esgap.studies.train.explore", "relax", "relax.json", RELAXED, self.data, self.model(self.driver), name)
            yield self._job(name, words, self._inputs("relax.json") | {"cells": RELAXED}, (CANDIDATES, SUMMARY), part="relax")
            sources.append(f"relax={name}/{CANDIDATES}")
        if self.study.candidates:
            sources.append(f"candidates={FILES}")
        yield self._choice(sources)

    def _choice(self, sources: list[str]) -> Job:
        name, settings = f"{self.name}/choice", self._settings(self.driver)
        words = ("esgap.studies.train.choose", "choose.json", settings, self.data, self.model(self.driver), self.chosen, *sources)
        inputs = self._inputs("choose.json") | {"fit": settings} | {f"source_{k}": source.split("=", 1)[1] for k, source in enumerate(sources)}
        return self._job(name, words, inputs, ("chosen.extxyz",), part="choice")

    def labels(self, reference: dict[str, str], work: Workspace) -> list[Job]:
        """The calculations of the chosen configurations."""
        frames = read(work.folder / self.chosen, ":", format="extxyz")
        jobs = [label_job(self.study, reference, bare(atoms), i, work.stage, f"{self.name}/") for i, atoms in enumerate(frames)]
        return [job.model_copy(update={"tags": job.tags | {"part": "label", "generation": self.number}}) for job in jobs]

    def finished(self, jobs: list[Job], work: Workspace) -> bool:
        return all(work.finished(job) for job in jobs)

    def _settings(self, model: str) -> str:
        return f"{self.name}/{model}.json"

    def _inputs(self, settings: str) -> dict[str, str]:
        folder = self.model(self.driver)
        return {"settings": settings, "data": self.data, "model": f"{folder}/potential.toml", "gap": f"{folder}/gap.xml", "posterior": f"{folder}/{POSTERIOR}"}

    def _job(self, name: str, words: tuple[str, ...], inputs: dict[str, str], left: tuple[str, ...], **tags: Tag) -> Job:
        return Job(
            name=name, command=("python", "-m", *words), inputs=inputs, outputs=tuple(f"{name}/{file}" for file in left), tags={"generation": self.number} | tags
        )  # fmt: skip


def known(jobs: list[Job], folder: Path) -> list[Atoms]:
    """The configurations of finished label jobs with their labels; those that did not converge are left out."""
    return [labelled(atoms, label) for atoms, label in _tried(jobs, folder) if "reason" not in label]


def failed(jobs: list[Job], folder: Path) -> list[Atoms]:
    """The configurations of finished label jobs that did not converge."""
    return [bare(atoms) for atoms, label in _tried(jobs, folder) if "reason" in label]


def _tried(jobs: list[Job], folder: Path) -> list[tuple[Atoms, dict]]:
    return [(read(folder / job.inputs["configuration"]), read_json(folder / job.name / LABEL, "delete the folder to label it again")) for job in jobs]


def keys(frames: list[Atoms], fit):
    """The keys of the labels that the data have."""
    there = {"energy": (ENERGY, "info"), "forces": (FORCES, "arrays"), "virial": (VIRIAL, "info")}
    from_ = {kind: key for kind, (key, place) in there.items() if any(key in getattr(atoms, place) for atoms in frames)}
    return type(fit).model_fields["keys"].annotation.__args__[0](**from_)


def write_settings(study: Study, stage: Path) -> None:
    """What decides the processes of every generation."""
    guard = study.guard.model_dump()
    if study.md:
        write_json(stage / "md.json", study.md.model_dump(include={"time", "timestep", "sample_every"}) | {"guard": guard})
    if study.relax:
        write_json(stage / "relax.json", study.relax.model_dump(include={"force", "max_steps"}) | {"guard": guard})
    if study.observable:
        write_json(stage / "observable.json", study.observable.model_dump(include={"force", "max_steps"}) | {"guard": guard})
    counts = {source: section.choose for source in ("relax", "candidates", "md") if (section := getattr(study, source))}
    write_json(stage / "choose.json", {"choose": counts, "guard": guard})
