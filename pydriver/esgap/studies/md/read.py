"""The trajectories of a study, its own or those made elsewhere, pooled by potential and temperature."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.trajectory import Trajectory, read_thermo_files, read_trajectory
from esgap.physics.bonds import Bonds, bonds
from esgap.physics.integrity import LOOKS, overlap
from esgap.physics.displacement import Run, without_drift
from esgap.physics.transport import Conditions
from esgap.studies.contract import Runs
from esgap.studies.md.study import Study

SAME_VOLUME = 1e-3  # relative, of runs that are pooled
SHORT = 0.25  # of the longest run: a run that broke before that is left out


@dataclass(frozen=True)
class Pool:
    """Runs that differ in their seed alone."""

    potential: str
    temperature: float  # K, that was asked for
    measured: float | None  # K, mean over the frames that are used; None when the runs do not say
    conditions: Conditions
    runs: list[Run]
    names: list[str]  # of the runs
    first: list[float]  # ps, time of the first frame of each
    ids: np.ndarray  # of the mobile ions
    cell: np.ndarray  # (3, 3) Angstrom, mean, LAMMPS's frame
    bonds: list[Bonds]  # of each run; none when the study does not ask
    elements: np.ndarray  # (N,) of all atoms
    atoms: np.ndarray  # (N,) ids of all atoms
    broken: int  # runs in which two atoms fell into each other; what came before is kept
    notes: list[str]


def pools(study: Study, runs: Runs) -> Iterator[Pool]:
    """One a potential and temperature of which a run is finished."""
    if study.trajectory:
        yield _foreign(study)
        return
    for key in dict.fromkeys((job.tags["potential"], job.tags["temperature"]) for job in runs.jobs):
        if jobs := list(runs.select(potential=key[0], temperature=key[1])):
            yield _own(study, runs, *key, jobs)


def _own(study: Study, runs: Runs, potential: str, temperature: float, jobs: list[Job]) -> Pool:
    files = [[runs.folder / name for name in job.outputs] for job in jobs]
    found = [read_trajectory([file for file in one if file.suffix == ".dump"]) for one in files]
    thermo = [read_thermo_files([file for file in one if file.suffix == ".thermo"]) for one in files]
    return _pool(study, potential, temperature, thermo, found, [job.name for job in jobs], study.dynamics.timestep)


def _foreign(study: Study) -> Pool:
    given = study.trajectory
    found = read_trajectory(given.files, given.drop_cut)
    if found.elements is None and found.types is None:
        raise EsgapError(f"{given.files[0]} has neither a column type nor element, so the {given.mobile} ions are unknown: dump id type xu yu zu")
    return _pool(study, "-", given.temperature, [], [found], [given.files[0].name], given.timestep)


def _pool(study: Study, potential: str, temperature: float, thermo: list[pd.DataFrame], found: list[Trajectory], names: list[str], timestep: float) -> Pool:
    notes = [f"{name}: {note}" for name, one in zip(names, found) for note in one.notes]
    found, breaks = zip(*(_intact(one, _elements(study, one, name), name, timestep) for one, name in zip(found, names)))
    notes += filter(None, breaks)
    kept = [k for k, one in enumerate(found) if len(one.steps) >= SHORT * max(len(one.steps) for one in found) and len(one.steps) > 1]
    if not kept:
        raise EsgapError(f"no frames of {potential} at {temperature:g} K are left: {'; '.join(filter(None, breaks)) or 'the runs hold one frame'}")
    if len(kept) < len(found):
        notes.append(f"left out, since too little of them is sound: {', '.join(names[k] for k in range(len(found)) if k not in kept)}")
    measured = _temperature([thermo[k][thermo[k]["step"] <= found[k].steps[-1]] for k in kept]) if thermo else None
    found, names = [found[k] for k in kept], [names[k] for k in kept]
    volumes = [one.volume for one in found]
    if max(volumes) > min(volumes) * (1 + SAME_VOLUME):
        raise EsgapError(f"the runs of {potential} at {temperature:g} K have volumes from {min(volumes):.2f} to {max(volumes):.2f} Angstrom^3: pool runs of one volume (equilibrate nvt)")
    masks = [_mobile(study, one, name) for one, name in zip(found, names)]
    home = None if masks[0].all() else found[0].positions[0, ~masks[0]].mean(axis=0)
    intervals = [float(one.steps[1] - one.steps[0]) * timestep for one in found]
    if home is None:
        notes.append(f"only {study.mobile} in the dump: the drift of the lattice could not be taken off")
    return Pool(
        potential=potential,
        temperature=temperature,
        measured=measured,
        conditions=Conditions(study.charge, float(np.mean(volumes)), measured if measured and study.dynamics.ensemble == "nve" else temperature),
        runs=[Run(without_drift(one.positions, mask, home), interval) for one, mask, interval in zip(found, masks, intervals)],
        names=names,
        first=[float(one.steps[0]) * timestep for one in found],
        ids=found[0].ids[masks[0]],
        cell=np.mean([one.cell for one in found], axis=0),
        bonds=[_bonds(study, one, name, timestep) for one, name in zip(found, names)] if study.bonds else [],
        elements=_elements(study, found[0], names[0]),
        atoms=found[0].ids,
        broken=sum(map(bool, breaks)),
        notes=notes,
    )


def _temperature(thermo: list[pd.DataFrame]) -> float:
    """The mean over the frames that are used, K."""
    return float(np.concatenate([one["temperature"] for one in thermo]).mean())


def _intact(found: Trajectory, elements: np.ndarray, name: str, timestep: float) -> tuple[Trajectory, str]:
    """The frames before two atoms fall into each other, and a sentence on that."""
    if (at := overlap(found.positions, found.cells, elements)) is None:
        return found, ""
    frame, pair, distance = at
    atoms = " and ".join(f"{elements[k]} {found.ids[k]}" for k in pair)
    words = f"{name}: {atoms} are {distance:.2f} Angstrom apart at {found.steps[frame] * timestep:g} ps, so what follows is not the material: only frames before are used"
    whole = max(0, frame - max(1, len(found.steps) // LOOKS))
    return replace(found, steps=found.steps[:whole], positions=found.positions[:whole], cells=found.cells[:whole]), words


def _elements(study: Study, found: Trajectory, name: str) -> np.ndarray:
    """The element of every atom."""
    if not study.trajectory or found.types is None:
        return found.elements
    known = study.trajectory.elements
    if found.types.max() > len(known):
        raise EsgapError(f"{name} has the type {found.types.max()}, but trajectory.elements names {len(known)}: name the element of every type")
    elements = np.array(known)[found.types - 1]
    if found.elements is not None and (wrong := np.flatnonzero(elements != found.elements)).size:
        at = wrong[0]
        raise EsgapError(f"type {found.types[at]} is {found.elements[at]} in {name}, but {elements[at]} in trajectory.elements: name the elements in the order of the types")
    return elements


def _mobile(study: Study, found: Trajectory, name: str) -> np.ndarray:
    """Mask of the mobile ions."""
    mask = _elements(study, found, name) == study.mobile
    if not mask.any():
        raise EsgapError(f"no {study.mobile} in {name}: correct `mobile` or `elements`")
    return mask


def _bonds(study: Study, found: Trajectory, name: str, timestep: float) -> Bonds:
    """Those that the study wants to last, in one run."""
    given, elements = study.bonds, _elements(study, found, name)
    frames = int(np.ceil(given.time / (float(found.steps[1] - found.steps[0]) * timestep) - 1e-6))
    one, other = (np.flatnonzero(elements == element) for element in (given.centre, given.ligand))
    result = bonds(found.positions, found.cells, one, other, given.longest, frames)
    if not result.count:
        raise EsgapError(f"no {given.centre}-{given.ligand} bond below {given.longest:g} Angstrom at the start of {name}: correct centre, ligand or longest in [bonds]")
    return result
