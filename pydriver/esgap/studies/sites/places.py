"""The places that ions can take, as they lie in the run folder: those of the crystal, then the interstitial sites."""

from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms
from ase.geometry import get_distances
from ase.io import read, write

from esgap.physics.interstitial import interstitial_sites
from esgap.physics.symmetry import permutations

CRYSTAL, SITES = "crystal.extxyz", "sites.csv"
XYZ = ["x", "y", "z"]


class Places:
    """Places of the mobile ions of a crystal: `positions` (places, 3) in Angstrom; the first `ions` of them are occupied in the crystal."""

    def __init__(self, crystal: Atoms, sites: pd.DataFrame, element: str, symprec: float):
        self.crystal, self.sites, self.element = crystal, sites, element
        self.atoms = np.flatnonzero(np.array(crystal.symbols) == element)
        self.ions = len(self.atoms)
        self.positions = np.concatenate([crystal.positions[self.atoms], sites[XYZ].to_numpy(float)])
        self.permuted = permutations(crystal, self.positions, symprec)

    @classmethod
    def find(cls, crystal: Atoms, element: str, anions: tuple[str, ...], symprec: float) -> "Places":
        """Search the interstitial sites. Raises EsgapError as `interstitial_sites` and `permutations`."""
        return cls(crystal, interstitial_sites(crystal, element, anions), element, symprec)

    @classmethod
    def read(cls, folder: Path, element: str, symprec: float) -> "Places":
        """As `write` left them."""
        return cls(read(folder / CRYSTAL), pd.read_csv(folder / SITES, index_col="site"), element, symprec)

    def write(self, folder: Path) -> None:
        """Write crystal.extxyz and sites.csv."""
        write(folder / CRYSTAL, self.crystal, format="extxyz")
        self.sites.to_csv(folder / SITES, float_format="%.8f")

    def distances(self) -> np.ndarray:
        """Between all places (places, places), Angstrom, minimum image."""
        return get_distances(self.positions, cell=self.crystal.cell, pbc=True)[1]

    def occupy(self, occupied) -> Atoms:
        """The crystal with its ions on the places `occupied`; ions that stay keep their atom, the others fill the gaps in order."""
        occupied = [int(place) for place in occupied]
        leave = [place for place in range(self.ions) if place not in occupied]
        atoms = self.crystal.copy()
        for place, other in zip(leave, (place for place in occupied if place >= self.ions), strict=True):
            atoms.positions[self.atoms[place]] = self.positions[other]
        return atoms

    def names(self, occupied) -> str:
        """The interstitial sites among `occupied`, by their names; "-" for the crystal."""
        return " ".join(str(self.sites.index[place - self.ions]) for place in occupied if place >= self.ions) or "-"
