"""The states that a study names: from files, or the residences of an ion before and after its hops in a run of kind md."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms

from esgap.errors import EsgapError
from esgap.lammps.data import read_structure
from esgap.lammps.trajectory import Trajectory, read_trajectory
from esgap.physics.barrier import align, moved
from esgap.physics.residence import Residences, residences
from esgap.record import read_json
from esgap.studies.neb.study import Endpoints, Study

HOPS, PLAN = "hops.csv", "plan.json"
SAME = 0.05  # Angstrom; states that differ by less have no path between them
HOPPED = 1.0  # Angstrom; thermal displacements are smaller, mostly
COLUMNS = {"hop", "ion", "start_ps", "end_ps", "run"}


@dataclass(frozen=True)
class States:
    """The states in the order of the path, each unwrapped against the one before, the frame without drift; where they come from."""

    atoms: list[Atoms]
    notes: list[str]


def read_states(study: Study) -> States:
    """Raises EsgapError: unreadable, not the same atoms in the same cell, no such hop."""
    ends = study.endpoints
    if ends.source:
        return _of_hops(ends, study.element)
    files = [ends.initial, *ends.via, ends.final]
    states = [read_structure(file) for file in files]
    check(states, [str(file) for file in files], study.element)
    for before, state in zip(states, states[1:]):
        state.positions = align(before.positions, state.positions, before.cell.array, frame(before, study.element))
    for (one, before), (other, state) in pairwise(zip(files, states)):
        if (most := np.linalg.norm(state.positions - before.positions, axis=1).max()) < SAME:
            raise EsgapError(f"{one} and {other} are one state (no atom is more than {most:.2g} Angstrom apart): give the states before and after a hop")
    return States(states, [])


def frame(atoms: Atoms, element: str) -> np.ndarray:
    """Indices of the atoms that do not migrate."""
    return np.flatnonzero(np.array(atoms.symbols) != element)


def check(states: list[Atoms], names: list[str], element: str) -> None:
    """Raise EsgapError when the states are not the same atoms in the same cell, or none is mobile."""
    first = states[0]
    if element not in first.symbols:
        raise EsgapError(f"no {element} in {names[0]} ({first.symbols}): correct `element`, the ions that move")
    for state, name in zip(states[1:], names[1:]):
        if list(state.symbols) != list(first.symbols):
            raise EsgapError(f"{name} has other atoms than {names[0]}, or another order ({state.symbols} instead of {first.symbols}): atoms must correspond one to one")
        if not np.allclose(state.cell.array, first.cell.array, rtol=0, atol=1e-6):
            raise EsgapError(f"{name} has another cell than {names[0]} (off by up to {np.abs(state.cell.array - first.cell.array).max():.2g} Angstrom): give both in one cell")


def _of_hops(ends: Endpoints, element: str) -> States:
    """Mean positions of the residences before the first hop and after each, in LAMMPS's frame of the run."""
    table = _read_hops(ends.source)
    chosen = [_find(table, number, ends) for number in ends.hops]
    if len(set(table.loc[chosen, "run"])) > 1:
        raise EsgapError(f"the hops {list(ends.hops)} of {ends.source} belong to different runs: give hops of one")
    run = table.loc[chosen[0], "run"]
    hops = table[table["run"] == run]
    trajectory, times = _trajectory(ends.source, run)
    index = np.searchsorted(trajectory.ids, hops["ion"])
    found = []
    for row in chosen:
        try:
            found.append(residences(times, trajectory.positions, hops["start_ps"].to_numpy(), hops["end_ps"].to_numpy(), hops.index.get_loc(row)))
        except ValueError as error:
            raise EsgapError(f"{ends.source / HOPS}: {error}; write it again with `esgap analyse {ends.source}`") from error
    atoms = Atoms(list(trajectory.elements), positions=found[0].before, cell=trajectory.cell, pbc=True)
    if element not in atoms.symbols:
        raise EsgapError(f"no {element} in the run {run} ({atoms.symbols}): correct `element`, the ions that move")
    states, notes = [atoms], []
    for number, row, one in zip(ends.hops, chosen, found):
        state, note = _after(states[-1], one, int(index[hops.index.get_loc(row)]), ends.others, element)
        states.append(state)
        notes.append(f"hop {number} of {run}: {note}")
    return States(states, notes)


def _after(before: Atoms, found: Residences, ion: int, others: str, element: str) -> tuple[Atoms, str]:
    """The state after a hop, and which ions besides `ion` changed their site since the state before."""
    state, still = before.copy(), frame(before, element)
    after = align(before.positions, found.after, before.cell.array, still)
    also = [k for k in moved(before.positions, after, before.cell.array, HOPPED) if k != ion and k not in still]
    if others == "move":
        state.positions = after
    else:
        state.positions[ion] = after[ion]
    names = ", ".join(f"{before.symbols[k]} {k + 1}" for k in also)
    fate = "change their site too" if others == "move" else "are kept where they were, as all other atoms"
    return state, f"{before.symbols[ion]} {ion + 1}, means over {found.frames[0]} and {found.frames[1]} frames; " + (f"{names} {fate}" if names else "no other ion moves")


def _read_hops(folder: Path) -> pd.DataFrame:
    file = folder / HOPS
    if not file.is_file():
        raise EsgapError(f"{folder} holds no {HOPS}: give a finished run folder of kind md (esgap run md.toml -o {folder})")
    table = pd.read_csv(file)
    if lost := sorted(COLUMNS - set(table.columns)):
        raise EsgapError(f"{file} has no column {', '.join(lost)}: make it again with `esgap analyse {folder}`")
    return table


def _find(table: pd.DataFrame, number: int, ends: Endpoints) -> int:
    """The line of a hop; `run` tells which run where several have a hop of this number."""
    rows = table[(table["hop"] == number) & ((ends.run is None) | (table["run"] == ends.run))]
    if rows.empty:
        runs = ", ".join(sorted(set(table["run"].astype(str))))
        raise EsgapError(f"no hop {number} in {ends.source / HOPS}{f' of the run {ends.run}' if ends.run else ''}: it has {len(table)} hops, of {runs or 'no run'}")
    if len(rows) > 1:
        raise EsgapError(f"hop {number} stands {len(rows)} times in {ends.source / HOPS}: give `run` in [endpoints], one of {', '.join(sorted(rows['run']))}")
    return rows.index[0]


def _trajectory(folder: Path, run: str) -> tuple[Trajectory, np.ndarray]:
    """The trajectory of a run and the times (ps) of its frames; with elements."""
    plan = read_json(folder / PLAN, "give a run folder of kind md")
    given, job = plan["study"].get("trajectory"), next((job for job in plan["jobs"] if job["name"] == run), None)
    if given:
        files = [given["dump"]] if isinstance(given["dump"], str) else given["dump"]
        trajectory, timestep = read_trajectory([Path(file) for file in files], given["drop_cut"]), given["timestep"]
        if trajectory.types is not None:
            trajectory = replace(trajectory, elements=np.array(given["elements"])[trajectory.types - 1])
    elif job:
        words = job["command"]
        trajectory, timestep = read_trajectory([folder / name for name in job["outputs"] if name.endswith(".dump")]), float(words[words.index("timestep") + 1])
    else:
        raise EsgapError(f"{folder} has no run {run}: make {HOPS} again with `esgap analyse {folder}`")
    if trajectory.elements is None:
        raise EsgapError(f"the dump of {run} in {folder} has neither a column type nor element: dump id type xu yu zu")
    return trajectory, trajectory.steps * timestep
