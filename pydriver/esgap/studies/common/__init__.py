"""What the decks of several kinds do alike."""

from ase import Atoms

from esgap.lammps import coulomb
from esgap.lammps.deck import Placed
from esgap.studies.contract import Workspace
from esgap.studies.sections import Coulomb


def long_range(placed: Placed, atoms: Atoms, section: Coulomb, work: Workspace, cell: str = "") -> dict[str, str]:
    """The variables of `potential.lmp` that set the long-range sum of one potential for `atoms`; the choice is told and kept.

    `cell`: its name, where a study has cells of several sizes.
    """
    split, words = coulomb.choose(placed.potential, atoms, section.accuracy, section.cutoff, section.order, f"{placed.folder}/{cell}".rstrip("/"), work.stage, work.folder)
    if words:
        work.say(words)
    return split
