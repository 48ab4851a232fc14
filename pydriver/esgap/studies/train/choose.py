"""The process of the choice: `python -m esgap.studies.train.choose SETTINGS FIT DATA MODEL OUT SOURCE=FILE ...`, started in the run folder.

Of each SOURCE (relax, candidates, md; the files of one source together) so many configurations as SETTINGS say, by what the labels
will tell beyond the data and those chosen before; see esgap.gapfit.informative. SOURCE failed: configurations without a label that
converged, which are not tried again. Leaves OUT: the chosen ones with what the model predicts.
"""

import sys
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from esgap.calculators import ESGAP
from esgap.errors import EsgapError
from esgap.gapfit.informative import informative
from esgap.gapfit.targets import Target
from esgap.record import read_json
from esgap.studies.common.reference import bare
from esgap.studies.load import module
from esgap.studies.train.guard import Guard, Knowledge

SOURCES = ("relax", "candidates", "md")  # in this order: minima and given cells are few
FAILED = "failed"
SAME = 1e-3  # Angstrom; nearer to a labelled configuration in every atom is that one again


class Chooser:
    """Chooses from one source after another; what was chosen is known to the next choice."""

    def __init__(self, study, model: Path, data: list[Atoms], guard: Guard, failed: list[Atoms]):
        self.study, self.data, self.guard, self.failed = study, list(data), guard, failed
        self.knowledge, self.calculator = Knowledge(model), ESGAP(model)
        self.r = self.knowledge.r

    def choose(self, source: str, frames: list[Atoms], count: int, name: str) -> list[Atoms]:
        """`count` of the physical and new ones among `frames`, the most informative first, tagged `name`-SOURCE-0 ..."""
        new = self.new(frames)
        scored = [self._energy_row(atoms) for atoms in new]
        found = informative(self.r, scored, lambda k: self._rows(new[k]), count)
        self.r, chosen = found.r, []
        for number, (k, gain) in enumerate(zip(found.chosen, found.gains, strict=True)):
            chosen.append(self._told(new[k], source, f"{name}-{source}-{number}", gain))
        self.data += chosen
        print(f"{source}: {len(chosen)} of {len(new)} candidates ({len(frames) - len(new)} unphysical or known)", flush=True)
        return chosen

    def new(self, frames: list[Atoms]) -> list[Atoms]:
        """The physical ones among `frames` that have no label and were not tried in vain."""
        return [atoms for atoms in frames if self.guard.wrong(atoms) is None and not any(same(atoms, other) for other in (*self.data, *self.failed))]

    def _energy_row(self, atoms: Atoms) -> np.ndarray:
        sigma = self.study.sigma.of(atoms, None)["sigma_energy"] * np.sqrt(len(atoms))
        return self.knowledge.kernel.rows(atoms, False, False).energy[None] / sigma

    def _rows(self, atoms: Atoms) -> np.ndarray:
        """All that a label brings: energy, forces, virial; sizes of forces as the model has them."""
        forces = self._predicted(atoms)[1]
        target = Target(atoms, 0.0, np.zeros_like(forces), np.zeros((3, 3)), **self.study.sigma.of(atoms, forces))
        return target.rows(self.knowledge.kernel) / target.sigmas()[:, None]

    def _predicted(self, atoms: Atoms) -> tuple[float, np.ndarray]:
        atoms = atoms.copy()
        atoms.calc = self.calculator
        return float(atoms.get_potential_energy()), atoms.get_forces()

    def _told(self, atoms: Atoms, source: str, tag: str, gain: float) -> Atoms:
        out, (energy, forces) = bare(atoms), self._predicted(atoms)
        out.info |= {"tag": tag, "config_type": source, "gain": round(gain, 3), "predicted_energy": energy, "predicted_stddev": self.knowledge.stddev(atoms)}
        out.arrays["predicted_force"] = forces
        return out


def frames_of(file: Path) -> list[Atoms]:
    """The frames of a file, none of an empty one."""
    return read(file, ":") if file.stat().st_size else []


def same(one: Atoms, other: Atoms) -> bool:
    """The same atoms on the same places of the same cell."""
    if len(one) != len(other) or not np.array_equal(one.numbers, other.numbers) or not np.allclose(one.cell, other.cell, atol=SAME):
        return False
    shift = one.cell.scaled_positions(one.positions - other.positions)
    return bool(np.abs(one.cell.cartesian_positions(shift - np.round(shift))).max() < SAME)


def main(settings_file: str, fit: str, data: str, model: str, out: str, *sources: str) -> None:
    """Entry point of the process. Raises EsgapError when no candidate is physical and new."""
    settings = read_json(Path(settings_file), "write the deck again")
    study = module("fit", "study").Study.model_validate_json(Path(fit).read_text())
    files = [source.split("=", 1) for source in sources]
    found = {source: [atoms for name, file in files if name == source for atoms in frames_of(Path(file))] for source in (*SOURCES, FAILED)}
    chooser = Chooser(study, Path(model), read(data, ":", format="extxyz"), Guard.of(Path(data), settings["guard"]["distance"]), found[FAILED])
    chosen = []
    for source in SOURCES:
        if settings["choose"].get(source):
            chosen += chooser.choose(source, found[source], settings["choose"][source], Path(out).parts[0])
    if not chosen:
        raise EsgapError("no candidate is physical and new: the model is too poor or the sampling too short; enlarge the start, or lower temperatures")
    write(out, chosen, format="extxyz")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
