"""The pair by the reference method: single points on the relaxed cells without field, of the first supercell."""

from collections.abc import Iterator

from ase import Atoms

from esgap.jobs.job import Job
from esgap.physics.estimate import Estimate
from esgap.record import read_json
from esgap.studies.common.reference import LABEL, label_job, write_reference
from esgap.studies.contract import OK, Runs
from esgap.studies.frenkel.rows import ReferenceRow
from esgap.studies.frenkel.sweep import PERFECT

REFERENCE = "reference"


def reference_jobs(cell, relaxed: dict[str, Job]) -> Iterator[Job]:
    """One calculation a relaxed cell that is finished. `cell`: the `Supercells` of a potential; `relaxed`: cell -> its relaxation without field."""
    inputs = write_reference(cell.study, cell.work.stage)
    for index, (which, job) in enumerate(relaxed.items()):
        if cell.work.finished(job):
            atoms = Atoms(cell.atoms.numbers, cell.read(job).state.positions, cell=cell.atoms.cell, pbc=True, info={"tag": which})
            made = label_job(cell.study, inputs, atoms, index, cell.work.stage, f"{REFERENCE}/{cell.placed.label}/")
            yield made.model_copy(update={"tags": {"what": REFERENCE, "potential": cell.placed.label, "supercell": cell.label, "cell": which}})


def references(runs: Runs, potential: str, supercell: str, energies: dict[str, Estimate]) -> Iterator[ReferenceRow]:
    """One row a pair. `energies`: pair -> its formation energy without field by the potential, eV, and its interval."""
    found = {job.tags["cell"]: _label(runs, job) for job in runs.select(what=REFERENCE, potential=potential, supercell=supercell)}
    for pair, energy in energies.items():
        if PERFECT not in found or pair not in found:
            continue
        reasons = [f"{which}: {found[which]['reason']}" for which in (PERFECT, pair) if "reason" in found[which]]
        value = None if reasons else found[pair]["energy"] - found[PERFECT]["energy"]
        yield ReferenceRow(
            potential=potential, supercell=supercell, pair=pair, formation_energy=energy, reference=value,
            difference=None if value is None else energy.value - value, verdict="; ".join(reasons) or OK,
        )  # fmt: skip


def _label(runs: Runs, job: Job) -> dict:
    folder = runs.folder / job.name
    return read_json(folder / LABEL, f"delete {folder} to compute it again")
