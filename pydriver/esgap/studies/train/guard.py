"""What a fitted model knows of a configuration: whether the data hold anything like it. Read from the files of a generation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.neighborlist import neighbor_list

from esgap.gapfit.committee import stddev
from esgap.gapfit.kernel import Kernel
from esgap.gapfit.xml import read_model
from esgap.potential import Potential
from esgap.studies.common.potentials import POSTERIOR

NEAR = 4.0  # Angstrom; pairs that the data hold at larger distances alone count as seen here


class Knowledge:
    """The posterior of a fitted potential folder with posterior.npy: energies' standard deviations, after the card's factor."""

    def __init__(self, folder: Path):
        potential = Potential.load(folder)
        self.kernel = Kernel(read_model(potential.xml).sparse)
        self.r = np.load(folder / POSTERIOR)
        bars = potential.fit["error_bars"]
        self.factor, self.usual = bars["factor"], bars["stddev_95"] / 1e3  # eV/atom

    def stddev(self, atoms: Atoms) -> float:
        """Of the total energy, eV."""
        return float(self.factor * stddev(self.r, self.kernel.rows(atoms, False, False).energy)[0])


@dataclass(frozen=True)
class Guard:
    """Tells what is unphysical of a configuration."""

    shortest: dict[tuple[str, str], float]  # pair of elements -> limit, Angstrom
    knowledge: Knowledge | None = None
    largest: float = np.inf  # eV/atom, of the standard deviation

    @classmethod
    def of(cls, data: Path, distance: float, stddev: float = np.inf, knowledge: Knowledge | None = None) -> "Guard":
        """`distance`: share of the shortest distances in the file `data`; `stddev`: multiple of what is usual to `knowledge`."""
        limits = {pair: distance * length for pair, length in shortest_distances(read(data, ":", format="extxyz")).items()}
        return cls(limits, knowledge, stddev * knowledge.usual if knowledge else np.inf)

    def wrong(self, atoms: Atoms) -> str | None:
        """What is unphysical, in words; None when nothing is."""
        if not np.isfinite(atoms.positions).all():
            return "positions that are no numbers"
        i, j, d = neighbor_list("ijd", atoms, max(self.shortest.values(), default=0.0))
        if self.shortest and (strange := sorted(set(atoms.symbols) - {symbol for pair in self.shortest for symbol in pair})):
            return f"{', '.join(strange)}, of which the labels hold none"
        symbols = np.array(atoms.symbols)
        for k in np.argsort(d):
            pair = tuple(sorted((symbols[i[k]], symbols[j[k]])))
            if d[k] < self.shortest[pair]:
                return f"{'-'.join(pair)} at {d[k]:.2f} Angstrom, the limit is {self.shortest[pair]:.2f}"
        if self.knowledge and (found := self.knowledge.stddev(atoms) / len(atoms)) > self.largest:
            return f"a standard deviation of {1e3 * found:.3g} meV/atom, the limit is {1e3 * self.largest:.3g}"
        return None


def shortest_distances(frames: list[Atoms]) -> dict[tuple[str, str], float]:
    """Shortest distance of each pair of elements (sorted) in all frames, Angstrom; NEAR for pairs that come no nearer."""
    elements = sorted({symbol for atoms in frames for symbol in atoms.symbols})
    found = {(a, b): NEAR for a in elements for b in elements if a <= b}
    for atoms in frames:
        i, j, d = neighbor_list("ijd", atoms, NEAR)
        symbols = np.array(atoms.symbols)
        for pair in found:
            mask = (symbols[i] == pair[0]) & (symbols[j] == pair[1])
            found[pair] = float(min(found[pair], d[mask].min(initial=np.inf)))
    return found
