"""Ionic conductivity and hops from molecular dynamics (Fig. 3 of doi:10.1021/acsaem.1c02363)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from esgap.studies import contract
from esgap.studies.sections import Coulomb, Count, Engine, Finite, LastingPath, Positive, PotentialName, Section, StudyPath, distinct


class Dynamics(Section):
    """One run: Langevin equilibration, then production."""

    timestep: Positive = 0.002
    """MD step, ps."""
    equilibration: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 10.0
    """Before the production, not analysed, ps."""
    equilibrate: Literal["nvt", "npt"] = "nvt"
    """npt: the cell breathes at `pressure`, then is fixed at its mean."""
    pressure: Finite = 0.0
    """Of an npt equilibration, bar."""
    barostat: Literal["iso", "aniso", "tri"] = "iso"
    """What may change of the cell meanwhile: its size, its lengths, or all of it."""
    production: Positive = 1000.0
    """Length of the production, ps."""
    ensemble: Literal["nvt", "nve"] = "nvt"
    """Of the production, at constant volume."""
    sample_every: Positive = 0.1
    """Time between frames, ps."""
    segment: Positive = 10.0
    """Time between restart files, ps: what is done again after a kill."""

    @model_validator(mode="after")
    def _whole_steps(self):
        if self.sample_every < self.timestep or self.production < 2 * self.sample_every:
            raise ValueError("sample_every must be at least the timestep, and production hold two frames")
        return self


class Transport(Section):
    """What is analysed."""

    mobile: str = "Li"
    """Element of the mobile ions."""
    charge: Finite = 1.0
    """Their formal charge in the conductivities, e."""
    fit_from: Positive | None = None
    """Shortest lag of the fit to the mean squared displacement (t0), ps; chosen from 1, 2, 4 ... ps when not given."""
    extrapolate: Positive = 300.0
    """Temperature to which the Arrhenius line is drawn, K."""


class LongRange(Coulomb):
    """The long-range sum of potentials with charges; cutoff and order are chosen for the least time when not given."""

    accuracy: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    """Of the forces, relative to that between two unit charges 1 Angstrom apart; dynamics needs less than a relaxation."""


class Trajectory(Section):
    """A dump that was made elsewhere, analysed in place of a run of our own."""

    dump: LastingPath | tuple[LastingPath, ...]
    """Text dump with id and xu yu zu, or x y z and ix iy iz; several files of one run in their order."""
    elements: Annotated[tuple[str, ...], Field(min_length=1)]
    """By type."""
    timestep: Positive
    """MD step, ps: the time of a frame is its TIMESTEP x timestep."""
    temperature: Positive
    """K."""
    mobile: str = "Li"
    """Element of the mobile ions."""
    charge: Finite = 1.0
    """Their formal charge, e."""
    drop_cut: bool = False
    """Leave out frames that are cut off, instead of refusing the dump."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The dumps."""
        return self.dump if isinstance(self.dump, tuple) else (self.dump,)

    @model_validator(mode="after")
    def _mobile_is_there(self):
        if self.mobile not in self.elements:
            raise ValueError(f"mobile = {self.mobile!r} is none of the elements {', '.join(self.elements)}")
        return self


class BondLimit(Section):
    """Bonds that should last: a run in which one opens is named, since its ions move in another material from there on."""

    centre: str = "P"
    """Element."""
    ligand: str = "S"
    """Element bound to it: every pair that is nearer than `longest` at the start, averaged over `time`, is a bond."""
    longest: Positive = 3.0
    """A bond is open beyond this, Angstrom."""
    time: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.5
    """It may be open for so long, ps: bonds vibrate."""


OF_A_RUN = ("supercell", "compare", "engine", "temperatures", "seeds", "dynamics", "electrostatics")  # keys that a dump made elsewhere leaves without a meaning


class Study(contract.Study):
    """Diffusion, ionic conductivity and hops from molecular dynamics, or from a dump made elsewhere."""

    kind: Literal["md"]
    structure: StudyPath | None = None
    """Needed without [trajectory]: start, any file that ASE reads; its volume is that of the production unless npt equilibrates it."""
    supercell: tuple[Count, Count, Count] = (1, 1, 1)
    """Images of the structure along a, b, c."""
    potential: PotentialName | None = None
    """Needed without [trajectory]: a potential folder, or a name such as li7p3s11/es-gap."""
    compare: tuple[PotentialName, ...] = ()
    """Further potentials, run in the same way; conductivities are compared with the first."""
    reference: LastingPath | None = None
    """Finished run folder of kind md: conductivities are compared with those of its first potential instead."""
    engine: Engine = "native"
    """Who evaluates the GAP: native (pair_style gap) or quip."""
    temperatures: Annotated[tuple[Positive, ...], Field(min_length=1)] = (800.0,)
    """K; from two on an Arrhenius line is fitted."""
    seeds: Annotated[tuple[Count, ...], Field(min_length=1)] = (1, 2)
    """Of the velocities: one run each, pooled."""
    dynamics: Dynamics = Dynamics()
    transport: Transport = Transport()
    electrostatics: LongRange = LongRange()
    bonds: BondLimit | None = None
    """Bonds that should last; none are looked at without this table."""
    trajectory: Trajectory | None = None
    """A dump made elsewhere, in place of structure and potential."""

    @field_validator("temperatures", "seeds")
    @classmethod
    def _each_once(cls, values: tuple, info) -> tuple:
        return distinct(values, info.field_name)

    @model_validator(mode="after")
    def _own_run_or_dump(self):
        own = (self.structure, self.potential)
        if self.trajectory and any(own):
            raise ValueError("[trajectory] was given with `structure` or `potential`: give a dump to analyse, or what to run")
        if self.trajectory:
            self._refuse_what_a_dump_ignores()
        if not self.trajectory and None in own:
            raise ValueError("`structure` and `potential` are needed for a run (or [trajectory] for a dump made elsewhere): add them")
        if self.potential:
            distinct((self.potential, *self.compare), "potential and compare")
        return self

    def _refuse_what_a_dump_ignores(self) -> None:
        fields = type(self).model_fields
        ignored = [name for name in OF_A_RUN if getattr(self, name) != fields[name].default]
        ignored += [f"transport.{name}" for name in ("mobile", "charge") if getattr(self.transport, name) != getattr(Transport(), name)]
        if ignored:
            raise ValueError(f"{', '.join(ignored)} given beside [trajectory], which does not read it: remove it; `mobile`, `charge` and `temperature` of a dump stand in [trajectory]")

    @property
    def mobile(self) -> str:
        """Element of the mobile ions."""
        return self.trajectory.mobile if self.trajectory else self.transport.mobile

    @property
    def charge(self) -> float:
        """Formal charge of a mobile ion, e."""
        return self.trajectory.charge if self.trajectory else self.transport.charge
