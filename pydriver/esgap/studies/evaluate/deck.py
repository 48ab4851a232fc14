"""Decks for evaluations: in.evaluate, one start of LAMMPS a potential for all configurations."""

from collections.abc import Iterator

from ase import Atoms

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import write_data
from esgap.lammps.deck import check_atoms, copy_deck, lammps_job, place
from esgap.potential import Potential
from esgap.studies.common import long_range
from esgap.studies.contract import Workspace
from esgap.studies.evaluate.configurations import read_configurations, write_configurations
from esgap.studies.evaluate.study import Study

DECK, OUT = "in.evaluate", "evaluated"


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write in.evaluate, the configurations and a data file each; yield a job a potential.

    Raises EsgapError as `read_configurations`, or for an element that a potential lacks or a net charge.
    """
    configurations = read_configurations(study)
    potentials = [Potential.load(name) for name in (study.potential, *study.compare)]
    for i, atoms in enumerate(configurations):
        for potential in potentials:
            try:
                check_atoms(atoms, potential)
            except EsgapError as error:
                raise EsgapError(f"configuration {i} of {study.configurations}: {error}") from error
    largest = max(configurations, key=len)
    placed = place(potentials, _all_elements(configurations), work.stage)
    write_configurations(configurations, work.stage)
    names = [f"configurations/data.{i}" for i in range(len(configurations))]
    (work.stage / "configurations").mkdir(exist_ok=True)
    for name, atoms in zip(names, configurations):
        write_data(work.stage / name, atoms, placed[0].elements)  # potential.lmp sets the charges
    copy_deck(DECK, work.stage)
    for one in placed:
        split = long_range(one, largest, study.electrostatics, work)
        folder = f"evaluations/{one.label}"
        uncertainty = "yes" if study.uncertainty else "no"
        variables = {"engine": study.engine, "data": names, "uncertainty": uncertainty, "out": f"{folder}/{OUT}"} | split
        outputs = [f"{OUT}.csv", *(f"{OUT}.{i}.dump" for i in range(1, len(names) + 1))]
        yield lammps_job(folder, DECK, variables, {name: name for name in names}, outputs, {"potential": one.label}, one, study.run.ranks)


def _all_elements(configurations: list[Atoms]) -> Atoms:
    """All configurations in one, so that every element has its type."""
    return sum(configurations[1:], configurations[0].copy())
