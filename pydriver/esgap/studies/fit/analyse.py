"""Errors of the fitted potentials, from their potential.toml."""

from collections.abc import Iterator
from typing import Annotated

from esgap.potential import Potential, read_toml
from esgap.record import read_json
from esgap.studies.contract import Column, Quantity, Result, Row, Runs
from esgap.studies.fit.study import Study

METHOD = (
    "Root mean square of predicted minus reference, each force component counted once; held-out configurations were not fitted. "
    "They come from the same sampling as the fitted ones, so they measure interpolation. Left out: each fitted configuration by a fit to "
    "all others with the same sparse points."
)

SCAN = (
    "Root mean square errors of configurations that are not held out, each predicted by a fit to the other folds with sparse points and e0 of "
    "its own data. Of settings alike in all, take the one of the larger evidence."
)


class Errors(Row):
    """Errors of one potential on one part of the data."""

    potential: Annotated[str, Column("potential")]
    part: Annotated[str, Column("on", meaning="train (fitted), held_out (tested, all and by error_groups), left_out (fitted, by a fit without it)")]
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
    factor: Annotated[Quantity | None, Column("factor", "{:.2f}", "", "on the posterior's standard deviations, from held-out energies and forces")] = None
    covered_95: Annotated[Quantity | None, Column("covered", "{:.2f}", "", "share of other held-out energies within their 95 % interval")] = None
    stddev_95: Annotated[Quantity | None, Column("stddev", "{:.2f}", "meV/atom", "95 % of the held-out configurations have a smaller one")] = None


class Learned(Row):
    """Errors on the held-out configurations of a fit to a part of the data."""

    potential: Annotated[str, Column("potential")]
    element: Annotated[str, Column("element", meaning="of the forces; all for energies")]
    fitted: Annotated[int, Column("fitted", meaning="configurations")]
    energy_rmse: Annotated[Quantity | None, Column("energy", "{:.2f}", "meV/atom")] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom")] = None


class Point(Row):
    """Cross-validation errors of one combination of scanned values."""

    potential: Annotated[str, Column("potential")]
    point: Annotated[int, Column("point", shown=False)]
    values: Annotated[str, Column("values")]
    energy_rmse: Annotated[Quantity | None, Column("energy", "{:.3f}", "meV/atom")] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.4f}", "eV/Angstrom", "mean over the elements")] = None
    virial_rmse: Annotated[Quantity | None, Column("virial", "{:.2f}", "meV/atom")] = None
    log_evidence: Annotated[Quantity | None, Column("log evidence", "{:.4f}", "", "log marginal likelihood a label, mean over the folds")] = None
    best: Annotated[str, Column("best in", meaning="of its potential: energy, force, virial, evidence")] = ""


TABLES = {"errors": Errors, "fits": Fits, "learning": Learned, "scan": Point}


def analyse(study: Study, runs: Runs) -> Result:
    """The errors of the finished fits."""
    if study.scan:
        return Result(kind=study.kind, title=study.title or f"Settings for {study.material}", method=SCAN, tables={"scan": list(scanned(runs))})
    found = [read_toml(runs.folder / job.name / "potential.toml") for job in runs.select(part="fit")]
    tables = {"errors": [row for potential in found for row in errors(potential)], "fits": [fits(potential) for potential in found]}
    tables["learning"] = [row for potential in found for row in learned(potential)]
    return Result(kind=study.kind, title=study.title or f"Potentials for {study.material}", method=METHOD, tables=tables)


def scanned(runs: Runs) -> Iterator[Point]:
    """The finished points, those of a potential together; the best of each kind are named."""
    points: dict[str, list[dict]] = {}
    for found in sorted(_points(runs), key=lambda found: found["point"]):
        forces = found["force"].values()
        values = {"energy": found.get("energy"), "force": sum(forces) / len(forces) if forces else None, "virial": found.get("virial"), "evidence": -found["log_evidence"]}
        points.setdefault(found["model"], []).append({"tags": found, "values": values})
    for model, found in points.items():
        for entry in found:
            known = {kind: value for kind, value in entry["values"].items() if value is not None}
            best = [kind for kind, value in known.items() if value == min(other["values"][kind] for other in found)]
            yield Point(
                potential=model,
                point=entry["tags"]["point"],
                values=entry["tags"]["values"],
                energy_rmse=known.get("energy"),
                force_rmse=known.get("force"),
                virial_rmse=known.get("virial"),
                log_evidence=-known["evidence"],
                best=", ".join(best),
            )


def _points(runs: Runs) -> Iterator[dict]:
    for job in runs.select(part="points"):
        for file in job.outputs:
            yield read_json(runs.folder / file, f"delete {job.name} to compute it again")


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


def learned(potential: Potential) -> Iterator[Learned]:
    """The learning curve of one potential, the whole fit last."""
    curve = potential.fit.get("learning_curve", [])
    whole = [{"fitted": potential.fit["configurations"], **potential.errors["held_out"]}] if curve else []
    for point in [*curve, *whole]:
        yield Learned(potential=potential.name, element="all", fitted=point["fitted"], energy_rmse=point.get("energy"))
        for symbol, force in point["force"].items():
            yield Learned(potential=potential.name, element=symbol, fitted=point["fitted"], force_rmse=force)


def errors(potential: Potential) -> Iterator[Errors]:
    """The rows of one potential."""
    for part, found in potential.errors.items():
        tags = {"potential": potential.name, "part": part, "configurations": found["configurations"]}
        yield Errors(element="all", energy_rmse=found.get("energy"), virial_rmse=found.get("virial"), **tags)
        for symbol in potential.elements:
            if symbol in found["force"]:
                yield Errors(element=symbol, force_rmse=found["force"][symbol], force_rms=found["force_rms"][symbol], **tags)
