"""The labels as files to fit to: labels.extxyz, and apart from it what did not converge."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from esgap.jobs.job import missing
from esgap.plan import Plan
from esgap.record import read_json
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


def labelled(atoms: Atoms, label: dict) -> Atoms:
    """The configuration with the keys dft_energy, dft_virial, dft_force, hirshfeld, settings; or with the reason why not."""
    if "reason" in label:
        atoms.info["reason"] = label["reason"]
        return atoms
    atoms.info |= {"dft_energy": label["energy"], "dft_virial": np.array(label["virial"]), "settings": label["settings"], "seconds": label["seconds"]}
    atoms.arrays["dft_force"] = np.array(label["forces"])
    if label["charges"] is not None:
        atoms.arrays["hirshfeld"] = np.array(label["charges"])
    return atoms
