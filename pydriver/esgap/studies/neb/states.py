"""The states that a study names: from files, or the residences of an ion before and after its hops in a run of kind md."""

import numpy as np
from ase import Atoms

from esgap.errors import EsgapError
from esgap.lammps.data import read_structure
from esgap.physics.barrier import align
from esgap.studies.neb.study import Study


def read_states(study: Study) -> list[Atoms]:
    """The states in the order of the path, each unwrapped against the one before, the frame without drift.

    Raises EsgapError: unreadable, or not the same atoms in the same cell.
    """
    ends = study.endpoints
    states = [read_structure(file) for file in (ends.initial, *ends.via, ends.final)]
    check(states, [str(file) for file in (ends.initial, *ends.via, ends.final)], study.element)
    frame = np.flatnonzero(np.array(states[0].symbols) != study.element)
    for before, state in zip(states, states[1:]):
        state.positions = align(before.positions, state.positions, before.cell.array, frame)
    return states


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
