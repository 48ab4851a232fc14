"""Induced forces by element and distance, before and after the fitted electrostatics; the charges, and with dipoles the polarisabilities."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from ase import Atoms

from esgap.errors import EsgapError
from esgap.physics.estimate import Estimate
from esgap.physics.locality import Induced, charges_with_intervals, induced, magnitude
from esgap.record import read_json
from esgap.studies.common.reference import LABEL
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.locality.deck import DATA, DIPOLES, FORCES, read_cells
from esgap.studies.locality.study import Study

METHOD = (
    "change of the force on atoms from which every displaced atom is at least r away (minimum image), grouped by r; the electrostatic share is "
    "sum q_a q_b G_ab with the charges fitted at the study's radius under neutrality, intervals by bootstrap over configurations. At long range the "
    "reference screens by eps_inf, so fitted charges are about Z*/sqrt(eps_inf). Where elements are polarisable, a second fit gives their ions induced dipoles "
    "(esgap.physics.induced): intervals by linearised bootstrap. Forces of a model of cutoff r see 2 r: the table is a yardstick at r and a bound at 2 r."
)
FEW = 8  # forces; fewer carry no statistics


class InducedForce(Row):
    """Induced forces on the atoms of one element in one shell of distances."""

    element: Annotated[str, Column("element")]
    radius: Annotated[float, Column("r from", "{:g}", "Angstrom", "to the nearest displaced atom; up to the next radius")]
    forces: Annotated[int, Column("forces", meaning="atoms in all configurations")]
    induced: Annotated[Quantity, Column("induced", "{:.4f}", "eV/Angstrom", "mean size of the change of the force")]
    remaining: Annotated[Quantity, Column("remaining", "{:.4f}", "eV/Angstrom", "less the electrostatics with the fitted charges")]
    ratio: Annotated[Quantity | None, Column("rms ratio", "{:.2f}", "1", "root mean square after over before")]
    with_dipoles: Annotated[Quantity | None, Column("with dipoles", "{:.4f}", "eV/Angstrom", "what remains beside the charges and dipoles of the second fit")] = None
    ratio_with_dipoles: Annotated[Quantity | None, Column("rms ratio with dipoles", "{:.2f}", "1", "root mean square after over before")] = None


class Centre(Row):
    """The force on the centre of a cell in which everything beyond a radius was displaced (the paper's Fig. 1 A, B)."""

    centre: Annotated[str, Column("centre", meaning="element and id of the atom")]
    radius: Annotated[float, Column("radius", "{:g}", "Angstrom")]
    sigma: Annotated[float, Column("sigma", "{:g}", "Angstrom", "of the displacements, per component")]
    cells: Annotated[int, Column("cells")]
    induced: Annotated[Quantity, Column("induced", "{:.4f}", "eV/Angstrom")]
    remaining: Annotated[Quantity, Column("remaining", "{:.4f}", "eV/Angstrom")]


class Charge(Row):
    """The fitted charge of an element."""

    element: Annotated[str, Column("element")]
    charge: Annotated[Quantity, Column("charge", "{:+.3f}", "e")]


class Ion(Row):
    """An element in the fit with induced dipoles."""

    element: Annotated[str, Column("element")]
    charge: Annotated[Quantity, Column("charge", "{:+.3f}", "e")]
    polarisability: Annotated[Quantity | None, Column("polarisability", "{:.2f}", "Angstrom^3", "of the ion by itself")] = None


class Width(Row):
    """The width of the densities in the fit with induced dipoles."""

    eta: Annotated[Quantity, Column("eta", "{:.3f}", "1/Angstrom", "two charges interact as erf(eta r)/r")]


TABLES = {"charges": Charge, "induced": InducedForce, "centres": Centre, "ions": Ion, "width": Width}


def analyse(study: Study, runs: Runs) -> Result:
    """Fit the charges and sum up the induced forces. Raises EsgapError while cells are being labelled."""
    if runs.find(what="pairs") is None:
        raise EsgapError(f"{runs.folder} holds labelled cells and no charge fit yet: go on with `esgap run`")
    base, cells = read_cells(study, runs.folder / DATA)
    with np.load(runs.folder / FORCES) as file:
        parts = file["parts"]
    reference = np.array([atoms.arrays[study.forces] for atoms in (base, *cells)])
    everything = induced(base, cells, reference[1:] - reference[0], parts[1:] - parts[0], min(*study.radii, study.radius))
    symbols = np.array(base.symbols)
    far = everything.select(everything.distance >= study.radius)
    charges = charges_with_intervals(far, [int(np.sum(symbols == s)) for s in study.elements])
    values = [q.value for q in charges]
    second = Second.read(study, runs, everything)
    tables = {
        "charges": [Charge(element=s, charge=q) for s, q in zip(study.elements, charges)],
        "induced": list(shells(study, everything, symbols, values, second and second.left)),
        "centres": list(centres(cells, everything, symbols, values)),
        "ions": second.ions(study) if second else [],
        "width": [Width(eta=second.of("eta"))] if second else [],
    }
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=unlabelled(runs))


