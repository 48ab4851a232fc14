"""Errors by element against labels or another potential, and uncertainties."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
from ase import Atoms
from ase.io import read
from scipy.stats import spearmanr

from esgap.errors import EsgapError
from esgap.lammps.dump import read_table
from esgap.lammps.frame import from_lammps_tensor, from_lammps_vector
from esgap.physics.errors import mean_absolute, rms
from esgap.physics.estimate import Estimate
from esgap.studies import committee
from esgap.studies.committee import Committee
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.evaluate.configurations import FILE, labels
from esgap.studies.evaluate.deck import OUT
from esgap.studies.evaluate.series import Difference, differences
from esgap.studies.evaluate.study import Study

METHOD = (
    "Root mean square of predicted minus reference over all configurations, each force component counted once. Energies also less their mean error, "
    "which is a choice of zero. Uncertainty: predictive standard deviation of the GAP's atomic energies, from the sparse points; it tells how far "
    "an environment is from those that were fitted, not the error of the data. " + committee.METHOD
)
LABELS = "labels"
MILLI = 1e3


@dataclass(frozen=True)
class Prediction:
    """One configuration by one potential, in the frame of the file: eV, eV/Angstrom; None where it is not known."""

    energy: float | None
    forces: np.ndarray | None
    virial: np.ndarray | None
    stddev: np.ndarray | None = None  # (N,) eV
    interval: Estimate | None = None  # of the energy, by a committee
    deviations: np.ndarray | None = None  # (members,) eV, of the energy
    remark: str = ""  # of a committee


class Errors(Row):
    """How far a potential is from a reference."""

    potential: Annotated[str, Column("potential")]
    reference: Annotated[str, Column("against", meaning="labels, or another potential")]
    element: Annotated[str, Column("element", meaning="of the forces; all: energies, virials and all forces")]
    configurations: Annotated[int, Column("configurations", shown=False)]
    energy_rmse: Annotated[Quantity | None, Column("energy", "{:.2f}", "meV/atom")] = None
    energy_scatter: Annotated[Quantity | None, Column("less mean", "{:.2f}", "meV/atom", "without the mean error")] = None
    covered: Annotated[Quantity | None, Column("covered", "{:.2f}", "1", "share of the energies that lie within the committee's 95 % interval", shown=False)] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom")] = None
    force_mae: Annotated[Quantity | None, Column("mean abs.", "{:.3f}", "eV/Angstrom", shown=False)] = None
    force_rms: Annotated[Quantity | None, Column("rms force", "{:.2f}", "eV/Angstrom", "of the reference, to compare with")] = None
    virial_rmse: Annotated[Quantity | None, Column("virial", "{:.1f}", "meV/atom")] = None


class Uncertainty(Row):
    """Predictive standard deviations of the atomic energies."""

    potential: Annotated[str, Column("potential")]
    element: Annotated[str, Column("element")]
    mean: Annotated[Quantity, Column("mean", "{:.4f}", "eV")]
    highest: Annotated[Quantity, Column("highest", "{:.4f}", "eV")]
    configuration: Annotated[int, Column("in", meaning="configuration of the highest, from 0")]
    rank_correlation: Annotated[Quantity | None, Column("with force error", "{:.2f}", "1", "Spearman's, of an atom's uncertainty with its force error")] = None


class Configuration(Row):
    """One configuration by one potential."""

    printed: ClassVar[bool] = False

    potential: Annotated[str, Column("potential")]
    configuration: Annotated[int, Column("configuration", meaning="from 0")]
    formula: Annotated[str, Column("formula")]
    energy: Annotated[Quantity, Column("energy", "{:.4f}", "eV")]
    energy_error: Annotated[Quantity | None, Column("error", "{:.2f}", "meV/atom", "against the labels")] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom", "against the labels")] = None
    max_force: Annotated[Quantity, Column("largest", "{:.2f}", "eV/Angstrom", "force on an atom")]
    uncertainty: Annotated[Quantity | None, Column("uncertainty", "{:.4f}", "eV", "the highest of an atom")] = None


TABLES = {"errors": Errors, "uncertainty": Uncertainty, "series": Difference, "configurations": Configuration}


def analyse(study: Study, runs: Runs) -> Result:
    """The evaluations that are finished."""
    configurations = read(runs.folder / FILE, ":")
    found = {job.tags["potential"]: predictions(runs.folder, job.tags["potential"], configurations) for job in runs.select()}
    first = next(iter(found))
    found = {name: judged(some, Committee.of(runs.folder, name), configurations) for name, some in found.items()}
    references = {LABELS: [Prediction(*labels(atoms)) for atoms in configurations], first: found[first]}
    tables = {
        "errors": [row for name, some in found.items() for against, known in references.items() if against != name for row in errors(name, some, against, known, configurations)],
        "uncertainty": [row for name, some in found.items() for row in uncertainty(name, some, references[LABELS], configurations)],
        "series": [row for name, some in found.items() for row in _series(name, some, references[LABELS], configurations)],
        "configurations": [row for name, some in found.items() for row in each(name, some, references[LABELS], configurations)],
    }
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables)


def judged(some: list[Prediction], members: Committee, configurations: list[Atoms]) -> list[Prediction]:
    """The predictions with what the committee of their potential says of the energies."""
    return [
        replace(one, interval=Estimate(one.energy).with_committee(off), deviations=off, remark=members.problem(off, len(atoms)))
        for one, off, atoms in zip(some, members.deviations(configurations), configurations)
    ]


def _series(name: str, some: list[Prediction], known: list[Prediction], configurations: list[Atoms]) -> Iterator[Difference]:
    return differences(name, [a.energy for a in some], [b.energy for b in known], np.array([a.deviations for a in some]), configurations)


def predictions(folder: Path, label: str, configurations: list[Atoms]) -> list[Prediction]:
    """What one potential gave; raises EsgapError when a file is missing or damaged."""
    work = folder / "evaluations" / label
    try:
        summary = pd.read_csv(work / f"{OUT}.csv").to_numpy(float)
        if summary.shape != (len(configurations), 7) or not np.isfinite(summary).all():
            raise ValueError(f"{summary.shape[0]} of {len(configurations)} configurations, or numbers missing")
    except (OSError, ValueError) as error:
        raise EsgapError(f"{work / f'{OUT}.csv'} is damaged ({error}): delete {work} to compute it again") from error
    return [_prediction(row, read_table(work / f"{OUT}.{i}.dump"), atoms) for i, (row, atoms) in enumerate(zip(summary, configurations), start=1)]


def _prediction(row: np.ndarray, table: pd.DataFrame, atoms: Atoms) -> Prediction:
    xx, yy, zz, xy, xz, yz = row[1:]
    virial = from_lammps_tensor(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]), atoms.cell.array)
    stddev = table["f_stddev"].to_numpy() if "f_stddev" in table else None
    return Prediction(row[0], from_lammps_vector(table[["fx", "fy", "fz"]].to_numpy(), atoms.cell.array), virial, stddev)


def errors(name: str, some: list[Prediction], against: str, known: list[Prediction], configurations: list[Atoms]) -> Iterator[Errors]:
    """The row of all elements, then one an element; none where the reference knows nothing."""
    tags = {"potential": name, "reference": against}
    sizes = [len(atoms) for atoms in configurations]
    energies = [MILLI * (a.energy - b.energy) / n for a, b, n in zip(some, known, sizes) if b.energy is not None]
    virials = [MILLI * (a.virial - b.virial) / n for a, b, n in zip(some, known, sizes) if b.virial is not None]
    pairs = [(a.forces, b.forces, np.array(atoms.symbols)) for a, b, atoms in zip(some, known, configurations) if b.forces is not None]
    if not energies and not pairs and not virials:
        return
    yield Errors(
        element="all",
        configurations=max(len(energies), len(pairs), len(virials)),
        energy_rmse=rms(energies) if energies else None,
        energy_scatter=rms(list(np.array(energies) - np.mean(energies))) if len(energies) > 1 else None,
        covered=covered(some, known),
        virial_rmse=rms(virials) if virials else None,
        **tags,
        **_forces([(a, b) for a, b, _ in pairs]),
    )
    for element in sorted({symbol for *_, symbols in pairs for symbol in symbols}):
        of_element = [(a[symbols == element], b[symbols == element]) for a, b, symbols in pairs if element in symbols]
        yield Errors(element=element, configurations=len(of_element), **tags, **_forces(of_element))


def covered(some: list[Prediction], known: list[Prediction]) -> float | None:
    """The share of the known energies within the committee's intervals; None where there is none of either."""
    pairs = [(a.interval, b.energy) for a, b in zip(some, known) if b.energy is not None and a.interval and a.interval.low is not None]
    return float(np.mean([estimate.low <= energy <= estimate.high for estimate, energy in pairs])) if pairs else None


