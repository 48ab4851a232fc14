"""Labels: energies, forces, virials and charges of configurations by a reference method."""

from typing import Annotated, Literal

from pydantic import Field

from esgap.studies.common.reference import WithReference
from esgap.studies.sections import StudyPath


class Study(WithReference):
    """Energies, forces, virials and charges of configurations by a reference method, one calculation each."""

    kind: Literal["label"]
    configurations: Annotated[StudyPath, Field(examples=["configurations.extxyz"])]
    """What to label, any file that ASE reads; `tag` in its comment lines names a calculation."""
