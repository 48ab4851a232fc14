"""The labels as files to fit to: labels.extxyz, and apart from it what did not converge."""

from collections.abc import Iterator
from pathlib import Path

from ase import Atoms
from ase.io import read, write

from esgap.jobs.job import missing
from esgap.plan import Plan
from esgap.record import read_json
from esgap.studies.common.reference import labelled
from esgap.studies.label.study import Study

LABELS, REJECTED = "labels.extxyz", "rejected.extxyz"


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Write both files into the run folder; yield a line for each."""
    frames: dict[str, list[Atoms]] = {LABELS: [], REJECTED: []}
    for job in Plan.load(folder).jobs:
        if not missing(job, folder):
            atoms, label = read(folder / job.inputs["configuration"]), read_json(folder / job.name / "label.json", "label it again")
            frames[REJECTED if "reason" in label else LABELS].append(labelled(atoms, label))
    for name, found in frames.items():
        (folder / name).unlink(missing_ok=True)
        if found:
            write(folder / f"{name}.part", found, format="extxyz")
            (folder / f"{name}.part").replace(folder / name)
            yield f"{folder / name}: {len(found)} configurations"