def _forces(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict:
    if not pairs:
        return {}
    wrong = [a - b for a, b in pairs]
    return {"force_rmse": rms(wrong), "force_mae": mean_absolute(wrong), "force_rms": rms([b for _, b in pairs]).value}


def uncertainty(name: str, some: list[Prediction], known: list[Prediction], configurations: list[Atoms]) -> Iterator[Uncertainty]:
    """One row an element; none without uncertainties."""
    if some[0].stddev is None:
        return
    symbols = np.concatenate([atoms.symbols for atoms in configurations])
    owner = np.repeat(np.arange(len(configurations)), [len(atoms) for atoms in configurations])
    stddev = np.concatenate([one.stddev for one in some])
    wrong = np.concatenate([np.full(len(a.stddev), np.nan) if b.forces is None else np.linalg.norm(a.forces - b.forces, axis=1) for a, b in zip(some, known)])
    for element in sorted(set(symbols)):
        mine = symbols == element
        judged = mine & np.isfinite(wrong)
        highest = np.flatnonzero(mine)[np.argmax(stddev[mine])]
        yield Uncertainty(
            potential=name,
            element=element,
            mean=stddev[mine].mean(),
            highest=stddev[highest],
            configuration=int(owner[highest]),
            rank_correlation=float(spearmanr(stddev[judged], wrong[judged]).statistic) if judged.sum() > 2 else None,
        )


def each(name: str, some: list[Prediction], known: list[Prediction], configurations: list[Atoms]) -> Iterator[Configuration]:
    """One row a configuration."""
    for i, (a, b, atoms) in enumerate(zip(some, known, configurations)):
        yield Configuration(
            potential=name,
            configuration=i,
            formula=str(atoms.symbols),
            energy=a.interval,
            energy_error=None if b.energy is None else MILLI * (a.energy - b.energy) / len(atoms),
            force_rmse=None if b.forces is None else rms([a.forces - b.forces]).value,
            max_force=np.linalg.norm(a.forces, axis=1).max(),
            uncertainty=None if a.stddev is None else a.stddev.max(),
            verdict=a.remark or OK,
        )