def unlabelled(runs: Runs) -> list[str]:
    """A note for each cell that the reference could not label, and which is therefore missing in everything else."""
    labels = {job.tags["configuration"]: read_json(runs.folder / job.name / LABEL, "delete the folder to label it again") for job in runs.select() if "configuration" in job.tags}
    return [f"the cell {tag} has no label and is left out: {label['reason']}" for tag, label in labels.items() if "reason" in label]


@dataclass(frozen=True)
class Second:
    """The fit with induced dipoles: its parameters, and what it leaves of each induced force, (n, 3) eV/Angstrom."""

    parameters: dict[str, Estimate]
    left: np.ndarray

    @classmethod
    def read(cls, study: Study, runs: Runs, data: Induced) -> "Second | None":
        """None where no element is polarisable. Raises EsgapError while the job is to be done."""
        if not study.polarisable:
            return None
        if runs.find(what="dipoles") is None:
            raise EsgapError(f"{runs.folder} has no fit with induced dipoles yet: go on with `esgap run`")
        with np.load(runs.folder / DIPOLES) as file:
            method = str(file["method"])
            parameters = {str(name): Estimate(*map(float, row), method) for name, row in zip(file["names"], file["values"])}
            return cls(parameters, data.change - file["changes"][data.group, data.atom])

    def of(self, name: str) -> Estimate:
        return self.parameters[name]

    def ions(self, study: Study) -> list[Ion]:
        return [Ion(element=s, charge=self.of(f"charge {s}"), polarisability=self.parameters.get(f"polarisability {s}")) for s in study.elements]


def shells(study: Study, data: Induced, symbols: np.ndarray, charges: list[float], with_dipoles: np.ndarray | None = None) -> Iterator[InducedForce]:
    """A row an element and shell between two radii; `with_dipoles`: what the fit with dipoles leaves of each force."""
    left = data.change - data.electrostatic(charges)
    for symbol in study.elements:
        for low, high in zip(sorted(study.radii), [*sorted(study.radii)[1:], np.inf]):
            mask = (symbols[data.atom] == symbol) & (data.distance >= low) & (data.distance < high)
            if mask.any():
                before = float(np.mean(data.change[mask] ** 2))
                ratio, ratio_with_dipoles = (
                    float(np.sqrt(np.mean(forces[mask] ** 2) / before)) if before and forces is not None else None for forces in (left, with_dipoles)
                )
                verdict = OK if before and mask.sum() >= FEW else f"only {mask.sum()} forces" if before else "the reference has no forces there"
                yield InducedForce(
                    element=symbol, radius=low, forces=int(mask.sum()), induced=magnitude(data.change[mask]), remaining=magnitude(left[mask]), ratio=ratio,
                    with_dipoles=None if with_dipoles is None else magnitude(with_dipoles[mask]), ratio_with_dipoles=ratio_with_dipoles, verdict=verdict,
                )  # fmt: skip


def centres(cells: list[Atoms], data: Induced, symbols: np.ndarray, charges: list[float]) -> Iterator[Centre]:
    """A row a centre and radius, of the cells that name both."""
    known = {(int(a.info["centre"]), float(a.info["radius"]), float(a.info.get("sigma", 0.0))) for a in cells if "centre" in a.info}
    left = data.change - data.electrostatic(charges)
    for centre, radius, sigma in sorted(known):
        groups = [k for k, a in enumerate(cells) if a.info.get("centre") == centre and a.info.get("radius") == radius and a.info.get("sigma", 0.0) == sigma]
        mask = np.isin(data.group, groups) & (data.atom == centre)
        if mask.any():
            verdict = OK if mask.sum() >= FEW else f"only {mask.sum()} displacement{'s' if mask.sum() > 1 else ''}"
            yield Centre(
                centre=f"{symbols[centre]} {centre + 1}", radius=radius, sigma=sigma, cells=len(groups),
                induced=magnitude(data.change[mask]), remaining=magnitude(left[mask]), verdict=verdict,
            )  # fmt: skip
