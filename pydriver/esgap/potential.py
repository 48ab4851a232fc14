"""A potential folder: `potential.toml` (what it is), the GAP files it names by SHA-256, and `potential.lmp` for LAMMPS.

Units are those of LAMMPS `metal`: charges in e, exponents zeta in 1/Angstrom, cutoffs in Angstrom.
"""

import re
import tomllib
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from esgap.errors import EsgapError
from esgap.gap_file import check_xml
from esgap.potential_lmp import render
from esgap.record import sha256

TOML = "potential.toml"
INCLUDE = "potential.lmp"


def check_name(name: str, key: str) -> str:
    """A material's or potential's name: it is part of an XML label and of a path. Raises ValueError for another."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name):
        raise ValueError(f'{key} = "{name}" can be no label in an XML file and no folder: begin with a letter, go on with letters, digits, "-", "_" and "."')
    return name


class _Table(BaseModel):
    """A table of the file: immutable, and a key that it does not know is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Gap(_Table):
    """The machine-learned part, an XML of gap_fit's form."""

    file: str  # the XML
    label: str  # xml_label that QUIP asks for
    cutoff: float = Field(gt=0)  # Angstrom
    files: dict[str, str]  # file name -> SHA-256, the XML included
    members: tuple[str, ...] = ()  # XML files of the committee, each a potential of its own

    @model_validator(mode="after")
    def _xml_has_a_hash(self):
        if self.file not in self.files:
            raise ValueError(f"gap.files has no SHA-256 of {self.file}")
        if lost := set(self.members) - set(self.files):
            raise ValueError(f"gap.files has no SHA-256 of {', '.join(sorted(lost))}")
        return self


class Dipoles(_Table):
    """Induced dipoles beside the charges, pair_style dipole/induced (esgap.physics.induced)."""

    polarisabilities: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(min_length=1)
    """By element, Angstrom^3; elements without one have no dipole."""
    eta: float = Field(gt=0, allow_inf_nan=False)
    """Of the Gaussian densities that dipoles and charges have in this part, 1/Angstrom: two charges interact as erf(eta r)/r."""


class Electrostatics(_Table):
    """Fixed charges on s-type Slater densities, and dipoles where ions are polarisable: the baseline that was subtracted before the fit."""

    charges: dict[str, float]
    """By element, e."""
    zeta: dict[str, float]
    """Exponents of the Slater densities by element, 1/Angstrom."""
    n: dict[str, int]
    """Principal quantum numbers of the Slater densities by element."""
    cutoff: float = Field(gt=0)
    """Of the real-space part, Angstrom."""
    kspace: str = "pppm 1.0e-6"
    """The kspace_style of LAMMPS and its accuracy."""
    field_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """A field acts on this times the charges: sqrt(eps_inf) for screened ones. It acts on dipoles as it is."""
    dipoles: Dipoles | None = None
    """None: fixed charges alone."""

    @model_validator(mode="after")
    def _dipoles_are_of_known_elements(self):
        if self.dipoles and (unknown := set(self.dipoles.polarisabilities) - set(self.charges)):
            raise ValueError(f"dipoles.polarisabilities names {', '.join(sorted(unknown))}, which `charges` lacks: correct one of the two")
        return self

    @field_validator("kspace")
    @classmethod
    def _style_and_accuracy(cls, kspace: str) -> str:
        words = kspace.split()
        if len(words) != 2 or words[0] != "pppm" or not 0 < float(words[1]) < 1:
            raise ValueError(f'kspace is "{kspace}", expected "pppm ACCURACY"')
        return kspace


class Potential(_Table):
    """One potential. Make it with `Potential.load`, which also checks every file against its SHA-256."""

    name: str
    material: str
    elements: tuple[str, ...] = Field(min_length=1)  # in the order of the LAMMPS types
    origin: str  # who made it, from what, under what licence
    gap: Gap
    electrostatics: Electrostatics | None = None
    fit: dict[str, Any] = {}  # settings of the fit and hashes of its data: the record
    errors: dict[str, Any] = {}  # RMSE: energy in meV/atom, forces in eV/Angstrom by element, virial in meV/atom
    _folder: Path | None = PrivateAttr(default=None)

    @field_validator("name", "material")
    @classmethod
    def _are_names(cls, name: str, info) -> str:
        return check_name(name, info.field_name)

    @model_validator(mode="after")
    def _every_element_is_known(self):
        for symbol in self.elements:
            if symbol not in atomic_numbers:
                raise ValueError(f"elements: {symbol} is no chemical symbol")
        if self.electrostatics:
            for key in ("charges", "zeta", "n"):
                if found := set(getattr(self.electrostatics, key)) ^ set(self.elements):
                    raise ValueError(f"electrostatics.{key} and elements differ by {', '.join(sorted(found))}")
        return self

    @classmethod
    def load(cls, path_or_name: str | Path) -> "Potential":
        """Read a potential from its folder, its `potential.toml`, or its name such as `li7p3s11/es-gap`.

        A path that exists comes first, then `./potentials` of a clone, then the potentials installed with esgap.
        """
        folder = _find(path_or_name)
        potential = read_toml(folder / TOML)
        verify(folder, potential.gap.files)
        check_xml(folder / potential.gap.file, potential.gap.label)
        _check_include(potential, folder / INCLUDE)
        _check_baseline(potential)
        return potential

    @property
    def folder(self) -> Path:
        """Absolute path of the folder that the potential was read from."""
        if self._folder is None:
            raise EsgapError(f"the potential {self.name} was not read from a folder, so it has no files: use Potential.load")
        return self._folder

    @property
    def xml(self) -> Path:
        """Absolute path of the GAP's XML file."""
        return self.folder / self.gap.file

    def charge_of(self, symbol: str) -> float:
        """Charge in e; 0 for a potential without electrostatics."""
        if symbol not in self.elements:
            raise EsgapError(
                f"the potential {self.name} has no element {symbol} (it has {', '.join(self.elements)}): "
                "use a potential fitted to it, or remove the atoms"
            )
        return self.electrostatics.charges[symbol] if self.electrostatics else 0.0

    def lammps_include(self, elements: tuple[str, ...] | None = None) -> str:
        """The text of `potential.lmp`, the commands that set this potential in a LAMMPS input.

        `elements`: those of the atom types, in their order; the potential's own when not given.
        """
        return render(self, elements or self.elements)


