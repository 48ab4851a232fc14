"""Sites; then Monte Carlo chains; then, when all chains are finished, relaxations of the lowest states."""

from collections.abc import Iterator

from esgap.jobs.job import Job
from esgap.lammps.data import read_structure, write_data
from esgap.lammps.deck import Placed, copy_deck, lammps_job, place
from esgap.potential import Potential
from esgap.record import write_json
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.sites.places import CRYSTAL, SITES, Places
from esgap.studies.sites.states import gather
from esgap.studies.sites.study import Study

DECK, SETTINGS = "in.relax", "monte_carlo.json"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write crystal.extxyz and sites.csv; yield the chains of [monte_carlo], and in a second round the relaxations.

    Raises EsgapError: unreadable structure, overlapping atoms, no interstitial site, an element that the potential lacks, a net charge.
    """
    crystal = read_structure(study.structure, study.supercell)
    places = Places.find(crystal, study.element, study.anions, study.symmetry)
    places.write(work.stage)
    if study.monte_carlo is None:
        return
    (placed,) = place([Potential.load(study.potential)], crystal, work.stage)
    split = long_range(placed, crystal, study.electrostatics, work)
    write_json(work.stage / SETTINGS, settings(study, split))
    chains = [chain(study, placed, temperature, seed) for temperature in study.monte_carlo.temperatures for seed in study.monte_carlo.seeds]
    yield from chains
    if all(work.finished(job) for job in chains):
        copy_deck(DECK, work.stage)
        yield from relaxations(study, places, placed, split, work, chains)


def settings(study: Study, split: dict[str, str]) -> dict:
    """What decides a chain beside temperature and seed."""
    coulomb = {key: kind(split[f"coulomb_{key}"]) for key, kind in (("cutoff", float), ("accuracy", str), ("order", int))} if split else None
    chosen = study.monte_carlo.model_dump(include={"steps", "nearest", "ion_steps"})
    return {"element": study.element, "symmetry": study.symmetry, "coulomb": coulomb} | chosen


def chain(study: Study, placed: Placed, temperature: float, seed: int) -> Job:
    """One chain; its folder is for example monte_carlo/1000.0K-1."""
    name = f"monte_carlo/{temperature!r}K-{seed}"
    return Job(
        name=name,
        command=("python", "-m", "esgap.studies.sites.work", SETTINGS, name, placed.folder, repr(temperature), str(seed)),
        inputs={"settings": SETTINGS, "crystal": CRYSTAL, "sites": SITES} | placed.inputs,
        outputs=(f"{name}/trace.csv", f"{name}/chain.json"),
        tags={"what": "chain", "temperature": temperature, "seed": seed},
        tools=("lammps", "plugin", "ase"),
    )


def relaxations(study: Study, places: Places, placed: Placed, split: dict[str, str], work: Workspace, chains: list[Job]) -> Iterator[Job]:
    """The crystal and the `keep` lowest states, each relaxed at fixed cell."""
    es = placed.potential.electrostatics
    states = gather(places, work.folder, chains)
    crystal = next(state for state in states if state.interstitials == 0)
    for number, state in enumerate([crystal, *[state for state in states if state is not crystal][: study.monte_carlo.keep]]):
        name = f"states/{number}"
        write_data(work.stage / f"data.state-{number}", places.occupy(state.occupied), placed.elements, es.charges if es else None)
        variables = {"data": f"data.state-{number}", "force": study.relax.force, "max_steps": study.relax.max_steps, "out": f"{name}/relaxed"} | split
        tags = {"what": "state", "state": number, "occupied": " ".join(map(str, state.occupied))}
        yield lammps_job(name, DECK, variables, {"start": f"data.state-{number}"}, ("relaxed.dump", "relaxed.data"), tags, placed, study.run.ranks)
