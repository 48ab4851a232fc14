"""The states as files that other programs read."""

from collections.abc import Iterator
from pathlib import Path

from ase.io import write

from esgap.jobs.job import missing
from esgap.lammps.relaxation import relaxed_atoms
from esgap.plan import Plan
from esgap.studies.sites.places import Places
from esgap.studies.sites.states import gather
from esgap.studies.sites.study import Study

STATES = "states.extxyz"


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Write states.extxyz, every distinct state that a chain met, lowest first, and relaxed.extxyz of each relaxed one; yield a line for each."""
    jobs = [job for job in Plan.load(folder).jobs if not missing(job, folder)]
    chains = [job for job in jobs if job.tags.get("what") == "chain"]
    if not chains:
        return
    places = Places.read(folder, study.element, study.symmetry)
    frames = []
    for state in gather(places, folder, chains):
        frames.append(places.occupy(state.occupied))
        frames[-1].info = {"energy_placed": state.energy, "interstitials": places.names(state.occupied), "visits": state.visits}
    write(folder / STATES, frames, format="extxyz")
    yield f"{folder / STATES}: {len(frames)} distributions of the ions, distinct by symmetry"
    for job in jobs:
        if job.tags.get("what") == "state":
            file = folder / job.name / "relaxed.extxyz"
            write(file, relaxed_atoms(folder / job.name, places.crystal), format="extxyz")
            yield f"{file}: the relaxed state {job.tags['state']}"
