"""Whether labels belong into one fit: one reference, one set of units."""

from ase import Atoms
from ase.formula import Formula

from esgap.errors import EsgapError
from esgap.lammps.static import Labels
from esgap.physics.consistency import other_units, work

SPREAD = 10.0  # eV/atom, of configurations of one composition; atoms that touch do not reach it, another code's zero of energy does
SETTINGS = "settings"  # info key: hash of the settings of a label, as kind label writes it


def check_labels(configurations: list[Atoms], labels: list[Labels], data: str, together: tuple[str, ...]) -> None:
    """Raise EsgapError: energies of several settings or codes, or labels of units that do not belong together.

    `together`: hashes of settings whose energies may be mixed.
    """
    _check_settings(configurations, labels, data, together)
    _check_spread(configurations, labels, data)
    _check_units(configurations, labels, data)


def _check_settings(configurations: list[Atoms], labels: list[Labels], data: str, together: tuple[str, ...]) -> None:
    found: dict[str, int] = {}
    for i, (atoms, label) in enumerate(zip(configurations, labels, strict=True)):
        if SETTINGS in atoms.info and label.energy is not None:
            found.setdefault(str(atoms.info[SETTINGS]), i)
    if len(set(found) - set(together)) > (0 if set(found) & set(together) else 1):
        words = ", ".join(f"{name} (first in configuration {i})" for name, i in found.items())
        raise EsgapError(
            f"{data} has energies of {len(found)} settings, {words}: they have no common zero; label all with one, or name those that "
            "belong together (k-points of cells of different size, say) in `settings` of the study"
        )


def _check_spread(configurations: list[Atoms], labels: list[Labels], data: str) -> None:
    groups: dict[str, list[tuple[float, int]]] = {}
    for i, (atoms, label) in enumerate(zip(configurations, labels, strict=True)):
        if label.energy is not None:
            composition = Formula(atoms.get_chemical_formula()).reduce()[0].format("hill")
            groups.setdefault(composition, []).append((label.energy / len(atoms), i))
    for composition, energies in groups.items():
        (low, first), (high, second) = min(energies), max(energies)
        if high - low > SPREAD:
            raise EsgapError(
                f"configurations {first} and {second} of {data}, both {composition}, have energies of {low:.3f} and {high:.3f} eV/atom: they come from two codes "
                "or settings, or one is no structure; keep those of one reference"
            )


def _check_units(configurations: list[Atoms], labels: list[Labels], data: str) -> None:
    whole = [i for i, label in enumerate(labels) if label.energy is not None and label.forces is not None]
    pairs = work([configurations[i] for i in whole], *([getattr(labels[i], name) for i in whole] for name in ("energy", "forces", "virial")))
    if units := other_units(pairs):
        raise EsgapError(
            f"the labels of {data} look like {units}: between similar configurations energies do not change by the work of forces and stress; convert them to eV and eV/Angstrom"
        )
