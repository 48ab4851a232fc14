"""Formation energies of Frenkel pairs from the relaxed cells, their states, and what fields and supercells do to them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from ase import Atoms
from ase.io import read, write

from esgap.physics.branch import BRANCH, DIPOLE
from esgap.physics.estimate import Estimate
from esgap.physics.frenkel import INTACT, formation_energy
from esgap.physics.field import field_vector
from esgap.physics.polarisability import estimates
from esgap.physics.threshold import threshold
from esgap.record import write_json
from esgap.studies import committee
from esgap.studies.contract import OK, Result, Runs
from esgap.studies.frenkel.deck import CELL, screened
from esgap.studies.frenkel.pairs import PAIRS
from esgap.studies.frenkel.reference import references
from esgap.studies.frenkel.rows import Candidate, Equilibrium, FormationEnergy, LimitRow, ReferenceRow, Response, SizeRow, State, ZeroEnergy
from esgap.studies.frenkel.study import Study
from esgap.studies.frenkel.size import supercells
from esgap.studies.frenkel.track import Size, Track

METHOD = (
    "E_f(E) = U[defect relaxed at E] - U[perfect relaxed at E] at fixed cell, U with -E.p, dipoles p against the unrelaxed perfect cell; frozen = E_f(0) - dp(0).E. "
    "Each field starts from its neighbour's relaxed cell, outwards, and back where a state was left. A point continues the branch when the occupation of the mobile "
    f"ions' places stays, when its energy changes by the work of the field -p.dE within {BRANCH} eV (and a tenth of the response's energy, and what the forces left may "
    f"still give), and when its dipole follows the linear response within {DIPOLE} e Angstrom (and half of that response). Where the perfect cell leaves its branch the crystal gives way: "
    "the sweep along there ends. " + committee.METHOD
)
TABLES = {
    "candidates": Candidate,
    "formation_energy": FormationEnergy,
    "response": Response,
    "zero_energy": ZeroEnergy,
    "reference": ReferenceRow,
    "size": SizeRow,
    "limits": LimitRow,
    "states": State,
    "equilibrium": Equilibrium,
}
RESPONSES = "response.json"  # what the polar figure is drawn of
LISTED = 20  # candidates that are listed beside the relaxed ones; pairs.csv has all


def analyse(study: Study, runs: Runs) -> Result:
    """All tables, of the finished jobs; the other states that were met are written to states/."""
    crystal = read(runs.folder / CELL)
    names = list(dict.fromkeys(job.tags["potential"] for job in runs.jobs))
    sizes = [Size(study, runs, crystal, name, size) for name in names for size in study.cells]
    by_size = [supercells([size for size in sizes if size.potential == name]) for name in names] if len(study.cells) > 1 else []
    tables = {
        "candidates": list(candidates(study, runs, sizes[0])),
        "formation_energy": [row for size in sizes for row in points(size)],
        "response": [row for size in sizes for row in responses(size)],
        "zero_energy": [row for size in sizes for row in zero_energies(size)],
        "reference": [row for size in sizes for row in references(runs, size.potential, size.label, {pair.name: size.energy(track.points[0]) for pair, track in size.pairs})],
        "size": [row for rows, _ in by_size for row in rows],
        "limits": [row for size in sizes for row in limits(size)],
        "states": [row for size in sizes for row in states(size)],
        "equilibrium": [row for size in sizes for row in equilibrium(size)],
    }
    write_json(runs.folder / RESPONSES, [one for size in sizes for one in measured(size)])
    notes = [*(note for size in sizes for note in remarks(size)), *(note for _, said in by_size for note in said)]
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=notes)


def candidates(study: Study, runs: Runs, size: Size) -> Iterator[Candidate]:
    """The candidates of lowest unrelaxed energy, where these were computed, and those that were relaxed."""
    if not (runs.folder / PAIRS).is_file():  # the pairs are given by their places
        return
    found = pd.read_csv(runs.folder / PAIRS, index_col="name")
    screening = next(runs.select(what="screen"), None)
    energies = screened(runs.path(screening, "screened.csv"), found) if screening else None
    relaxed = {pair.name: size.energy(track.points[0]) for pair, track in size.pairs}
    listed = [] if energies is None else list(energies.sort_values().index[:LISTED])
    for name in [*listed, *(name for name in relaxed if name in found.index and name not in listed)]:
        pair = found.loc[name]
        dipole = size.charge["charge"] * size.charge["field_scale"] * pair[["dx", "dy", "dz"]].to_numpy(float)
        yield Candidate(
            pair=name,
            vacancy=name.split("-")[0],
            site=name.split("-")[1],
            multiplicity=int(pair.multiplicity),
            distance=pair.distance,
            unrelaxed=None if energies is None else energies[name],
            formation_energy=relaxed.get(name),
            **_vector("dipole", dipole),
        )


def points(size: Size) -> Iterator[FormationEnergy]:
    """One row a sound point of a pair: without field, then outwards and back along each direction."""
    for pair, track in size.pairs:
        zero, perfect_zero = track.points[0].state, size.perfect.points[0].state
        for k, point in enumerate(track.points):
            perfect = size.perfect.on_branch()[point.key]
            energy = formation_energy(perfect.state, point.state, perfect_zero, zero, point.field)
            yield FormationEnergy(
                potential=size.potential,
                supercell=size.label,
                pair=pair.name,
                direction=point.job.tags["direction"],
                field=point.job.tags["field"],
                sweep="back" if point.job.tags["back"] else "out",
                formation_energy=size.energy(point),
                frozen=energy.frozen,
                relaxation=energy.relaxation,
                max_force=size.max_force(point),
                state=track.words(k, track.occupation[0]),
                verdict="; ".join(size.problems(track, k)) or OK,
                **_vector("dipole", energy.dipole),
            )


def responses(size: Size) -> Iterator[Response]:
    """One row a pair."""
    for pair, track in size.pairs:
        values = estimates(size.response(track))
        alpha = dict(zip(("alpha_xx", "alpha_yy", "alpha_zz", "alpha_yz", "alpha_xz", "alpha_xy"), values[4:]))
        yield Response(
            potential=size.potential,
            supercell=size.label,
            pair=pair.name,
            points=len(track.on_branch()),
            formation_energy=values[0],
            verdict="; ".join(response_problems(size, track)) or OK,
            **_vector("dipole", values[1:4]),
            **alpha,
        )


def response_problems(size: Size, track: Track) -> list[str]:
    """What is wrong with the response of a pair: with the pair without field, and how many points are not converged."""
    branch = track.on_branch().values()
    loose = sum(size.max_force(point) > size.study.relax.force for point in branch)
    return size.problems(track, 0) + ([f"{loose} of {len(branch)} points not converged"] if loose else [])


def measured(size: Size) -> Iterator[dict]:
    """The response of each intact pair that fields in three directions tell, whole, and the fields that it is of."""
    for pair, track in size.pairs:
        found = size.response(track)
        if track.occupation[0] == INTACT and found.covariance is not None and np.isfinite(found.parameters).all():
            yield {
                "name": f"{size.potential}, {pair.name}, {size.label}",
                "parameters": found.parameters.tolist(),
                "covariance": found.covariance.tolist(),
                "freedom": found.freedom,
                "fields": [point.field.tolist() for point in track.on_branch().values()],
            }


def zero_energies(size: Size) -> Iterator[ZeroEnergy]:
    """One row a pair and side of a direction, of pairs that are intact in fields."""
    for pair, track in size.pairs:
        problems = response_problems(size, track)
        for direction in size.study.field.labels if len(track.on_branch()) > 1 else ():
            for sign in (1, -1):
                largest = track.held(direction, sign)
                found = threshold(size.response(track), field_vector(direction, float(sign), size.atoms.cell.array), largest)
                yield ZeroEnergy(
                    potential=size.potential,
                    supercell=size.label,
                    pair=pair.name,
                    direction=f"{'+-'[sign < 0]}{direction if ',' not in direction else f'({direction})'}",
                    field=found.field,
                    verdict="; ".join(filter(None, [*problems, found.reason])) or OK,
                )


def limits(size: Size) -> Iterator[LimitRow]:
    """One row a sweep that left its branch."""
    for name, track in size.tracks():
        for limit in track.limits:
            words = "; ".join(filter(None, (limit.words, "the relaxation runs away" if limit.away else "")))
            yield LimitRow(potential=size.potential, supercell=size.label, cell=name, direction=limit.direction, held=limit.held, lost=limit.lost, what=words)


def states(size: Size) -> Iterator[State]:
    """One row a state that is not the one that was made; its geometry where it was first met is written to states/."""
    for name, track in size.tracks():
        made = track.on_branch()
        for number in range(1, track.branch.max() + 1):
            members = [k for k in range(len(track.points)) if track.branch[k] == number]
            met = track.points[members[0]]
            shared = min((track.points[k] for k in members if track.points[k].key in made), key=lambda point: np.linalg.norm(point.field), default=None)
            file = f"states/{size.potential}/{size.label}/{name}-{track.name(number)}.extxyz"
            geometry = shared or met
            atoms = Atoms(size.atoms.numbers, geometry.state.positions, cell=size.atoms.cell, pbc=True)
            atoms.info |= {"field": geometry.field, "energy_in_field": geometry.state.energy}
            (size.runs.folder / file).parent.mkdir(parents=True, exist_ok=True)
            write(size.runs.folder / file, atoms, format="extxyz")
            yield State(
                potential=size.potential,
                supercell=size.label,
                cell=name,
                state=track.words(members[0], INTACT),
                direction=met.job.tags["direction"],
                field=met.job.tags["field"],
                points=len(members),
                energy=None if shared is None else shared.state.energy - made[shared.key].state.energy,
                at_field=None if shared is None else float(np.linalg.norm(shared.field)),
                file=file,
            )


def equilibrium(size: Size) -> Iterator[Equilibrium]:
    """The lowest defect cell less the lowest perfect cell that is known in each field; the interval is what states do that no sweep followed there."""
    if size.perfect is None:
        return
    crystal = [("the perfect cell", size.perfect, k) for k in range(len(size.perfect.points))]
    defects = []
    for pair, track in size.pairs:
        for k in range(len(track.points)):
            (crystal if track.occupation[k] == "recombined" else defects).append((pair.name, track, k))
    keys = list(dict.fromkeys(track.points[k].key for _, track, k in defects))
    for key in keys:
        (pair, track, k), below, words = lowest(size, defects, key)
        (_, other, j), above, more = lowest(size, crystal, key)
        value = track.points[k].state.energy - other.points[j].state.energy
        yield Equilibrium(
            potential=size.potential,
            supercell=size.label,
            direction=key[0],
            field=key[1],
            formation_energy=Estimate(value, value - below, value + above, "states that were not followed there, by their dipoles") if len(keys) > 1 else value,
            pair=pair,
            state=track.words(k, INTACT),
            verdict="; ".join(filter(None, (words, more))) or OK,
        )


def lowest(size: Size, known: list[tuple[str, Track, int]], key: tuple) -> tuple[tuple[str, Track, int], float, str]:
    """The lowest cell in a field, how much (eV) below it another state would be that was met in other fields only, and that in words.

    Such a state is carried there by its dipole from the nearest field in which it is known, U - p.dE, both above the perfect cell on its branch, whose response both
    share. The lowest energy of a cell is concave in the field and lies below such a line; a state that was met along one direction only makes a dip at zero instead.
    """
    here = [(name, track, k) for name, track, k in known if track.points[k].key == key]
    best = min(here, key=lambda one: one[1].points[one[2]].state.energy)
    field = best[1].points[best[2]].field
    there = {(name, track.branch[k]) for name, track, k in here}
    below, words = 0.0, ""
    for name, number in dict.fromkeys((name, track.branch[k]) for name, track, k in known):
        members = [(track, k) for other, track, k in known if (other, track.branch[k]) == (name, number) and track.points[k].key in size.crystal_states]
        if (name, number) in there or not members:
            continue
        track, k = min(members, key=lambda one: np.linalg.norm(one[0].points[one[1]].field - field))
        state = size.pair_state(track.points[k])
        lower = size.pair_state(best[1].points[best[2]]).energy - (state.energy - float(state.dipole @ (field - track.points[k].field)))
        if lower > max(below, BRANCH):
            state = f"state {track.name(number)}" if number else "the state that was made"
            below, words = lower, f"{state} of {name} was not followed here: by its dipole it would be {lower:.3f} eV lower"
    return best, below, words


def remarks(size: Size) -> Iterator[str]:
    """A sentence where the perfect cell is not the lowest known, or where a relaxation without field is still to come."""
    if size.perfect:
        for words in size.lower(size.perfect):
            yield f"{size.potential}, {size.label}: the perfect cell is not the lowest known without field, its {words}: take its geometry in states/ for the structure, or look for a lower one with kind sites"


def _vector(name: str, values) -> dict:
    return dict(zip((f"{name}_x", f"{name}_y", f"{name}_z"), values))