def read_toml(path: Path) -> Potential:
    """Read `potential.toml` alone, without a look at the files that it names."""
    try:
        potential = Potential.model_validate(tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise EsgapError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise EsgapError(f"{path}: {first_problem(error)}") from error
    potential._folder = path.parent.resolve()
    return potential


def write_toml(potential: Potential, folder: Path) -> None:
    """Write `potential.toml` and `potential.lmp` into the folder of the GAP files."""
    (folder / TOML).write_text(tomlkit.dumps(potential.model_dump(mode="json", exclude_none=True)))
    (folder / INCLUDE).write_text(potential.lammps_include())


def verify(folder: Path, files: dict[str, str]) -> None:
    """Raise EsgapError unless every file is there with its SHA-256."""
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise EsgapError(f"{path} is missing, named in {folder / TOML}: restore the folder from its source")
        found = sha256(path)
        if found != expected:
            raise EsgapError(
                f"{path} was altered: its SHA-256 is {found[:12]}..., {TOML} expects {expected[:12]}...; "
                "restore the file, or make the potential again with `esgap fit`"
            )


def densities(electrostatics: Electrostatics | None) -> dict[str, dict]:
    """What a baseline depends on: charges, exponents and quantum numbers, dipoles; nothing of a potential without. Not: cutoffs, meshes."""
    return electrostatics.model_dump(include={"charges", "zeta", "n", "dipoles"}, exclude_none=True) if electrostatics else {}


def _check_baseline(potential: Potential) -> None:
    """Raise EsgapError when the electrostatics are not those that the fit subtracted, as far as its record says."""
    if (subtracted := potential.fit.get("baseline")) is None:
        return
    now = densities(potential.electrostatics)
    if wrong := sorted(key for key in {*subtracted, *now} if subtracted.get(key) != now.get(key)):
        raise EsgapError(
            f"{potential.folder / TOML} has other electrostatics ({', '.join(wrong)}) than the baseline that was subtracted before the fit "
            f"([fit.baseline]): the sum is no potential; restore them, or fit again with the new ones"
        )


def _check_include(potential: Potential, file: Path) -> None:
    """Raise EsgapError when the commands of `potential.lmp` are not those of `potential.toml`: comments and blank lines aside.

    In a run folder the types may be fewer, or in another order.
    """
    if not file.is_file():
        return
    found = file.read_text(errors="replace")
    types = re.search(rf"\$\{{potential\}}/{re.escape(potential.gap.file)} ([A-Z][A-Za-z ]*)", found)
    elements = tuple(types[1].split()) if types else potential.elements
    if set(elements) <= set(potential.elements):
        wrong = [line for pair in zip_longest(_commands(found), _commands(potential.lammps_include(elements))) if pair[0] != pair[1] for line in pair]
    else:
        wrong = [types[0]]
    if wrong:
        raise EsgapError(
            f"{file} does not say what {TOML} says (`{wrong[0] or wrong[1]}`): it is made from {TOML}, "
            f"so change that file and make the other anew with `esgap potential {file.parent}`"
        )


def _commands(text: str) -> list[str]:
    return [line for raw in text.splitlines() if (line := " ".join(raw.split("#")[0].split()))]


def _find(path_or_name: str | Path) -> Path:
    installed = Path(__file__).parent / "data" / "potentials"
    for path in (Path(path_or_name), Path("potentials") / path_or_name, installed / path_or_name):
        if path.is_file() and path.name == TOML:
            return path.parent
        if (path / TOML).is_file():
            return path
    known = sorted(str(toml.parent.relative_to(installed)) for toml in installed.glob(f"*/*/{TOML}"))
    raise EsgapError(
        f"no potential {path_or_name}: give a folder with {TOML}, or one of the installed {', '.join(known) or '(none)'}"
    )


def first_problem(error: ValidationError) -> str:
    """The first complaint of pydantic as `table.key: what`."""
    complaint = error.errors()[0]
    where = ".".join(map(str, complaint["loc"]))
    what = "unknown key" if complaint["type"] == "extra_forbidden" else complaint["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
