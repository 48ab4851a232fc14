"""Formation energy and number of pairs of defects against the depth below an interface (Fig. 4 of doi:10.1021/acsaem.1c02363)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from esgap.studies import contract
from esgap.studies.sections import Count, Finite, Positive, Section, StudyPath, distinct


def _direction(text: str) -> str:
    """A direction of the results, or the opposite of one."""
    if not text.removeprefix("-"):
        raise ValueError(f'{text!r} is no direction: give one of the results, such as "x", or "-x" for the opposite one')
    return text


Direction = Annotated[str, AfterValidator(_direction)]


class Drop(Section):
    """The electrostatic potential against the depth: `table`, or `potential` and `length`."""

    shape: Literal["exponential", "linear", "table"] = "exponential"
    """potential x exp(-depth/length); potential x (1 - depth/length) up to length; or a table."""
    potential: Finite | None = None
    """At the interface, against the bulk, V."""
    length: Positive | None = None
    """Over which it falls, Angstrom."""
    table: StudyPath | None = None
    """CSV file with the columns depth (Angstrom, increasing) and potential (V)."""

    @model_validator(mode="after")
    def _complete(self):
        wanted = ("table",) if self.shape == "table" else ("potential", "length")
        given = {key for key in ("potential", "length", "table") if getattr(self, key) is not None}
        if given != set(wanted):
            raise ValueError(f'shape = "{self.shape}" needs {" and ".join(wanted)} and nothing else, found {", ".join(sorted(given)) or "none"}')
        return self


class Study(contract.Study):
    """What defects cost below an interface with a potential drop, from their energies in fields."""

    kind: Literal["interface"]
    frenkel: StudyPath
    """Run folder of a finished study of kind frenkel, relative to the study file."""
    temperature: Positive
    """K, for the number of pairs."""
    directions: Annotated[tuple[Direction, ...], Field(min_length=1)] = ("x",)
    """From the interface into the crystal, each one of those with fields in the results; "-x" is the opposite of "x", "-1,-1,0" that of "1,1,0"."""
    drop: Drop
    depth: Positive = 30.0
    """How far the profile goes, Angstrom; a table goes as far as it goes."""
    points: Annotated[Count, Field(ge=2)] = 301
    """Depths at which it is computed."""

    @model_validator(mode="after")
    def _each_once(self):
        distinct(self.directions, "directions")
        return self
