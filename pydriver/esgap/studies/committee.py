"""Error bars of what is computed with a potential that has a committee: static evaluations of the final geometries by its members.

Charges and field are the same to all members, so they differ by their GAPs alone. At a relaxed cell or a saddle the energy is
stationary: what a member would gain by relaxing on its own is of second order in its difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from esgap.calculators import GAP
from esgap.potential import TOML, Potential

METHOD = "Intervals of energies: 95 %, from the committee of the potential where it has one, its members evaluated on the same geometries."
MILLI = 1e3


@dataclass(frozen=True)
class Committee:
    """The members of a potential; none where it has no committee."""

    calculator: GAP | None = None
    usual: float = np.inf  # eV/atom, standard deviation that 95 % of the held-out configurations do not exceed
    cell: float = np.inf  # eV, the same of whole configurations

    @classmethod
    def of(cls, folder: Path, label: str) -> "Committee":
        """The committee of the potential `label` in a run folder. Raises EsgapError when its files were altered."""
        potential = Potential.load(folder / "potentials" / label / TOML)
        if not potential.gap.members:
            return cls()
        bars = potential.fit.get("error_bars", {})
        usual, cell = (bars.get(key, np.inf) / MILLI for key in ("stddev_95", "stddev_95_cell"))
        return cls(GAP(potential.xml, committee=True, alone=True), usual, cell)

    def deviations(self, configurations: Iterable[Atoms]) -> np.ndarray:
        """Energies by the members minus that of the potential, eV: (configurations, members)."""
        return np.array([self._deviations(atoms) for atoms in configurations])

    def _deviations(self, atoms: Atoms) -> np.ndarray:
        if self.calculator is None:
            return np.empty(0)
        self.calculator.calculate(atoms)
        return self.calculator.results["committee_energies"] - self.calculator.results["energy"]

    def problem(self, deviations: np.ndarray, atoms: int, reference: np.ndarray | None = None) -> str:
        """What is to be said of a cell with these deviations (members,) of its energy; empty when they are usual.

        `reference`: those of a cell that differs by a defect or a hop. A cell's own standard deviation is compared by atom, as that of a crystal grows with
        its cell; one bad place among many good atoms shows in the difference from the reference, whose standard deviation is none of the size: it is compared
        with that of whole configurations held out.
        """
        stddev = _rms(deviations) / atoms
        if stddev > self.usual:
            return f"outside the data: the energy is uncertain by {MILLI * stddev:.2g} meV/atom, of configurations held out 95 % by less than {MILLI * self.usual:.2g}"
        if reference is not None and (stddev := _rms(deviations - reference)) > self.cell:
            return f"outside the data: the energy difference is uncertain by {stddev:.2g} eV, of whole configurations held out 95 % by less than {self.cell:.2g}"
        return ""


def _rms(deviations: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(deviations)))) if len(deviations) else 0.0
