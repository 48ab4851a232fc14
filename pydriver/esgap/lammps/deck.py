"""Decks in a run folder: the input scripts of inputs/, the potentials, and the jobs that use them. Everything lies inside the folder."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ase import Atoms

from esgap.errors import EsgapError
from esgap.jobs.job import Job, Tag
from esgap.potential import INCLUDE, TOML, Potential
from esgap.record import hash_of, write_text

NET_CHARGE = 1e-6  # e


@dataclass(frozen=True)
class Placed:
    """A potential as it lies in a run folder."""

    potential: Potential
    label: str  # material/name, unique in the study
    folder: str  # relative to the run folder
    elements: tuple[str, ...]  # by type

    @property
    def inputs(self) -> dict[str, str]:
        """The files that decide its numbers; potential.toml holds the hashes of the others."""
        return {f"potential {file}": f"{self.folder}/{file}" for file in (TOML, INCLUDE)}


def place(potentials: Iterable[Potential], atoms: Atoms, stage: Path) -> list[Placed]:
    """Copy potentials into `stage`/potentials, each with a potential.lmp for the types of this study.

    The types are the elements of `atoms` in the order of the first potential, for all of them: one data file serves all.
    Raises EsgapError: one potential named twice, an element that one lacks, a net charge.
    """
    potentials = list(potentials)
    for potential in potentials:
        check_atoms(atoms, potential)
    elements = tuple(symbol for symbol in potentials[0].elements if symbol in set(atoms.symbols))
    placed = []
    for potential, label in zip(potentials, labels(potentials)):
        folder = stage / "potentials" / label
        folder.mkdir(parents=True, exist_ok=True)
        for file in (TOML, *potential.gap.files):
            shutil.copyfile(potential.folder / file, folder / file)
        write_text(folder / INCLUDE, potential.lammps_include(elements))
        placed.append(Placed(potential, label, f"potentials/{label}", elements))
    return placed


def labels(potentials: list[Potential]) -> list[str]:
    """material/name of each, with a few digits of its hash where two would be called the same. Raises EsgapError for one named twice."""
    names = [f"{p.material}/{p.name}".lower() for p in potentials]
    hashes = [hash_of(p.model_dump(mode="json")) for p in potentials]
    if twice := {name for name, digest in zip(names, hashes) if hashes.count(digest) > 1}:
        raise EsgapError(f"the potential {', '.join(sorted(twice))} stands twice in the study: name each once under `potential` and `compare`")
    return [name if names.count(name) == 1 else f"{name}@{digest[:6]}" for name, digest in zip(names, hashes)]


def check_atoms(atoms: Atoms, potential: Potential) -> None:
    """Raise EsgapError when the potential lacks an element of the cell or gives it a net charge."""
    missing = sorted(set(atoms.symbols) - set(potential.elements))
    if missing:
        raise EsgapError(
            f"the potential {potential.name} has no type for {', '.join(missing)} (it knows {', '.join(potential.elements)}): "
            "choose a potential fitted to all elements of the structure"
        )
    total = sum(potential.charge_of(symbol) for symbol in atoms.symbols)
    if abs(total) > NET_CHARGE:
        raise EsgapError(
            f"the cell {atoms.symbols} has a net charge of {total:+.6g} e with the charges of {potential.name}: "
            "a periodic cell must be neutral; correct the composition or the charges"
        )


def copy_deck(name: str, stage: Path) -> str:
    """Copy an input script of inputs/ into `stage`; returns its name."""
    shutil.copyfile(resources.files("esgap") / "data" / "inputs" / name, stage / name)
    return name


def lammps_job(
    name: str,
    deck: str,
    variables: dict[str, object],
    inputs: dict[str, str],
    outputs: Iterable[str],
    tags: dict[str, Tag] | None = None,
    placed: Placed | None = None,
    ranks: int = 1,
    partitions: int = 1,
    continues: bool = False,
    length: str | None = None,
    cut: str = "",
) -> Job:
    """A start of lmp on `deck` with -var for each of `variables`; `outputs` are names in the job's folder.

    `ranks` are those of one partition. The log is NAME/log.lammps (log.lammps.0 ... of partitions beside it).
    """
    words = ["lmp", "-in", deck, "-log", f"{name}/log.lammps", "-screen", "none"]
    if partitions > 1:
        words += ["-partition", f"{partitions}x{ranks}", "-plog", f"{name}/log.replica", "-pscreen", "none"]
    if placed:
        variables = {"potential": placed.folder} | variables
    for key, value in variables.items():
        words += ["-var", key, *([str(v) for v in value] if isinstance(value, tuple | list) else [number(value)])]
    return Job(
        name=name,
        command=tuple(words),
        inputs={"deck": deck} | inputs | (placed.inputs if placed else {}),
        outputs=tuple(f"{name}/{file}" for file in (*outputs, "log.lammps")),
        tags=tags or {},
        ranks=ranks * partitions,
        continues=continues,
        length=length,
        cut=cut,
    )


def number(value: object) -> str:
    """A value for -var, floats with all digits."""
    return repr(float(value)) if isinstance(value, float) else str(value)
