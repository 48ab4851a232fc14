"""The stages of a study, each redoable alone: deck -> run -> analyse -> report."""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from esgap.analysis.frenkel import CellState, formation_energy, pair_state
from esgap.deck.frenkel import field_vector, write_deck
from esgap.deck.plan import PLAN_FILE, Plan
from esgap.errors import EsgapError
from esgap.parse.relaxation import Relaxation, read_relaxation
from esgap.record import command_line, now, versions, write_json
from esgap.run import input_hashes, run_plan
from esgap.structure import from_lammps_vector
from esgap.study import load_study

RESULT, TABLE, FIGURE = "result.json", "formation_energy.csv", "formation_energy.png"
UNITS = {
    "field": "V/Angstrom",
    "formation_energy": "eV",
    "frozen": "eV",
    "relaxation": "eV",
    "dipole_x": "e Angstrom",
    "dipole_y": "e Angstrom",
    "dipole_z": "e Angstrom",
    "max_force": "eV/Angstrom",
}
METHOD = (
    "E_f(E) = U[defect relaxed at E] - U[perfect relaxed at E] at fixed cell, U with -E.p, dipoles p against the unrelaxed "
    "perfect cell; frozen = E_f(0) - dp(0).E; state from the occupation of the mobile ions' places in the relaxed perfect cell"
)


def make_deck(study_file: Path, folder: Path) -> Plan:
    """Write the decks of a study into `folder` (see esgap.deck.frenkel.write_deck).

    Raises EsgapError when `folder` holds results that another deck gave: neither is overwritten.
    """
    study = load_study(study_file)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".deck-") as stage:
        plan = write_deck(study, Path(stage))
        _refuse_other_deck(Path(stage), folder)
        shutil.copytree(stage, folder, dirs_exist_ok=True)
    return plan


def _refuse_other_deck(new: Path, folder: Path) -> None:
    """Raise EsgapError when a job of `folder` that has results would be another one in the deck `new`."""
    if not (folder / PLAN_FILE).is_file() or not any(folder.glob("points/**/log.lammps")):
        return
    jobs = {job.name: job for job in Plan.load(new).jobs}
    changed = {f"variable {key}" for job in Plan.load(folder).jobs if job.name in jobs for key in job.variables if job.variables[key] != jobs[job.name].variables.get(key)}
    changed |= {f"file {file.name}" for file in new.glob("*") if file.name.startswith(("in.", "data.")) and file.read_bytes() != (folder / file.name).read_bytes()}
    if changed:
        raise EsgapError(
            f"{folder} holds results of another study ({', '.join(sorted(changed))} changed): give another folder with -o, or delete that one"
        )


def run(study_file: Path, folder: Path, progress) -> pd.DataFrame:
    """All stages; returns the table of results."""
    run_plan(make_deck(study_file, folder), folder, progress)
    analyse(folder)
    return report(folder)


def analyse(folder: Path) -> pd.DataFrame:
    """Parse the finished jobs of `folder` into result.json and formation_energy.csv; returns the table."""
    plan = Plan.load(folder)
    rows = pd.DataFrame(_rows(plan, folder))
    rows.to_csv(folder / TABLE, index=False)
    write_json(
        folder / RESULT,
        {
            "title": plan.study.title,
            "method": METHOD,
            "units": UNITS,
            "pair": plan.moved.model_dump(),
            "force_tolerance": {"value": plan.study.relax.force, "unit": "eV/Angstrom"},
            "rows": rows.to_dict("records"),
            "inputs": {job.name: input_hashes(job, folder) for job in plan.jobs},
            "command": command_line(),
            "versions": versions(),
            "written": now(),
        },
    )
    return rows


def report(folder: Path) -> pd.DataFrame:
    """Draw the figure from result.json; returns the table."""
    from esgap.report.frenkel import figure  # matplotlib is slow to import

    file = folder / RESULT
    if not file.is_file():
        raise EsgapError(f"{folder} holds no {RESULT}: make it with `esgap analyse {folder}`")
    result = json.loads(file.read_text())
    rows = pd.DataFrame(result["rows"])
    figure(rows, rows.potential.iloc[0], result["title"], folder / FIGURE)
    return rows


def _rows(plan: Plan, folder: Path):
    """One dictionary a formation energy: the columns of the table."""
    mobile = np.flatnonzero(np.array(plan.symbols) == plan.study.defect.element)
    site, moved, cell = np.array(plan.moved.position), plan.moved.id - 1, np.array(plan.cell)
    for point in plan.points:
        relaxed = [read_relaxation(folder / name) for name in (point.perfect, point.defect, point.perfect_zero, point.defect_zero)]
        states = [_state(relaxation, cell) for relaxation in relaxed]
        energy = formation_energy(*states, field_vector(point.direction, point.field))
        origin = states[3].positions[moved] if point.field else site
        max_force = max(relaxation.max_force for relaxation in relaxed[:2])
        yield {
            "potential": point.potential,
            "direction": point.direction,
            "field": point.field,
            "formation_energy": energy.total,
            "frozen": energy.frozen,
            "relaxation": energy.relaxation,
            **dict(zip(("dipole_x", "dipole_y", "dipole_z"), energy.dipole)),
            "state": pair_state(states[0], states[1], states[2], origin, mobile, moved, cell),
            "converged": max_force <= plan.study.relax.force,
            "max_force": max_force,
        }


def _state(relaxation: Relaxation, cell: np.ndarray) -> CellState:
    """From LAMMPS's frame to that of the structure file."""
    return CellState(relaxation.energy, from_lammps_vector(relaxation.dipole, cell), from_lammps_vector(relaxation.positions, cell))
