"""Energies, forces, virials and uncertainties of configurations, labelled or not."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from esgap.studies.sections import Compared, PotentialName, Section, StudyPath


class Keys(Section):
    """Names of the labels in the file; one that is not given is looked for as dft_energy, dft_force, dft_virial, then as energy, forces, stress."""

    energy: str | None = None
    """EV."""
    forces: str | None = None
    """EV/Angstrom."""
    virial: str | None = None
    """EV, 3 x 3, positive trace = positive pressure."""


class Study(Compared):
    """Errors and uncertainties of potentials on any configurations."""

    kind: Literal["evaluate"]
    configurations: Annotated[StudyPath, Field(examples=["configurations.extxyz"])]
    """Periodic configurations, any file that ASE reads; with labels or without."""
    select: Annotated[str, Field(pattern=r"^(-?\d*)(:-?\d*){0,2}$")] = ":"
    """Which of them, as a Python slice: "::5" every fifth, "-20:" the last twenty."""
    potential: PotentialName
    """Compared with the labels."""
    compare: tuple[PotentialName, ...] = ()
    """Further potentials, also compared with the first."""
    uncertainty: bool = True
    """Standard deviations of the atomic energies; needs engine native."""
    keys: Keys = Keys()

    @model_validator(mode="after")
    def _fits_together(self):
        if self.uncertainty and self.engine == "quip":
            raise ValueError('engine = "quip" gives no uncertainty: take "native", or set uncertainty = false')
        return self
