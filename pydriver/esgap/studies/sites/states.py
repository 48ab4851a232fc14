"""The states that all chains met, distinct by symmetry."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from esgap.jobs.job import Job
from esgap.physics.symmetry import canonical
from esgap.record import read_json
from esgap.studies.sites.places import Places


@dataclass(frozen=True)
class State:
    """A distribution of the ions."""

    occupied: tuple[int, ...]  # places, the least of its images
    energy: float  # eV, as in the chains
    visits: int  # trial moves after which a chain was in it
    multiplicity: int  # of its images under the space group
    interstitials: int  # ions on interstitial sites


def gather(places: Places, folder: Path, chains: Iterable[Job]) -> list[State]:
    """States of the finished chains, lowest energy first, the crystal always among them."""
    found: dict[tuple[int, ...], list[float]] = {}
    for job in chains:
        content = read_json(folder / job.name / "chain.json", f"delete {folder / job.name} to compute it again")
        met = [*content["states"], {"occupied": list(range(places.ions)), "energy": content["crystal"], "visits": 0}]
        for state in met:
            energy, visits = found.get(tuple(state["occupied"]), (state["energy"], 0))
            found[tuple(state["occupied"])] = [energy, visits + state["visits"]]
    states = [
        State(key, energy, visits, canonical(np.array(key), places.permuted)[1], sum(place >= places.ions for place in key))
        for key, (energy, visits) in found.items()
    ]
    return sorted(states, key=lambda state: (round(state.energy, 6), state.occupied))
