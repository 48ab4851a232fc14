"""Errors of the fitted potentials, from their potential.toml."""

from collections.abc import Iterator
from typing import Annotated

from esgap.potential import Potential, read_toml
from esgap.studies.contract import Column, Quantity, Result, Row, Runs
from esgap.studies.fit.study import Study

METHOD = (
    "Root mean square of predicted minus reference, each force component counted once; held-out configurations were not fitted. "
    "They come from the same sampling as the fitted ones, so they measure interpolation."
)


class Errors(Row):
    """Errors of one potential on one part of the data."""

    potential: Annotated[str, Column("potential")]
    part: Annotated[str, Column("on", meaning="train (fitted) or held_out (tested)")]
    element: Annotated[str, Column("element", meaning="of the forces; all for energies and virials")]
    configurations: Annotated[int, Column("configurations")]
    energy_rmse: Annotated[Quantity | None, Column("energy", "{:.2f}", "meV/atom")] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom")] = None
    force_rms: Annotated[Quantity | None, Column("rms force", "{:.2f}", "eV/Angstrom", "of the reference, to compare with")] = None
    virial_rmse: Annotated[Quantity | None, Column("virial", "{:.1f}", "meV/atom")] = None


TABLES = {"errors": Errors}


def analyse(study: Study, runs: Runs) -> Result:
    """The errors of the finished fits."""
    rows = [row for job in runs.select() for row in errors(read_toml(runs.folder / job.name / "potential.toml"))]
    return Result(kind=study.kind, title=study.title or f"Potentials for {study.material}", method=METHOD, tables={"errors": rows})


def errors(potential: Potential) -> Iterator[Errors]:
    """The rows of one potential."""
    for part in ("train", "held_out"):
        found = potential.errors[part]
        tags = {"potential": potential.name, "part": part, "configurations": found["configurations"]}
        yield Errors(element="all", energy_rmse=found["energy"], virial_rmse=found["virial"], **tags)
        for symbol in potential.elements:
            if symbol in found["force"]:
                yield Errors(element=symbol, force_rmse=found["force"][symbol], force_rms=found["force_rms"][symbol], **tags)
