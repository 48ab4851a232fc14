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


class Series(Section):
    """Configurations that belong together, such as the images of a path: their energies are also given from the first of each series."""

    key: str = "series"
    """Info key of the file that names the series of a configuration."""
    along: str | None = None
    """Info key of a number, the abscissa: a volume, a path length; numbered when not given."""


class Study(Compared):
    """Errors and uncertainties of potentials on any configurations."""

    kind: Literal["evaluate"]
    configurations: Annotated[StudyPath, Field(examples=["configurations.extxyz"])]
    """Periodic configurations, any file that ASE reads; with labels or without."""
    split: Literal["train", "test"] | None = None
    """Only those that the file marks so, as a fit leaves out those with split=test."""
    select: Annotated[str, Field(pattern=r"^(-?\d+|(-?\d*)(:-?\d*){1,2})$")] = ":"
    """Which of these, as a Python slice: "::5" every fifth, "-20:" the last twenty."""
    potential: PotentialName
    """Compared with the labels."""
    compare: tuple[PotentialName, ...] = ()
    """Further potentials, also compared with the first."""
    uncertainty: bool = True
    """Standard deviations of the atomic energies; needs engine native."""
    keys: Keys = Keys()
    series: Series | None = None
    """Energy differences along series of configurations; none without this table."""

    @model_validator(mode="after")
    def _fits_together(self):
        if self.uncertainty and self.engine == "quip":
            raise ValueError('engine = "quip" gives no uncertainty: take "native", or set uncertainty = false')
        return self
