"""Energy against volume and the bulk modulus."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from esgap.studies.sections import Compared, Count, Positive, PotentialName, Relax, StudyPath, distinct


class Study(Compared):
    """Energy against volume at fixed shape, and the equation of state of Birch and Murnaghan."""

    kind: Literal["eos"]
    structure: StudyPath
    """The crystal, any file that ASE reads; best relaxed (kind relax)."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Images of the structure along a, b, c."""
    potential: PotentialName
    """Evaluated at every volume."""
    compare: tuple[PotentialName, ...] = ()
    """Further potentials, on the same volumes."""
    volumes: Annotated[tuple[Positive, ...], Field(min_length=5)] = (0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06)
    """Over that of the structure; five or more."""
    ions: bool = True
    """Relax the ions at each volume; false keeps their fractional coordinates."""
    relax: Relax = Relax()

    @field_validator("volumes")
    @classmethod
    def _each_once(cls, volumes: tuple) -> tuple:
        return tuple(sorted(distinct(volumes, "volumes")))
