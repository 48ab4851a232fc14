"""Errors of the fitted potentials, from their potential.toml."""

from collections.abc import Iterator
from typing import Annotated

from esgap.potential import Potential, read_toml
from esgap.studies.contract import Column, Quantity, Result, Row, Runs
from esgap.studies.fit.study import Study

METHOD = (
    "Root mean square of predicted minus reference, each force component counted once; held-out configurations were not fitted. "
    "They come from the same sampling as the fitted ones, so they measure interpolation. Left out: each fitted configuration by a fit to "
    "all others with the same sparse points."
)


class Errors(Row):
    """Errors of one potential on one part of the data."""

    potential: Annotated[str, Column("potential")]
    part: Annotated[str, Column("on", meaning="train (fitted), held_out (tested), left_out (fitted, by a fit without it)")]
    element: Annotated[str, Column("element", meaning="of the forces; all for energies and virials")]
    configurations: Annotated[int, Column("configurations")]
    energy_rmse: Annotated[Quantity | None, Column("energy", "{:.2f}", "meV/atom")] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom")] = None
    force_rms: Annotated[Quantity | None, Column("rms force", "{:.2f}", "eV/Angstrom", "of the reference, to compare with")] = None
    virial_rmse: Annotated[Quantity | None, Column("virial", "{:.1f}", "meV/atom")] = None


class Fits(Row):
    """What a fit tells of itself."""

    potential: Annotated[str, Column("potential")]
    engine: Annotated[str, Column("engine")]
    seconds: Annotated[Quantity | None, Column("time", "{:.0f}", "s")] = None
    sparse_points: Annotated[int | None, Column("sparse points")] = None
    log_evidence: Annotated[Quantity | None, Column("log evidence", "{:.1f}", "", "log marginal likelihood of the labels: of two models of the same labels the larger is likelier")] = None
    members: Annotated[int, Column("members", meaning="of the committee")] = 0
    factor: Annotated[Quantity | None, Column("factor", "{:.2f}", "", "on the posterior's standard deviations, from held-out energies")] = None
    covered_95: Annotated[Quantity | None, Column("covered", "{:.2f}", "", "share of other held-out energies within their 95 % interval")] = None
    stddev_95: Annotated[Quantity | None, Column("stddev", "{:.2f}", "meV/atom", "95 % of the held-out configurations have a smaller one")] = None


TABLES = {"errors": Errors, "fits": Fits}


def analyse(study: Study, runs: Runs) -> Result:
    """The errors of the finished fits."""
    found = [read_toml(runs.folder / job.name / "potential.toml") for job in runs.select()]
    tables = {"errors": [row for potential in found for row in errors(potential)], "fits": [fits(potential) for potential in found]}
    return Result(kind=study.kind, title=study.title or f"Potentials for {study.material}", method=METHOD, tables=tables)


def fits(potential: Potential) -> Fits:
    """The row of one potential."""
    fit = potential.fit
    bars = fit.get("error_bars", {})
    return Fits(
        potential=potential.name,
        engine=fit.get("engine", "gap_fit"),
        seconds=fit["seconds"],
        sparse_points=fit.get("sparse_points"),
        log_evidence=fit.get("log_evidence"),
        members=bars.get("members", 0),
        factor=bars.get("factor"),
        covered_95=bars.get("coverage", {}).get("95 %"),
        stddev_95=bars.get("stddev_95"),
    )


def errors(potential: Potential) -> Iterator[Errors]:
    """The rows of one potential."""
    for part, found in potential.errors.items():
        tags = {"potential": potential.name, "part": part, "configurations": found["configurations"]}
        yield Errors(element="all", energy_rmse=found.get("energy"), virial_rmse=found.get("virial"), **tags)
        for symbol in potential.elements:
            if symbol in found["force"]:
                yield Errors(element=symbol, force_rmse=found["force"][symbol], force_rms=found["force_rms"][symbol], **tags)
