"""Runs of in.md: one a potential, temperature and seed, each going on where it was when killed."""

import math
from collections.abc import Iterator

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import Placed, copy_deck, lammps_job, place
from esgap.potential import Potential
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.md.study import Dynamics, Study

DECK, DATA = "in.md", "data.start"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write in.md and data.start; yield the runs. A study of a dump made elsewhere has none.

    Raises EsgapError: unreadable structure, no mobile ion in it, an element that a potential lacks, a net charge.
    """
    if study.trajectory:
        return
    atoms = read_structure(study.structure, study.supercell)
    if study.mobile not in atoms.symbols:
        raise EsgapError(f"no {study.mobile} in {study.structure} ({atoms.symbols}): correct transport.mobile, the ions that move")
    placed = place([Potential.load(name) for name in (study.potential, *study.compare)], atoms, work.stage)
    charges = next((one.potential.electrostatics.charges for one in placed if one.potential.electrostatics), None)
    write_data(work.stage / DATA, atoms, placed[0].elements, charges)
    copy_deck(DECK, work.stage)
    for one in placed:
        split = long_range(one, atoms, study.electrostatics, work)
        for temperature in study.temperatures:
            for seed in study.seeds:
                yield _run(study, one, temperature, seed, split)


def _run(study: Study, placed: Placed, temperature: float, seed: int, split: dict[str, str]) -> Job:
    name = f"runs/{placed.label}/{temperature:g}K/seed{seed}"
    variables = {"engine": study.engine, "data": DATA, "elements": " ".join(placed.elements), "temperature": temperature, "seed": seed}
    variables |= study.dynamics.model_dump() | {"out": f"{name}/md"} | split
    starts = segment_starts(study.dynamics)
    outputs = [f"md.{step:010d}.{kind}" for step in starts for kind in ("dump", "thermo")] + ["md.restart", "md.data"]
    tags = {"potential": placed.label, "temperature": temperature, "seed": seed}
    return lammps_job(name, DECK, variables, {"start": DATA}, outputs, tags, placed, study.run.ranks, continues=True, length="production", cut=_cut(study.dynamics))


def _cut(dynamics: Dynamics) -> str:
    """Why a run of another length has other files than one that goes on: its last segment is shorter than the others."""
    whole = steps(dynamics, "production") % steps(dynamics, "segment") == 0
    return "" if whole else f"{dynamics.production:g} ps are not whole segments of {dynamics.segment:g} ps"


def segment_starts(dynamics: Dynamics) -> range:
    """The steps from which the segments of a production start: in.md counts in the same way."""
    return range(0, steps(dynamics, "production"), steps(dynamics, "segment"))


def steps(dynamics: Dynamics, time: str) -> int:
    """MD steps of "production" or "segment": whole frames, one at least."""
    stride = max(1, math.floor(dynamics.sample_every / dynamics.timestep + 0.5))
    return stride * max(1, math.ceil(getattr(dynamics, time) / dynamics.sample_every - 1e-6))
