"""What an engine of the fit is given, and what it hands back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from esgap.lammps.static import Labels
from esgap.studies.fit.study import Study


@dataclass(frozen=True)
class Task:
    """One model to fit. The XML is to be written to work/gap.xml under `label`, its other files beside it."""

    study: Study
    configurations: list[Atoms]
    labels: list[Labels]  # the reference
    targets: list[Labels]  # less the baseline
    held: np.ndarray  # mask: not fitted but tested
    work: Path  # an empty folder
    folder: Path  # where a log of failure may stay
    label: str


@dataclass(frozen=True)
class Fitted:
    """Predictions of the file for all configurations, without the baseline, and what the record tells of the fit."""

    predicted: list[Labels]
    record: dict[str, Any]
    packages: tuple[str, ...] = ()  # whose versions belong to the record
    members: tuple[str, ...] = ()  # XML files of the committee
    left_out: dict[str, Any] = field(default_factory=dict)  # errors of each configuration by a fit without it
