"""Sites, chains, and states that are distinct by symmetry."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import pandas as pd

from esgap.lammps.relaxation import read_relaxation, relaxed_atoms
from esgap.physics.symmetry import displacements, inequivalent_sites
from esgap.record import read_json
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.sites.places import XYZ, Places
from esgap.studies.sites.states import gather
from esgap.studies.sites.study import Study

METHOD = (
    "Interstitial sites: Voronoi vertices of the anions with room for an ion, one row an orbit of the space group. Chains: Metropolis, one ion tries an "
    "empty place; energies from the potential. States: distributions distinct by symmetry, relaxed at fixed cell; energies against the crystal's."
)
EQUAL = 2e-3  # eV: states that relax to energies this near are taken for the same minimum
LOWER = 5e-3  # eV


class Site(Row):
    """Interstitial sites that are the same by symmetry."""

    site: Annotated[int, Column("site", meaning="the first of them in sites.csv, 1 = most room")]
    multiplicity: Annotated[int, Column("sites", meaning="of this kind in the cell")]
    coordination: Annotated[int, Column("anions", meaning="within 3 Angstrom")]
    anion_distance: Annotated[Quantity, Column("anion", "{:.2f}", "Angstrom", "the nearest")]
    same_distance: Annotated[Quantity, Column("ion", "{:.2f}", "Angstrom", "nearest ion of the same element")]
    cation_distance: Annotated[Quantity | None, Column("cation", "{:.2f}", "Angstrom", "nearest other cation")]
    a: Annotated[float, Column("a", "{:.3f}", "1", "fractional coordinate")]
    b: Annotated[float, Column("b", "{:.3f}", "1")]
    c: Annotated[float, Column("c", "{:.3f}", "1")]


class Chain(Row):
    """One Monte Carlo chain."""

    temperature: Annotated[float, Column("T", "{:g}", "K")]
    seed: Annotated[int, Column("seed")]
    moves: Annotated[int, Column("moves", meaning="trial moves")]
    too_close: Annotated[Quantity, Column("too close", "{:.2f}", "1", "share that was not tried")]
    acceptance: Annotated[Quantity, Column("accepted", "{:.3f}", "1", "share of the trial moves")]
    mean_energy: Annotated[Quantity, Column("mean energy", "{:.3f}", "eV", "second half of the chain, against the crystal")]
    states: Annotated[int, Column("states", meaning="distinct by symmetry")]


class Distribution(Row):
    """One distribution of the ions, relaxed."""

    state: Annotated[int, Column("state", meaning="0: the crystal")]
    moved_ions: Annotated[int, Column("on sites", meaning="ions on interstitial sites")]
    interstitials: Annotated[str, Column("which", meaning="interstitial sites that are occupied, as in sites.csv", shown=False)]
    multiplicity: Annotated[int, Column("images", meaning="under the space group")]
    visits: Annotated[int, Column("visits")]
    energy_placed: Annotated[Quantity, Column("in the chain", "{:.3f}", "eV", "energy against the crystal, as the chain counted it")]
    energy: Annotated[Quantity, Column("relaxed", "{:.3f}", "eV", "energy against the relaxed crystal")]
    moved: Annotated[Quantity, Column("moved", "{:.2f}", "Angstrom", "the farthest ion in the relaxation")]


TABLES = {"interstitial_sites": Site, "chains": Chain, "states": Distribution}


def analyse(study: Study, runs: Runs) -> Result:
    """The sites, and what is finished of chains and states."""
    places = Places.read(runs.folder, study.element, study.symmetry)
    states = list(distributions(study, runs, places))
    tables = {"interstitial_sites": list(sites(places, study.symmetry)), "chains": list(chains(runs)), "states": states}
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=list(remarks(states)))


def sites(places: Places, symprec: float) -> Iterator[Site]:
    """One row an orbit, the roomiest first."""
    found = inequivalent_sites(places.crystal, places.sites, symprec)
    fractional = places.crystal.cell.scaled_positions(found[XYZ].to_numpy(float))
    for (name, row), (a, b, c) in zip(found.iterrows(), fractional.tolist()):
        far = row.cation_distance if np.isfinite(row.cation_distance) else None
        distances = {"anion_distance": row.anion_distance, "same_distance": row.same_distance, "cation_distance": far}
        yield Site(site=int(name), multiplicity=int(row.multiplicity), coordination=int(row.coordination), a=a, b=b, c=c, **distances)


def chains(runs: Runs) -> Iterator[Chain]:
    """One row a finished chain."""
    for job in runs.select(what="chain"):
        trace = pd.read_csv(runs.path(job, "trace.csv"))
        content = read_json(runs.path(job, "chain.json"), "run the chain again")
        accepted = int(trace.accepted.sum())
        yield Chain(
            temperature=job.tags["temperature"],
            seed=job.tags["seed"],
            moves=len(trace),
            too_close=1 - trace.tried.mean(),
            acceptance=accepted / len(trace),
            mean_energy=trace.energy[len(trace) // 2 :].mean() - content["crystal"],
            states=len(content["states"]),
            verdict=OK if accepted else "no move was accepted: a higher temperature, more moves, or ion_steps",
        )


def distributions(study: Study, runs: Runs, places: Places) -> Iterator[Distribution]:
    """One row a relaxed state, when the crystal is relaxed too."""
    jobs = sorted(runs.select(what="state"), key=lambda job: job.tags["state"])
    if not jobs or jobs[0].tags["state"] != 0:
        return
    known = {" ".join(map(str, state.occupied)): state for state in gather(places, runs.folder, runs.select(what="chain"))}
    crystal, zero = known[jobs[0].tags["occupied"]], read_relaxation(runs.folder / jobs[0].name).energy
    seen: list[tuple[int, float]] = []
    for job in jobs:
        state, relaxation = known[job.tags["occupied"]], read_relaxation(runs.folder / job.name)
        start = places.occupy(state.occupied)
        energy = relaxation.energy - zero
        verdicts = [f"not converged: {relaxation.max_force:.3g} eV/Angstrom left"] if relaxation.max_force > study.relax.force else []
        verdicts += [f"relaxes to the energy of state {other}" for other, level in seen if abs(level - energy) < EQUAL][:1]
        seen.append((job.tags["state"], energy))
        yield Distribution(
            state=job.tags["state"],
            moved_ions=state.interstitials,
            interstitials=places.names(state.occupied),
            multiplicity=state.multiplicity,
            visits=state.visits,
            energy_placed=state.energy - crystal.energy,
            energy=energy,
            moved=np.linalg.norm(displacements(start, relaxed_atoms(runs.folder / job.name, start)), axis=1).max(),
            verdict="; ".join(verdicts) or OK,
        )


def remarks(states: list[Distribution]) -> Iterator[str]:
    """A sentence when the crystal is not the lowest state known."""
    if states and (lowest := min(states, key=lambda row: row.energy.value)).energy.value < -LOWER:
        yield f"state {lowest.state} lies {-lowest.energy.value:.3f} eV below the crystal: take states/{lowest.state}/relaxed.extxyz for the perfect cell"
