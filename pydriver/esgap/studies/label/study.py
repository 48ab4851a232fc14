"""Labels: energies, forces, virials and charges of configurations by a reference method."""

import shlex
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies import contract
from esgap.studies.sections import Count, Section, StudyPath


class CP2K(Section):
    """The reference is CP2K with a deck of one's own."""

    template: Annotated[StudyPath, Field(examples=["cp2k.template"])]
    """Input file with @CELL@ and @COORD@ in place of the lines of &CELL and &COORD."""
    ranks: Count = 1
    """MPI ranks of one calculation."""
    program: str = "cp2k.psmp"
    """The executable."""
    launcher: str = "mpirun.openmpi --mca mpi_yield_when_idle 1 -n {ranks}"
    """Before the executable when there is more than one rank; Debian's CP2K belongs to Open MPI."""

    @field_validator("launcher")
    @classmethod
    def _splits_into_words(cls, launcher: str) -> str:
        try:
            shlex.split(launcher.format(ranks=1))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"cannot be read ({error}); the one placeholder is {{ranks}}") from error
        return launcher


class Calculator(Section):
    """The reference is an ASE calculator."""

    calculator: Annotated[str, Field(pattern=r"^[\w.]+:\w+$", examples=["ase.calculators.emt:EMT"])]
    """module:Class."""
    arguments: dict[str, Any] = {}
    """Its keyword arguments."""


class Study(contract.Study):
    """Energies, forces, virials and charges of configurations by a reference method, one calculation each."""

    kind: Literal["label"]
    configurations: Annotated[StudyPath, Field(examples=["configurations.extxyz"])]
    """What to label, any file that ASE reads; `tag` in its comment lines names a calculation."""
    cp2k: CP2K | None = None
    ase: Calculator | None = None

    @model_validator(mode="after")
    def _one_reference(self):
        if (self.cp2k is None) == (self.ase is None):
            raise ValueError("give one of the sections [cp2k] and [ase]: the method that labels")
        return self
