"""Migration barriers by the climbing-image nudged elastic band, also in an electric field (Fig. 2 of doi:10.1021/acsaem.1c02363)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from esgap.studies.common.reference import Calculator
from esgap.studies.sections import Compared, Count, Finite, Positive, PotentialName, Relax, Section, StudyPath, distinct


class Endpoints(Section):
    """The states between which the path runs: two files, or a hop of a run folder of kind md."""

    model_config = ConfigDict(populate_by_name=True)

    initial: StudyPath | None = None
    """First state, any file that ASE reads."""
    via: tuple[StudyPath, ...] = ()
    """States that the path passes, in this order: each leg between two of them is a band of its own."""
    final: StudyPath | None = None
    """Last state; atoms in the order of the first."""
    source: Annotated[StudyPath | None, Field(alias="from")] = None
    """Run folder of kind md with a hops.csv, instead of files."""
    hop: Count | tuple[Count, ...] | None = None
    """Number of the hop in hops.csv; several consecutive ones, as in [3, 4], are the legs of one path."""
    run: str | None = None
    """Folder of the run within `from`, where several have a hop of this number: runs/li7p3s11/es-gap/800K/seed1."""
    others: Literal["move", "keep"] = "move"
    """Other ions that changed their site meanwhile move along the path, or all atoms but the ion start from where they were before the hop."""

    @model_validator(mode="after")
    def _files_or_hop(self):
        files, hop = (self.initial, self.final), (self.source, self.hop)
        if None in files and None in hop or any(files) and any(hop):
            raise ValueError("expected either `initial` and `final`, or `from` and `hop`: give one of these pairs")
        if self.source and self.via:
            raise ValueError("`via` was given with `from`: give files for all states, or several hops in place of `via`")
        if not self.source and (self.run or self.others != "move"):
            raise ValueError("`run` and `others` belong to `from` and `hop`, not to files: remove them")
        if self.hop == ():
            raise ValueError("`hop` is empty: give a number of hops.csv, or several as in [3, 4]")
        return self

    @property
    def hops(self) -> tuple[int, ...]:
        """The numbers of the hops, none for files."""
        return (self.hop,) if isinstance(self.hop, int) else self.hop or ()


class Ends(Relax):
    """Relaxation of the states at fixed cell until the largest force on an atom is below `force`."""

    force: Positive = 0.005
    """Largest force on an atom at the end, eV/Angstrom; below that of the band, so that its ends are its lowest images."""


class Band(Section):
    """The chain of images between two states."""

    images: Annotated[int, Field(ge=3, le=99)] = 7
    """Images, both ends included; each is a partition of LAMMPS."""
    path: Literal["idpp", "linear"] = "idpp"
    """First path: distances that change evenly (IDPP), or straight lines."""
    spring: Positive = 1.0
    """Between the images, eV/Angstrom^2."""
    force: Positive = 0.01
    """Largest force on an atom of any image at the end, eV/Angstrom; at 0.02 a band may still stand on a ridge beside its saddle."""
    max_steps: Count = 1000
    """Steps at most before the highest image begins to climb, and again after."""
    ranks: Count = 1
    """MPI ranks of an image: a band starts images x ranks of them, on fewer cores too."""
    own_paths: bool = True
    """Relax a band with each potential of `compare` too."""
    modes: bool = False
    """Count the unstable modes of the highest image without field: six evaluations an atom."""
    depth: Positive = 0.005
    """A minimum on the path that is deeper on both sides is a state: the path is split there, eV."""


class Reference(Calculator):
    """An ASE calculator that evaluates the images of all bands without field, such as one of DFT."""

    name: Annotated[str, Field(pattern=r"^[\w.+-]+$")] = "DFT"
    """What it is called in tables and figures."""
    ranks: Count = 1
    """MPI ranks that the calculator starts itself."""


class ElectricField(Section):
    """Uniform fields in which states and bands are relaxed again, with the potential that has charges."""

    values: tuple[Finite, ...] = ()
    """Fields besides zero, V/Angstrom."""
    directions: tuple[Literal["x", "y", "z", "a", "b", "c"], ...] = ("x",)
    """Cartesian directions of the structure file, or those of its cell vectors."""

    @field_validator("values", "directions")
    @classmethod
    def _each_once(cls, values: tuple, info) -> tuple:
        return distinct(values, f"field.{info.field_name}")


class Study(Compared):
    """Migration barriers by the climbing-image nudged elastic band, also in an electric field."""

    kind: Literal["neb"]
    potential: PotentialName
    """With charges where a field is asked for."""
    compare: tuple[PotentialName, ...] = ()
    """Other potentials: each evaluates the images of all bands without field."""
    element: str = "Li"
    """Element of the ions that move; the others are the frame that does not drift."""
    endpoints: Endpoints
    band: Band = Band()
    field: ElectricField = ElectricField()
    reference: Reference | None = None
    relax: Ends = Ends()
