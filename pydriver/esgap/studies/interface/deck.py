"""What an interface study takes from its `frenkel` run: copied into the run folder, which then stands alone. There are no jobs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.physics.potential_drop import Profile, exponential, linear, tabulated
from esgap.record import sha256, write_json, write_text
from esgap.studies.contract import Workspace
from esgap.studies.interface.study import Study
from esgap.studies.results import RESULT, read_result

ENERGIES, PROFILE, SOURCE = "energies.csv", "potential.csv", "source.json"
WHAT = ["potential", "supercell", "pair"]
ENERGY = ["formation_energy", "formation_energy_low", "formation_energy_high"]
COLUMNS = [*WHAT, "states", "direction", "field", *ENERGY, "held", "found"]
PREPARED, LOWEST = "prepared", "lowest"
ROUND = 1e-9  # V/Angstrom


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write energies.csv, potential.csv and source.json; no job.

    Raises EsgapError: no such result, a direction without fields, a table that is none, fields of the profile beyond those of the result.
    """
    frame = energies(study.frenkel)
    drop = profile(study)
    for direction in study.directions:
        check_range(study, frame, direction, drop)
    write_text(work.stage / ENERGIES, frame.to_csv(index=False))
    write_text(work.stage / PROFILE, pd.DataFrame({"depth": drop.depth, "potential": drop.potential, "field": drop.field}).to_csv(index=False))
    write_json(work.stage / SOURCE, {"folder": study.frenkel.name, "sha256": sha256(study.frenkel / RESULT)})
    yield from ()


def energies(folder: Path) -> pd.DataFrame:
    """COLUMNS of every point in a field and of those without field, which stand under each direction; `held`: the state is that of the curve.

    Raises EsgapError when the folder holds the result of another kind or no energy in a field.
    """
    result = read_result(folder)
    if result.kind != "frenkel":
        raise EsgapError(f"{folder} holds a result of kind {result.kind}, expected one of kind frenkel: give its run folder as `frenkel`")
    prepared = pd.DataFrame([row.flat() for row in result.rows("formation_energy")])
    if prepared.empty or not prepared.field.any():
        raise EsgapError(f"{folder} holds no formation energy in a field: give `field.values` other than zero in that study")
    if "sweep" in prepared:
        prepared = prepared[prepared.sweep != "back"]
    prepared = prepared.assign(states=PREPARED, held=(prepared.state == "intact") & ~prepared.verdict.str.contains("not converged"), found=prepared.verdict)
    lowest = pd.DataFrame([row.flat() for row in result.rows("equilibrium")])
    if not lowest.empty:
        lowest = lowest.assign(states=LOWEST, held=True, found=lowest.verdict, pair="lowest known")
    both = pd.concat([prepared, lowest]) if not lowest.empty else prepared
    for name in WHAT:
        both[name] = both[name].fillna("-") if name in both else "-"
    return _under_each_direction(both)[COLUMNS].reset_index(drop=True)


def _under_each_direction(frame: pd.DataFrame) -> pd.DataFrame:
    """The points without field once for each direction in which the same pair has fields."""
    keys = [*WHAT, "states"]
    zero, fields = frame[frame.field == 0].drop(columns="direction"), frame[frame.field != 0]
    repeated = fields[[*keys, "direction"]].drop_duplicates().merge(zero, on=keys)
    return pd.concat([repeated, fields]).sort_values([*keys, "direction", "field"])


def profile(study: Study) -> Profile:
    """Potential and field at the depths of the study."""
    drop = study.drop
    if drop.shape == "table":
        return tabulated(*read_table(drop.table), study.points)
    shape = {"exponential": exponential, "linear": linear}[drop.shape]
    return shape(np.linspace(0.0, study.depth, study.points), drop.potential, drop.length)


def read_table(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Depth and potential of a CSV file. Raises EsgapError when there is none, or it lacks a column."""
    if not file.is_file():
        raise EsgapError(f"no table {file}: give a CSV file with the columns depth (Angstrom) and potential (V) as `drop.table`")
    try:
        frame = pd.read_csv(file, comment="#", skipinitialspace=True)
        return frame["depth"].to_numpy(float), frame["potential"].to_numpy(float)
    except (KeyError, ValueError) as error:
        raise EsgapError(f"{file} is not a table of depth and potential ({error}): write a CSV file with a line `depth,potential` and numbers below it") from error


def check_range(study: Study, frame: pd.DataFrame, direction: str, drop: Profile) -> None:
    """Raise EsgapError when the results have no field along a direction, or the profile asks for more than they have."""
    label, sign = along(direction, frame.direction)
    if not label:
        there = ", ".join(sorted(set(frame.direction)))
        raise EsgapError(f"directions has {direction}, but {study.frenkel} has fields along {there} only: choose among them, or compute that direction there")
    known, wanted = sorted(set(frame.field[frame.direction == label])), sign * drop.field
    if wanted.min() < known[0] - ROUND or wanted.max() > known[-1] + ROUND:
        raise EsgapError(
            f"the profile has fields from {wanted.min():.3g} to {wanted.max():.3g} V/Angstrom along {label}, {study.frenkel} from {known[0]:g} to {known[-1]:g}: "
            "nothing is extrapolated; compute larger fields there, or give a smaller or longer drop"
        )


def along(direction: str, labels: Iterable[str]) -> tuple[str, int]:
    """The one of the `labels` that has the line of a direction, and 1; or -1 when it points the other way; empty and 0 without one."""
    labels = set(labels)
    if direction in labels:
        return direction, 1
    return next(((label, -1) for label in labels if direction in _opposites(label)), ("", 0))


def _opposites(label: str) -> tuple[str, ...]:
    """Words for the opposite of a direction: -x; of a vector 1,1,0 they are -1,-1,0 and -(1,1,0), because -1,1,0 is another vector."""
    if "," not in label:
        return (f"-{label}",)
    return ",".join(f"{0.0 - float(part):g}" for part in label.split(",")), f"-({label})"
