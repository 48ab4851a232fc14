"""Decks of a migration path: states relaxed, bands between them, images evaluated by other potentials, all of it in fields.

Rounds: states; bands; what the finished bands ask for (states and bands of a split path, bands in fields, other potentials).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import write_data
from esgap.lammps.deck import Placed, copy_deck, lammps_job, place
from esgap.lammps.frame import from_lammps_vector, to_lammps_vector
from esgap.lammps.neb import image_file, image_outputs, read_images, write_images
from esgap.lammps.relaxation import read_relaxation
from esgap.physics import barrier
from esgap.physics.field import field_vector
from esgap.potential import Potential
from esgap.record import write_json
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.neb.states import frame, read_states
from esgap.studies.neb.study import Study

RELAX, BAND, IMAGES, MODES = "in.defect", "in.neb", "in.images", "in.modes"
CELL, STATES, ORIGIN = "cell.extxyz", "states.extxyz", "states.json"
SETTINGS = "reference.json"
EVERY = 10  # steps between lines of the band's log
ZERO = ("-", 0.0)  # no field


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write the states and what the finished jobs have made known; yield all jobs that are known by now.

    Raises EsgapError: unreadable or unequal states, an element that a potential lacks, a field without charges.
    """
    found = read_states(study)
    states = found.atoms
    potentials = [Potential.load(name) for name in (study.potential, *study.compare)]
    placed = place(potentials, states[0], work.stage)
    if study.field.values and potentials[0].electrostatics is None:
        raise EsgapError(f"the potential {study.potential} has no charges and cannot feel a field: take out [field], or give a potential with charges")
    write(work.stage / CELL, states[0], format="extxyz")
    write(work.stage / STATES, states, format="extxyz")
    write_json(work.stage / ORIGIN, found.notes)
    for name in (RELAX, BAND, IMAGES, MODES):
        copy_deck(name, work.stage)
    splits = [long_range(one, states[0], study.electrostatics, work) for one in placed]
    charges = {symbol: potentials[0].charge_of(symbol) for symbol in placed[0].elements}
    (work.stage / "states").mkdir()
    for k, state in enumerate(states, start=1):
        write_data(work.stage / f"states/data.{k}", state, placed[0].elements, charges)
    for one, split in zip(placed, splits):
        if one is placed[0] or study.band.own_paths:
            yield from Route(study, work, states[0], one, split, charges, list(zip(placed, splits))).jobs(len(states))


@dataclass(frozen=True)
class Leg:
    """A part of the path, between two relaxed states."""

    label: str  # I, II ... in the order of the states; Ia, Ib ... where a path was split
    first: str  # names of the states
    last: str


