"""The last generation's potentials, and all labels in one file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from esgap.plan import Plan
from esgap.studies.common.potentials import put
from esgap.studies.train.study import Study

LABELS = "labels.extxyz"


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Copy the potentials to study.publish/NAME and the labels that they were fitted to or tested on to `folder`/labels.extxyz; yield a line for each."""
    fits = [job for job in Plan.load(folder).jobs if job.tags.get("part") == "fit"]
    last = max(int(job.tags["generation"]) for job in fits)
    study.publish.mkdir(parents=True, exist_ok=True)
    for job in fits:
        if job.tags["generation"] == last:
            yield put(folder / job.name, study.publish / str(job.tags["model"]))
    shutil.copyfile(folder / f"generation-{last}" / LABELS, folder / f"{LABELS}.part")
    (folder / f"{LABELS}.part").replace(folder / LABELS)
    yield f"{folder / LABELS}: all labels, those held out marked split=test"
