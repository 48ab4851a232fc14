"""Frenkel pairs of a crystal: candidates, those that are given, and the cells that hold one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from ase import Atoms
from ase.geometry import find_mic

from esgap.errors import EsgapError
from esgap.physics.interstitial import interstitial_sites
from esgap.physics.symmetry import inequivalent_pairs
from esgap.studies.frenkel.study import Places, Study

PAIRS = "pairs.csv"
IMAGE_LIMIT = 0.45  # of a cell vector: fix efield/pbc counts displacements from the nearest image of the reference
AT_AN_ATOM = 0.5  # Angstrom


@dataclass(frozen=True)
class Pair:
    """An ion that goes from its site to an interstitial one: the same in every supercell, whose first atoms are those of the structure file."""

    name: str
    atom: int  # index
    displacement: np.ndarray  # (3,) Angstrom

    def place(self, perfect: Atoms) -> Atoms:
        """The pair in a supercell, nothing relaxed. Raises EsgapError when its dipole could be counted to another image there."""
        if not fits(self.displacement[None], perfect)[0]:
            along = np.abs(perfect.cell.scaled_positions(self.displacement[None])[0])
            raise EsgapError(
                f"the ion of {self.name} would move by {along.max():.2f} of the cell along {'abc'[along.argmax()]}: beyond {IMAGE_LIMIT} its dipole "
                "could be counted to another image; enlarge `supercell` or choose a nearer pair"
            )
        defect = perfect.copy()
        defect.positions[self.atom] += self.displacement
        return defect


def fits(displacements: np.ndarray, perfect: Atoms) -> np.ndarray:
    """Which of the displacements (n, 3) are far from half of a cell vector, and the shortest between their images; (n,) bool."""
    far = np.abs(perfect.cell.scaled_positions(displacements)).max(axis=1) > IMAGE_LIMIT
    return ~far & (np.linalg.norm(displacements, axis=1) <= find_mic(displacements, perfect.cell)[1] + 1e-6)


def candidates(study: Study, crystal: Atoms, smallest: Atoms) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Interstitial sites of the crystal, and its inequivalent pairs that fit into the smallest supercell, as `inequivalent_pairs` gives them.

    Raises EsgapError: no site, no pair of these distances, none that fits.
    """
    wanted = study.defect
    sites = interstitial_sites(crystal, wanted.element, wanted.anions)
    found = inequivalent_pairs(crystal, sites, wanted.element, wanted.separation, wanted.reach, wanted.symmetry)
    room = fits(found[["dx", "dy", "dz"]].to_numpy(float), smallest)
    if not room.any():
        raise EsgapError(f"none of {len(found)} pairs fits into the cell of {len(smallest)} atoms without meeting its own image: enlarge `supercell`")
    return sites, found[room]


def given(study: Study, crystal: Atoms, found: pd.DataFrame) -> list[Pair] | None:
    """The pairs that the study gives by name or by place; None when the energies of the candidates are to choose them."""
    wanted = study.defect
    if wanted.places:
        return [_at(places, number, study, crystal) for number, places in enumerate(wanted.places, start=1)]
    if isinstance(wanted.pairs, int):
        return None
    if unknown := [name for name in wanted.pairs if name not in found.index]:
        raise EsgapError(f"no pair {unknown[0]} among the {len(found)} candidates: see {PAIRS} (written by `esgap deck` with pairs = 1), or change `separation` and `reach`")
    return [named(found, name) for name in wanted.pairs]


def named(found: pd.DataFrame, name: str) -> Pair:
    """A candidate by its name."""
    row = found.loc[name]
    return Pair(name, int(row.atom), row[["dx", "dy", "dz"]].to_numpy(float))


def lowest(found: pd.DataFrame, energies: pd.Series, count: int) -> list[Pair]:
    """The `count` candidates of lowest energy (eV, by name)."""
    order = energies.round(4).sort_values(kind="stable").index[:count]
    return [named(found, name) for name in order]


def _at(places: Places, number: int, study: Study, crystal: Atoms) -> Pair:
    vacancy, interstitial = (np.array(place) @ crystal.cell.array for place in (places.vacancy, places.interstitial))
    ions = np.flatnonzero(np.array(crystal.symbols) == study.defect.element)
    vectors, distances = find_mic(crystal.positions[ions] - vacancy, crystal.cell)
    if not len(ions) or distances.min() > AT_AN_ATOM:
        raise EsgapError(
            f"defect.places: no {study.defect.element} atom within {AT_AN_ATOM} Angstrom of the vacancy {list(places.vacancy)}: give fractional coordinates of {study.structure}"
        )
    nearest = int(distances.argmin())
    return Pair(f"given-{number}", int(ions[nearest]), interstitial - vacancy - vectors[nearest])
