"""Fitted potentials put beside the study, when all is finished."""

from collections.abc import Iterator
from pathlib import Path

from esgap.studies.common.potentials import put
from esgap.studies.fit.study import Study


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Copy the potential folders of the run `folder` to study.publish/NAME; yield a line for each. A scan gives nothing away."""
    for model in study.model if not study.scan else ():
        yield put(folder / "models" / model.name, study.publish / model.name)
