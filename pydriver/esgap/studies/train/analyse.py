"""Errors by generation and element, how well the standard deviation tells of errors on what was chosen, and what it all cost."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.jobs.job import Job
from esgap.potential import Potential, read_toml
from esgap.record import read_json
from esgap.studies.common.reference import ENERGY, FORCES, LABEL, labelled
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.train.deck import FIT, history, over, read_fit
from esgap.studies.train.explore import SUMMARY
from esgap.studies.train.generation import OBSERVED, Generation
from esgap.studies.train.stop import PATIENCE
from esgap.studies.train.study import Study

METHOD = (
    "Root mean square errors of each generation's potentials; the held-out configurations are the same in all generations and never fitted. Chosen: by the "
    "information that a label brings (posterior covariance of the fit), one after another, those chosen before taken as known. Their errors are those of the "
    "model that chose them, before they were fitted."
)
WITHIN = 1.96  # standard deviations of a 95 % interval


class GenerationRow(Row):
    """One generation, by the model that explores."""

    generation: Annotated[int, Column("generation")]
    fitted: Annotated[int, Column("fitted", meaning="labelled configurations")]
    energy_train: Annotated[Quantity | None, Column("energy, train", "{:.2f}", "meV/atom")] = None
    energy_held_out: Annotated[Quantity | None, Column("held out", "{:.2f}", "meV/atom")] = None
    force_held_out: Annotated[Quantity | None, Column("force, held out", "{:.3f}", "eV/Angstrom", "mean over the elements")] = None
    energy_chosen: Annotated[Quantity | None, Column("chosen", "{:.2f}", "meV/atom", "of what it chose to label, before that was fitted")] = None
    stddev_chosen: Annotated[Quantity | None, Column("its stddev", "{:.2f}", "meV/atom", "root mean square of the standard deviations that the model gave the chosen ones")] = None
    covered_95: Annotated[Quantity | None, Column("covered", "{:.2f}", "", "share of the chosen ones' energies within 1.96 of these standard deviations")] = None
    observable: Annotated[Quantity | None, Column("observable", "{:.3f}", "eV")] = None
    collapsed: Annotated[int, Column("ended early", meaning="runs of dynamics and relaxations that the guard ended")] = 0
    seconds_fit: Annotated[Quantity | None, Column("fit", "{:.0f}", "s")] = None
    seconds_explore: Annotated[Quantity | None, Column("explore", "{:.0f}", "s")] = None
    seconds_label: Annotated[Quantity | None, Column("labels", "{:.0f}", "s", "those of its choice")] = None


class ErrorRow(Row):
    """Errors of one potential of one generation."""

    printed = False

    generation: Annotated[int, Column("generation")]
    potential: Annotated[str, Column("potential")]
    part: Annotated[str, Column("on", meaning="train (fitted), held_out, left_out (fitted, by a fit without it)")]
    element: Annotated[str, Column("element", meaning="of the forces; all for energies and virials")]
    configurations: Annotated[int, Column("configurations")]
    energy_rmse: Annotated[Quantity | None, Column("energy", "{:.2f}", "meV/atom")] = None
    force_rmse: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom")] = None
    virial_rmse: Annotated[Quantity | None, Column("virial", "{:.1f}", "meV/atom")] = None


class ChosenRow(Row):
    """One configuration that a generation chose, its label against what the model gave."""

    printed = False

    generation: Annotated[int, Column("generation")]
    configuration: Annotated[str, Column("configuration")]
    source: Annotated[str, Column("source", meaning="md, relax, candidates")]
    atoms: Annotated[int, Column("atoms")]
    gain: Annotated[Quantity, Column("gain", "{:.2f}", "", "information of the energy's label, nats")]
    stddev: Annotated[Quantity, Column("stddev", "{:.2f}", "meV/atom")]
    energy_error: Annotated[Quantity | None, Column("energy", "{:+.2f}", "meV/atom", "model less label")] = None
    force_error: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom", "root mean square of a component")] = None
    seconds: Annotated[Quantity | None, Column("time", "{:.0f}", "s")] = None


TABLES = {"generations": GenerationRow, "errors": ErrorRow, "chosen": ChosenRow}


def analyse(study: Study, runs: Runs) -> Result:
    """A row for each generation that is fitted."""
    fit, driver = read_fit(study, runs.folder / FIT)
    numbers = sorted({int(job.tags["generation"]) for job in runs.select(part="fit", model=driver)})
    passed = [Generation(number, study, fit, driver) for number in numbers]
    chosen = {number: list(chosen_rows(runs, number)) for number in numbers}
    errors = [row for job in runs.select(part="fit") for row in error_rows(int(job.tags["generation"]), read_toml(runs.folder / job.name / "potential.toml"))]
    rows = [generation_row(runs, generation, chosen[generation.number]) for generation in passed]
    notes = [ending(study, passed, runs)] if passed else []
    tables = {"generations": rows, "errors": sorted(errors, key=lambda row: row.generation), "chosen": [row for number in numbers for row in chosen[number]]}
    return Result(kind=study.kind, title=study.title or f"Training of {fit.material}", method=METHOD, tables=tables, notes=notes)


def ending(study: Study, passed: list[Generation], runs: Runs) -> str:
    """Why the loop has ended, or that it has not."""
    if over(study, passed, runs.folder):
        return f"ended after generation {passed[-1].number}: {PATIENCE} generations improved no held-out error by more than {100 * study.stop:g} %" + (
            f" and left the observable within {study.observable.tolerance:g} eV" if study.observable else ""
        )
    if len(passed) == study.generations:
        return f"ended by generations = {study.generations}, before errors had settled: raise it and run again to go on"
    return f"generation {passed[-1].number} is not finished"


def generation_row(runs: Runs, generation: Generation, chosen: list[ChosenRow]) -> GenerationRow:
    """The row of one generation."""
    potential = read_toml(runs.folder / generation.model(generation.driver) / "potential.toml")
    number, errors = generation.number, potential.errors
    summaries = [read_json(runs.path(job, SUMMARY), "delete the folder to run it again") for part in ("md", "relax") for job in runs.select(part=part, generation=number)]
    seconds = [row.seconds.value for row in chosen if row.seconds]
    observed = history([generation], runs.folder)[1][0]
    return GenerationRow(
        generation=number,
        fitted=potential.fit["configurations"],
        energy_train=errors["train"].get("energy"),
        energy_held_out=errors["held_out"].get("energy"),
        force_held_out=float(np.mean(list(errors["held_out"]["force"].values()))) if errors["held_out"]["force"] else None,
        observable=observed,
        collapsed=sum(bool(s["reason"]) + sum(bool(cell["reason"]) for cell in s.get("cells", ())) for s in summaries),
        seconds_fit=potential.fit["seconds"],
        seconds_explore=sum(s["seconds"] for s in summaries) if summaries else None,
        seconds_label=sum(seconds) if seconds else None,
        verdict=verdict(runs, generation, observed),
        **calibration(chosen),
    )


def verdict(runs: Runs, generation: Generation, observed: float | None) -> str:
    """Ok, or why there is no observable."""
    job = runs.find(part="observable", generation=generation.number)
    return OK if job is None or observed is not None else f"no observable: {read_json(runs.path(job, OBSERVED), 'compute it again')['reason']}"


def calibration(chosen: list[ChosenRow]) -> dict[str, float]:
    """Errors of the chosen energies beside their standard deviations."""
    rows = [(row.energy_error.value, row.stddev.value) for row in chosen if row.energy_error]
    if not rows:
        return {}
    errors, stddevs = np.array(rows).T
    return {
        "energy_chosen": float(np.sqrt(np.mean(errors**2))),
        "stddev_chosen": float(np.sqrt(np.mean(stddevs**2))),
        "covered_95": float(np.mean(np.abs(errors) <= WITHIN * stddevs)),
    }


def chosen_rows(runs: Runs, number: int) -> Iterator[ChosenRow]:
    """What a generation chose, in the order of its choice; without a choice none."""
    job = runs.find(part="choice", generation=number)
    if job is None:
        return
    labels = {int(job.tags["index"]): job for job in runs.select(part="label", generation=number)}
    for index, atoms in enumerate(read(runs.path(job, "chosen.extxyz"), ":", format="extxyz")):
        yield chosen_row(number, atoms, runs, labels.get(index))


def chosen_row(number: int, atoms: Atoms, runs: Runs, job: Job | None) -> ChosenRow:
    """One configuration; without a label as long as its job is not finished, with the reason when it did not converge."""
    info, count = atoms.info, len(atoms)
    known = {"generation": number, "configuration": info["tag"], "source": info["config_type"], "atoms": count, "gain": info["gain"], "stddev": 1e3 * info["predicted_stddev"] / count}
    if job is None:
        return ChosenRow(**known, verdict="not labelled yet")
    found = read_json(runs.path(job, LABEL), "delete the folder to label it again")
    if "reason" in found:
        return ChosenRow(**known, seconds=found["seconds"], verdict=found["reason"])
    label = labelled(atoms.copy(), found)
    energy = 1e3 * (info["predicted_energy"] - label.info[ENERGY]) / count
    force = float(np.sqrt(np.mean((atoms.arrays["predicted_force"] - label.arrays[FORCES]) ** 2)))
    return ChosenRow(**known, energy_error=energy, force_error=force, seconds=found["seconds"])


def error_rows(number: int, potential: Potential) -> Iterator[ErrorRow]:
    """The errors of one potential."""
    for part, found in potential.errors.items():
        tags = {"generation": number, "potential": potential.name, "part": part, "configurations": found["configurations"]}
        yield ErrorRow(element="all", energy_rmse=found.get("energy"), virial_rmse=found.get("virial"), **tags)
        for symbol in potential.elements:
            if symbol in found["force"]:
                yield ErrorRow(element=symbol, force_rmse=found["force"][symbol], **tags)
