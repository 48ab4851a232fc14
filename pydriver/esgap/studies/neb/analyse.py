"""From finished bands to barriers, profiles, the ions that move, and what is wrong."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, ClassVar

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.jobs.job import Job
from esgap.lammps.frame import from_lammps_vector
from esgap.lammps.neb import read_history, read_images, read_matrix
from esgap.lammps.relaxation import read_relaxation
from esgap.physics import barrier
from esgap.physics.estimate import Estimate
from esgap.physics.field import field_vector
from esgap.physics.modes import frequencies, unstable
from esgap.record import read_json
from esgap.studies import committee
from esgap.studies.committee import Committee
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.neb.deck import CELL, ORIGIN, STATES, read_path
from esgap.studies.neb.states import HOPPED, frame
from esgap.studies.neb.study import Study

METHOD = (
    "climbing-image nudged elastic band (doi:10.1063/1.1329672) at fixed cell; barriers are energies of the highest image above the ends, -E.p included; "
    "field part -E.(p_saddle - p_first); other potentials evaluate the same images as they are. " + committee.METHOD
)


class BarrierRow(Row):
    """The barriers of one leg of a path."""

    path: Annotated[str, Column("path of", meaning="the potential whose path it is")]
    potential: Annotated[str, Column("energies of", meaning="the potential that gives the energies")]
    leg: Annotated[str, Column("leg", meaning="I, II ... between the states of the study; Ia, Ib ... of a path that was split at a minimum")]
    direction: Annotated[str, Column("along", meaning="direction of the field: x, y, z of the structure file or cell vectors a, b, c; - without field")]
    field: Annotated[float, Column("field", "{:+.3g}", "V/Angstrom")]
    barrier_forward: Annotated[Quantity, Column("forward", "{:.3f}", "eV", "highest image above the first")]
    barrier_backward: Annotated[Quantity, Column("back", "{:.3f}", "eV", "highest image above the last")]
    difference: Annotated[Quantity, Column("last - first", "{:+.3f}", "eV")]
    field_part: Annotated[Quantity | None, Column("-E.dp", "{:+.3f}", "eV", "direct part of the field in the forward barrier, dp from first image to saddle")]
    length: Annotated[Quantity, Column("length", "{:.2f}", "Angstrom", "of the path, in the space of all atoms")]
    image: Annotated[int, Column("image", meaning="number of the highest image", shown=False)]
    force_along: Annotated[Quantity | None, Column("F along", "{:.3f}", "eV/Angstrom", "the largest force on an atom of the highest image along the path", shown=False)]
    force_across: Annotated[Quantity | None, Column("F across", "{:.3f}", "eV/Angstrom", "the same across the path", shown=False)]
    unstable: Annotated[int | None, Column("unstable", meaning="unstable modes of the highest image: one at a saddle", shown=False)]
    mode: Annotated[Quantity | None, Column("mode", "{:.2f}", "THz", "frequency of the first mode of the highest image, negative: imaginary", shown=False)]


class ImageRow(Row):
    """One image of a leg."""

    printed: ClassVar[bool] = False

    path: Annotated[str, Column("path of")]
    potential: Annotated[str, Column("energies of")]
    leg: Annotated[str, Column("leg")]
    direction: Annotated[str, Column("along")]
    field: Annotated[float, Column("field", "{:+.3g}", "V/Angstrom")]
    image: Annotated[int, Column("image")]
    coordinate: Annotated[Quantity, Column("s", "{:.3f}", "Angstrom", "length of the path up to this image")]
    energy: Annotated[Quantity, Column("energy", "{:.4f}", "eV", "above the first image of the leg")]
    slope: Annotated[Quantity, Column("slope", "{:+.3f}", "eV/Angstrom", "of the energy along the path, from the forces")]
    dipole: Annotated[Quantity, Column("dipole", "{:+.3f}", "e Angstrom", "along the field, above the first image; along b without field", shown=False)]


class IonRow(Row):
    """An atom that moves from the first to the last image of a leg by more than the radius of a site."""

    printed: ClassVar[bool] = False

    path: Annotated[str, Column("path of")]
    leg: Annotated[str, Column("leg")]
    ion: Annotated[int, Column("ion", meaning="id, from 1")]
    element: Annotated[str, Column("element")]
    distance: Annotated[Quantity, Column("moves", "{:.2f}", "Angstrom")]
    dx: Annotated[Quantity, Column("dx", "{:+.2f}", "Angstrom")]
    dy: Annotated[Quantity, Column("dy", "{:+.2f}", "Angstrom")]
    dz: Annotated[Quantity, Column("dz", "{:+.2f}", "Angstrom")]


TABLES = {"barriers": BarrierRow, "images": ImageRow, "ions": IonRow}


def analyse(study: Study, runs: Runs) -> Result:
    """Barriers of the finished bands and of the images that other potentials evaluated."""
    atoms, states = read(runs.folder / CELL), read(runs.folder / STATES, ":")
    found = Bands(study, runs, atoms, [state.positions for state in states])
    tables = {name: [row for job in found.jobs() for row in rows(job)] for name, rows in (("barriers", found.barriers), ("images", found.images), ("ions", found.ions))}
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=found.notes())


class Bands:
    """The finished bands of a run folder; everything in the frame of the structure files."""

    def __init__(self, study: Study, runs: Runs, atoms: Atoms, states: list[np.ndarray]):
        self.study, self.runs, self.atoms, self.states = study, runs, atoms, states
        self.cell = atoms.cell.array
        self.frame = frame(atoms, study.element)
        self.path = cache(self._path)
        self.committee = cache(lambda label: Committee.of(runs.folder, label))
        self.deviations = cache(self._deviations)

    def jobs(self) -> list[Job]:
        """Bands and evaluations by other potentials, a leg without field before those in fields."""
        return [*self.runs.select(what="band"), *self.runs.select(what="images")]

    def _path(self, name: str) -> barrier.Path:
        job = next(job for job in self.runs.jobs if job.name == name)
        if not by_reference(job):
            return read_path(self.runs.folder / name, self.study.band.images, self.cell)
        band = self.runs.find(what="band", potential=job.tags["path"], leg=job.tags["leg"], field=0.0)
        found = [read_json(self.runs.folder / file, f"delete {job.name} to compute it again") for file in job.outputs]
        return barrier.Path(self.path(band.name).positions, np.array([one["energy"] for one in found]), np.array([one["forces"] for one in found]))

    def _deviations(self, name: str) -> np.ndarray:
        """What the members of the committee differ by on each image, eV: (images, members); none for an ASE calculator."""
        job, positions = next(job for job in self.runs.jobs if job.name == name), self.path(name).positions
        if by_reference(job):
            return np.empty((len(positions), 0))
        return self.committee(job.tags["potential"]).deviations(Atoms(self.atoms, positions=image) for image in positions)

    def outside(self, job: Job) -> list[str]:
        """What the committee says of the images."""
        if by_reference(job):
            return []
        first, committee = self.deviations(job.name)[0], self.committee(job.tags["potential"])
        found = {k: committee.problem(off, len(self.atoms), first) for k, off in enumerate(self.deviations(job.name), start=1)}
        return [f"image {k}: {words}" for k, words in found.items() if words][:1]

    def dipoles(self, job: Job) -> np.ndarray:
        """(n, 3) e Angstrom; none known (zero) for an ASE calculator."""
        if by_reference(job):
            return np.zeros((self.study.band.images, 3))
        return from_lammps_vector(read_images(self.runs.folder / job.name, self.study.band.images).dipoles, self.cell)

    def barriers(self, job: Job) -> Iterator[BarrierRow]:
        path, own = self.path(job.name), job.tags["what"] == "band"
        top, field, found = barrier.barrier(path), self.field(job), self.frequencies(job)
        off = self.deviations(job.name)
        yield BarrierRow(
            **self.label(job),
            barrier_forward=Estimate(top.forward).with_committee(off[top.saddle] - off[0]),
            barrier_backward=Estimate(top.back).with_committee(off[top.saddle] - off[-1]),
            difference=Estimate(top.difference).with_committee(off[-1] - off[0]),
            field_part=barrier.field_part(field, self.dipoles(job), top.saddle) if field.any() else None,
            length=top.length,
            image=top.saddle + 1,
            force_along=top.force_along if own else None,
            force_across=top.force_across if own else None,
            unstable=None if found is None else unstable(found),
            mode=None if found is None else found[0],
            verdict="; ".join([*(self.problems(job, path) if own else self.remarks(path)), *self.outside(job)]) or OK,
        )

    def images(self, job: Job) -> Iterator[ImageRow]:
        path, field = self.path(job.name), self.field(job)
        curve, off = barrier.profile(path), self.deviations(job.name)
        along = field if field.any() else self.cell[1]
        dipoles = self.dipoles(job) @ along / np.linalg.norm(along)
        for k, (s, slope) in enumerate(zip(curve.x, curve(curve.x, 1))):
            energy = Estimate(path.energies[k] - path.energies[0]).with_committee(off[k] - off[0])
            dipole = dipoles[k] - dipoles[0]
            yield ImageRow(**self.label(job), image=k + 1, coordinate=s, energy=energy, slope=slope, dipole=dipole)

    def ions(self, job: Job) -> Iterator[IonRow]:
        if job.tags["what"] != "band" or job.tags["field"]:
            return
        first, last = self.path(job.name).positions[[0, -1]]
        steps = barrier.align(first, last, self.cell, self.frame) - first
        for k in barrier.moved(first, first + steps, self.cell):
            x, y, z = steps[k]
            yield IonRow(
                path=job.tags["potential"], leg=job.tags["leg"], ion=k + 1, element=self.atoms.symbols[k], distance=np.linalg.norm(steps[k]), dx=x, dy=y, dz=z
            )

    def problems(self, job: Job, path: barrier.Path) -> list[str]:
        """What is wrong with a band and its ends."""
        settings = self.study.band
        found = [*self.state_problems(job.tags["first"], "first state", path.positions[0]), *self.state_problems(job.tags["last"], "last state", path.positions[-1])]
        left = read_history(self.runs.folder / job.log)[0].force.iloc[-1]
        if left > settings.force:
            found.append(f"not converged: {left:.3g} eV/Angstrom left on the band")
        found += barrier.problems(path, settings.force, self.cell, self.atoms.numbers, settings.depth)
        if (modes := self.frequencies(job)) is not None and unstable(modes) != 1:
            found.append(f"the highest image has {unstable(modes)} unstable modes, a saddle has one")
        parts = self.parts(job)
        return [*found, f"split into {', '.join(parts)}"] if parts else found

    def frequencies(self, job: Job) -> np.ndarray | None:
        """Of the highest image (THz), where the study asked for them."""
        tags = {key: job.tags.get(key) for key in ("potential", "leg", "direction", "field")}
        modes = self.runs.find(what="modes", **tags) if job.tags["what"] == "band" else None
        return None if modes is None else frequencies(read_matrix(self.runs.path(modes, "saddle.dynmat")))

    def parts(self, job: Job) -> list[str]:
        """The legs into which the leg of a band was split."""
        leg, potential = job.tags["leg"], job.tags["potential"]
        legs = {other.tags["leg"] for other in self.runs.jobs if other.tags["what"] == "band" and other.tags["potential"] == potential}
        return sorted(other for other in legs if other != leg and other.rstrip("abcdefgh") == leg)

    def state_problems(self, name: str, which: str, in_band: np.ndarray) -> list[str]:
        """What is wrong with a relaxed state: not converged, or not the wanted one, or left in the band."""
        job = next(job for job in self.runs.jobs if job.name == name)
        relaxed = read_relaxation(self.runs.folder / name)
        positions = from_lammps_vector(relaxed.positions, self.cell)
        found = []
        if relaxed.max_force > self.study.relax.force:
            found.append(f"{which} not relaxed: {relaxed.max_force:.3g} eV/Angstrom left")
        radius = HOPPED if self.study.endpoints.source and not job.tags["field"] else barrier.SITE_RADIUS
        if (wanted := self.wanted(job)) is not None and (ids := self.moved(wanted, positions, radius)):
            found.append(f"{which} drifted: {ids} left its site in the relaxation")
        if ids := self.moved(positions, in_band):
            found.append(f"{which} was none: {ids} left its site in the band")
        return found

    def wanted(self, job: Job) -> np.ndarray | None:
        """Where a relaxed state should be: as the study gives it, or as it was without field; None for a minimum found on the way."""
        name = job.tags["state"]
        if not job.tags["field"]:
            return self.states[int(name) - 1] if name.isdigit() else None
        zero = self.runs.find(what="state", potential=job.tags["potential"], state=name, field=0.0)
        return None if zero is None else from_lammps_vector(read_relaxation(self.runs.folder / zero.name).positions, self.cell)

    def moved(self, before: np.ndarray, after: np.ndarray, radius: float = barrier.SITE_RADIUS) -> str:
        """The ions that left their sites, the frame's drift taken off; empty when none did."""
        atoms = barrier.moved(before, barrier.align(before, after, self.cell, self.frame), self.cell, radius)
        return ", ".join(f"{self.atoms.symbols[k]} {k + 1}" for k in atoms if k not in self.frame)

    def remarks(self, path: barrier.Path) -> list[str]:
        """What is to be said of images that another potential evaluated: nothing is relaxed, only the highest image can be an end."""
        top = int(np.argmax(path.energies))
        return [] if 0 < top < len(path.energies) - 1 else ["no barrier on these images"]

    def field(self, job: Job) -> np.ndarray:
        return field_vector(job.tags.get("direction", "-"), job.tags.get("field", 0.0), self.cell)

    def label(self, job: Job) -> dict:
        """The columns that name a band or an evaluation."""
        tags = job.tags
        return {
            "path": tags.get("path", tags["potential"]),
            "potential": tags["potential"],
            "leg": tags["leg"],
            "direction": tags.get("direction", "-"),
            "field": tags.get("field", 0.0),
        }

    def notes(self) -> list[str]:
        """Where the states come from, and the ions that move on each leg."""
        lines = list(read_json(self.runs.folder / ORIGIN, "write the deck again"))
        for job in self.runs.select(what="band", field=0.0):
            rows = list(self.ions(job))
            names = ", ".join(f"{row.element} {row.ion} ({row.distance.value:.1f} Angstrom)" for row in rows)
            lines.append(f"leg {job.tags['leg']} on the path of {job.tags['potential']}: {len(rows)} ions change their site: {names or 'none'}")
        return lines


def by_reference(job: Job) -> bool:
    """Whether an ASE calculator evaluated the images."""
    return job.command[0] == "python"