@dataclass(frozen=True)
class Route:
    """The jobs of one potential. Positions are in the frame of the structure files, those in files of LAMMPS in its own."""

    study: Study
    work: Workspace
    atoms: Atoms  # cell and elements
    placed: Placed
    split: dict[str, str]
    charges: dict[str, float]
    everyone: list[tuple[Placed, dict[str, str]]]

    def jobs(self, states: int) -> Iterator[Job]:
        """All jobs that are known by now; `states` is the number of states of the study."""
        names = [str(k) for k in range(1, states + 1)]
        for name in names:
            yield self.state(name, f"states/data.{name}")
        found: dict[str, Job] = {}  # a state in a field belongs to the legs on both sides
        for k, ends in enumerate(zip(names, names[1:]), start=1):
            found |= {job.name: job for job in self.leg(Leg(roman(k), *ends))}
        yield from found.values()

    def leg(self, leg: Leg, whole: bool = True) -> Iterator[Job]:
        """The band of a leg and, when it is finished, what follows from it; a leg of a split path is not split again."""
        if not self.relaxed(leg, ZERO):
            return
        band = self.band(leg, ZERO)
        yield band
        if not self.work.finished(band):
            return
        path = self.path(band)
        minima = barrier.intermediate_minima(path, self.study.band.depth) if whole else []
        if not minima:
            yield from self.others(leg, band)
            if self.study.reference:
                yield self.reference(leg, path)
            if self.study.band.modes:
                yield self.modes(leg, band, int(np.argmax(path.energies)))
            yield from self.in_fields(leg, band)
            return
        names = [leg.first, *(f"{leg.label}.{image + 1}" for image in minima), leg.last]
        for name, image in zip(names[1:-1], minima):
            self.write_state(name, path.positions[image])
            yield self.state(name, f"states/data.{self.placed.label.replace('/', '.')}.{name}")
        for letter, ends in zip("abcdefgh", zip(names, names[1:])):
            yield from self.leg(Leg(f"{leg.label}{letter}", *ends), whole=False)

    def in_fields(self, leg: Leg, band: Job) -> Iterator[Job]:
        """States and bands in each field, each from its neighbour nearer to zero."""
        if self.placed.potential.electrostatics is None:
            return
        for direction in self.study.field.directions:
            for sign in (1, -1):
                before = {name: self.state_name(name, ZERO) for name in (leg.first, leg.last)}
                near = band
                for value in sorted((v for v in self.study.field.values if v * sign > 0), key=abs):
                    field = (direction, value)
                    for name in before:
                        job = self.state(name, f"{before[name]}/relaxed.data", field)
                        yield job
                        before[name] = job.name
                    if not (self.relaxed(leg, field) and self.work.finished(near)):
                        break
                    near = self.band(leg, field, near)
                    yield near

    def others(self, leg: Leg, band: Job) -> Iterator[Job]:
        """The images of a finished band, evaluated by the other potentials."""
        images = self.study.band.images
        for placed, split in self.everyone:
            if placed is self.placed:
                continue
            name = f"images/{self.placed.label}/{leg.label}/{placed.label}"
            dumps = {f"image {k + 1:02d}": f"{band.name}/{image_file('neb', k)}.dump" for k in range(images)}
            variables = {"engine": self.study.engine, "data": self.start(leg, ZERO) + ".data", "band": f"{band.name}/neb"}
            variables |= {"image": tuple(f"{k + 1:02d}" for k in range(images)), "out": f"{name}/neb"} | split
            tags = {"what": "images", "path": self.placed.label, "potential": placed.label, "leg": leg.label}
            yield lammps_job(name, IMAGES, variables, {"cell": self.start(leg, ZERO) + ".data"} | dumps, image_outputs(images), tags, placed, self.study.run.ranks)

    def reference(self, leg: Leg, path: barrier.Path) -> Job:
        """The images of a finished band, evaluated by an ASE calculator."""
        reference, name = self.study.reference, f"images/{self.placed.label}/{leg.label}/{self.study.reference.name}"
        images = self.start(leg, ZERO) + ".images.extxyz"
        (self.work.stage / images).parent.mkdir(parents=True, exist_ok=True)
        write(self.work.stage / images, [self.placed_at(positions) for positions in path.positions], format="extxyz")
        write_json(self.work.stage / SETTINGS, reference.model_dump(mode="json"))
        return Job(
            name=name,
            command=("python", "-m", "esgap.studies.neb.work", SETTINGS, images, name),
            inputs={"settings": SETTINGS, "images": images},
            outputs=tuple(f"{name}/{image_file('neb', k)}.json" for k in range(len(path.positions))),
            tags={"what": "images", "path": self.placed.label, "potential": reference.name, "leg": leg.label},
            ranks=reference.ranks,
            starts_ranks=True,
            continues=True,
            tools=(),
        )

    def modes(self, leg: Leg, band: Job, image: int) -> Job:
        """The second derivatives at the highest image of a finished band."""
        name, data = f"modes/{self.placed.label}/{leg.label}", self.start(leg, ZERO) + ".data"
        variables = {"engine": self.study.engine, "data": data, "band": f"{band.name}/neb", "image": f"{image + 1:02d}", "out": f"{name}/saddle"}
        inputs = {"cell": data, "image": f"{band.name}/{image_file('neb', image)}.dump"}
        return lammps_job(name, MODES, variables | self.split, inputs, ("saddle.dynmat",), self.tags("modes", ZERO) | {"leg": leg.label}, self.placed, self.study.run.ranks)

    def state(self, name: str, data: str, field: tuple[str, float] = ZERO) -> Job:
        """The relaxation of a state; its folder is for example relaxed/li7p3s11/es-gap/1/zero."""
        job = self.state_name(name, field)
        variables = {"engine": self.study.engine, "perfect": "states/data.1", "data": data} | self.vector(field)
        variables |= {"force": self.study.relax.force, "max_steps": self.study.relax.max_steps, "out": f"{job}/relaxed"} | self.split
        tags = self.tags("state", field) | {"state": name, "start": data}
        return lammps_job(job, RELAX, variables, {"reference": "states/data.1", "start": data}, ("relaxed.dump", "relaxed.data"), tags, self.placed, self.study.run.ranks)

    def band(self, leg: Leg, field: tuple[str, float], near: Job | None = None) -> Job:
        """The band of a leg; its first path goes through the images of the finished band `near`, or is the study's."""
        name, start, settings = f"bands/{self.placed.label}/{leg.label}/{folder(field)}", self.start(leg, field), self.study.band
        variables = {"engine": self.study.engine, "data": start + ".data", "path": "each", "file": start} | self.vector(field)
        variables |= {"spring": settings.spring, "force": settings.force, "steps": -(-settings.max_steps // EVERY) * EVERY, "every": EVERY, "out": f"{name}/neb"}
        inputs = {"first": start + ".data"} | {f"image {k + 1:02d}": image_file(start, k) for k in range(1, settings.images)}
        tags = self.tags("band", field) | {"leg": leg.label, "first": self.state_name(leg.first, field), "last": self.state_name(leg.last, field)}
        job = lammps_job(
            name, BAND, variables | self.split, inputs, image_outputs(settings.images), tags, self.placed, settings.ranks, partitions=settings.images, continues=True
        )
        if not self.work.finished(job):
            self.write_start(leg, field, near)
        return job

    def write_start(self, leg: Leg, field: tuple[str, float], near: Job | None) -> None:
        """The first path of a band: the first image as a data file, the others as `neb each` reads them."""
        cell, settings = self.atoms.cell.array, self.study.band
        first, last = (self.positions(self.state_name(name, field)) for name in (leg.first, leg.last))
        last = barrier.align(first, last, cell, frame(self.atoms, self.study.element))
        if near is not None:
            path = barrier.between(self.path(near).positions, first, last, cell)
        else:
            path = barrier.linear(first, last, settings.images) if settings.path == "linear" else barrier.idpp(first, last, settings.images, cell)
        path = path.round(8)  # the same bytes on another machine
        start = self.work.stage / self.start(leg, field)
        start.parent.mkdir(parents=True, exist_ok=True)
        self.write(start.with_name(start.name + ".data"), path[0])
        write_images(start.parent, start.name, to_lammps_vector(path, cell))

    def write_state(self, name: str, positions: np.ndarray) -> None:
        file = self.work.stage / f"states/data.{self.placed.label.replace('/', '.')}.{name}"
        self.write(file, positions)

    def write(self, file: Path, positions: np.ndarray) -> None:
        write_data(file, self.placed_at(positions), self.placed.elements, self.charges)

    def placed_at(self, positions: np.ndarray) -> Atoms:
        atoms = self.atoms.copy()
        atoms.positions = positions
        return atoms

    def relaxed(self, leg: Leg, field: tuple[str, float]) -> bool:
        """True when both states of a leg are relaxed in a field."""
        return all((self.work.folder / self.state_name(name, field) / "relaxed.data").is_file() for name in (leg.first, leg.last))

    def positions(self, job: str) -> np.ndarray:
        """Of a relaxed state, (N, 3) in the frame of the structure files."""
        return from_lammps_vector(read_relaxation(self.work.folder / job).positions, self.atoms.cell.array)

    def path(self, band: Job) -> barrier.Path:
        """The path of a finished band, in the frame of the structure files."""
        return read_path(self.work.folder / band.name, self.study.band.images, self.atoms.cell.array)

    def start(self, leg: Leg, field: tuple[str, float]) -> str:
        """The common part of the names of a band's first path."""
        return f"start/{self.placed.label}/{leg.label}/{folder(field)}"

    def state_name(self, name: str, field: tuple[str, float]) -> str:
        return f"relaxed/{self.placed.label}/{name}/{folder(field)}"

    def tags(self, what: str, field: tuple[str, float]) -> dict[str, str | float]:
        return {"what": what, "potential": self.placed.label, "direction": field[0], "field": field[1]}

    def vector(self, field: tuple[str, float]) -> dict[str, float]:
        """The variables ex, ey, ez of a field."""
        cell = self.atoms.cell.array
        return dict(zip(("ex", "ey", "ez"), map(float, to_lammps_vector(field_vector(*field, cell), cell))))


def read_path(folder: Path, images: int, cell: np.ndarray) -> barrier.Path:
    """The path that in.neb or in.images left in a folder, unwrapped, in the frame of `cell`."""
    band = read_images(folder, images)
    positions, forces = (from_lammps_vector(array, cell) for array in (band.positions, band.forces))
    return barrier.Path(barrier.unwrap(positions, cell), band.energies, forces)


def folder(field: tuple[str, float]) -> str:
    """The name of a field: zero, b+0.05."""
    direction, value = field
    return f"{direction}{'+' * (value > 0)}{value!r}" if value else "zero"


def roman(number: int) -> str:
    """1 -> I, 2 -> II, ... up to 39."""
    ten, one = divmod(number, 10)
    return "X" * ten + ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"][one]
