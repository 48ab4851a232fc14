"""Formation energies of Frenkel pairs from the relaxed cells, their states, and what fields and supercells do to them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from ase import Atoms
from ase.io import read, write

from esgap.physics.branch import BRANCH, DIPOLE
from esgap.physics.frenkel import INTACT, formation_energy
from esgap.physics.images import image_energy, ionic_dielectric, isolated
from esgap.physics.field import field_vector
from esgap.physics.polarisability import estimates, response
from esgap.physics.threshold import PairResponse, threshold
from esgap.studies import committee
from esgap.studies.contract import OK, Result, Runs
from esgap.studies.frenkel.deck import CELL, screened
from esgap.studies.frenkel.pairs import PAIRS
from esgap.studies.frenkel.reference import references
from esgap.studies.frenkel.rows import Candidate, Equilibrium, FormationEnergy, LimitRow, ReferenceRow, Response, SizeRow, State, ZeroEnergy
from esgap.studies.frenkel.study import Study
from esgap.studies.frenkel.sweep import Relaxed
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
LOWER = 0.005  # eV: a state this much below the one that was made is told
INFINITE = "infinite"
LISTED = 20  # candidates that are listed beside the relaxed ones; pairs.csv has all


def analyse(study: Study, runs: Runs) -> Result:
    """All tables, of the finished jobs; the other states that were met are written to states/."""
    crystal = read(runs.folder / CELL)
    names = list(dict.fromkeys(job.tags["potential"] for job in runs.jobs))
    sizes = [Size(study, runs, crystal, name, size) for name in names for size in study.cells]
    tables = {
        "candidates": list(candidates(study, runs, sizes[0])),
        "formation_energy": [row for size in sizes for row in points(size)],
        "response": [row for size in sizes for row in responses(size)],
        "zero_energy": [row for size in sizes for row in zero_energies(size)],
        "reference": [row for size in sizes for row in references(runs, size.potential, size.label, {pair.name: size.energy(track.points[0]) for pair, track in size.pairs})],
        "size": [row for name in names for row in supercells(runs, [size for size in sizes if size.potential == name])] if len(study.cells) > 1 else [],
        "limits": [row for size in sizes for row in limits(size)],
        "states": [row for size in sizes for row in states(size)],
        "equilibrium": [row for size in sizes for row in equilibrium(size)],
    }
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=[note for size in sizes for note in remarks(size)])


def candidates(study: Study, runs: Runs, size: Size) -> Iterator[Candidate]:
    """The candidates of lowest unrelaxed energy, where these were computed, and those that were relaxed."""
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
        lower = _lower(size, track)
        for k, point in enumerate(track.points):
            perfect = size.perfect.on_branch()[point.key]
            energy = formation_energy(perfect.state, point.state, perfect_zero, zero, point.field)
            state = track.words(k, track.occupation[0])
            max_force = max(point.max_force, perfect.max_force)
            verdicts = [f"not converged: {max_force:.3g} eV/Angstrom left"] if max_force > size.study.relax.force else []
            verdicts += [state] if state != INTACT else []
            verdicts += size.outside(point, perfect)
            if k == 0:
                verdicts += ["below zero: the perfect cell is not the ground state; look for it with kind sites"] if energy.total < 0 else []
                verdicts += lower
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
                max_force=max_force,
                state=state,
                verdict="; ".join(verdicts) or OK,
                **_vector("dipole", energy.dipole),
            )


def _lower(size: Size, track: Track) -> list[str]:
    """A lower state of a cell than that which was made, both without field; a pair that recombined is none."""
    zeros = [k for k, point in enumerate(track.points) if point.key == track.points[0].key and (k == 0 or track.occupation[k] != "recombined")]
    lowest = min(zeros, key=lambda k: track.points[k].state.energy)
    below = track.points[0].state.energy - track.points[lowest].state.energy
    return [f"state {track.words(lowest, INTACT)} lies {below:.3f} eV lower"] if below > LOWER and track.branch[lowest] else []


def responses(size: Size) -> Iterator[Response]:
    """One row a pair."""
    for pair, track in size.pairs:
        branch = list(track.on_branch().values())
        values = estimates(pair_response(size, branch))
        alpha = dict(zip(("alpha_xx", "alpha_yy", "alpha_zz", "alpha_yz", "alpha_xz", "alpha_xy"), values[4:]))
        yield Response(
            potential=size.potential, supercell=size.label, pair=pair.name, points=len(branch), formation_energy=values[0], **_vector("dipole", values[1:4]), **alpha
        )


def pair_response(size: Size, branch: list[Relaxed]) -> PairResponse:
    """The response of a pair to second order, from the points of its branch."""
    alone = [size.pair_state(point) for point in branch]
    return response(np.array([point.field for point in branch]), [one.energy for one in alone], [one.dipole for one in alone])


def zero_energies(size: Size) -> Iterator[ZeroEnergy]:
    """One row a pair and side of a direction, of pairs that are intact in fields."""
    for pair, track in size.pairs:
        branch = list(track.on_branch().values())
        largest = max(float(np.linalg.norm(point.field)) for point in branch)
        for direction in size.study.field.labels if largest else ():
            for sign in (1, -1):
                found = threshold(pair_response(size, branch), field_vector(direction, float(sign), size.atoms.cell.array), largest)
                yield ZeroEnergy(
                    potential=size.potential,
                    supercell=size.label,
                    pair=pair.name,
                    direction=f"{'+-'[sign < 0]}{direction if ',' not in direction else f'({direction})'}",
                    field=found.field,
                    verdict=found.reason or OK,
                )


def supercells(runs: Runs, sizes: list[Size]) -> Iterator[SizeRow]:
    """One row a pair and supercell, and one for what they tend to."""
    screening = next((tensor for size in sizes if (tensor := dielectric(size)) is not None), None)
    first = sizes[0].perfect.points[0].state.energy / np.prod(sizes[0].size) if sizes[0].perfect else None
    for pair, _ in sizes[0].pairs:
        rows = []
        for size in sizes:
            track = next((track for other, track in size.pairs if other.name == pair.name), None)
            if track is None:
                continue
            alone, occupation = size.pair_state(track.points[0]), track.occupation[0]
            scale = size.charge["field_scale"] if size.charge else 1.0
            images = image_energy(alone.dipole / scale, size.atoms.cell.array, screening) if screening is not None else None
            perfect = size.perfect.points[0].state.energy / np.prod(size.size) - first
            other = "another state of the perfect cell than in the first supercell" if abs(perfect) > LOWER else ""
            rows.append(
                SizeRow(
                    potential=size.potential,
                    pair=pair.name,
                    supercell=size.label,
                    volume=size.atoms.get_volume(),
                    perfect=perfect,
                    formation_energy=size.energy(track.points[0]),
                    image_energy=images,
                    corrected=None if images is None else alone.energy - images,
                    verdict="; ".join(filter(None, (other, occupation if occupation != INTACT else ""))) or OK,
                )
            )
        yield from rows
        sound = [row for row in rows if row.verdict == OK]
        if len({round(row.volume, 3) for row in sound}) > 1:
            volumes = [row.volume for row in sound]
            corrected = None if screening is None else isolated([row.corrected.value for row in sound], volumes)
            raw = isolated([row.formation_energy.value for row in sound], volumes)
            yield SizeRow(
                potential=sizes[0].potential, pair=pair.name, supercell=INFINITE, volume=None, perfect=None, formation_energy=raw, image_energy=None, corrected=corrected
            )


def dielectric(size: Size) -> np.ndarray | None:
    """The relative permittivity of the perfect crystal, ions relaxed, from its smallest fields; None where they do not span three directions."""
    if size.perfect is None or size.charge is None:
        return None
    scale = size.charge["field_scale"]
    branch = size.perfect.on_branch().values()
    smallest = min((np.linalg.norm(point.field) for point in branch if point.field.any()), default=0.0)
    small = [point for point in branch if np.linalg.norm(point.field) < 1.001 * smallest or not point.field.any()]
    fields = np.array([point.field * scale for point in small])
    if np.linalg.matrix_rank(fields) < 3:
        return None
    return ionic_dielectric(fields, np.array([point.state.dipole / scale for point in small]), size.atoms.get_volume())


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
    """The lowest defect cell less the lowest perfect cell that is known in each field."""
    if size.perfect is None:
        return
    perfect = list(size.perfect.points)
    defects: dict[tuple, list[tuple[float, str, str]]] = {}
    for pair, track in size.pairs:
        for k, point in enumerate(track.points):
            if track.occupation[k] == "recombined":
                perfect.append(point)
            else:
                defects.setdefault(point.key, []).append((point.state.energy, pair.name, track.words(k, INTACT)))
    for key, found in defects.items():
        energy, pair, state = min(found)
        crystal = min(point.state.energy for point in perfect if point.key == key)
        yield Equilibrium(
            potential=size.potential, supercell=size.label, direction=key[0], field=key[1], formation_energy=energy - crystal, pair=pair, state=state
        )


def remarks(size: Size) -> Iterator[str]:
    """A sentence where the perfect cell is not the lowest known, or where a relaxation without field is still to come."""
    if size.perfect:
        for words in _lower(size, size.perfect):
            yield f"{size.potential}, {size.label}: the perfect cell is not the lowest known without field, its {words}: take its geometry in states/ for the structure, or look for a lower one with kind sites"


def _vector(name: str, values) -> dict:
    return dict(zip((f"{name}_x", f"{name}_y", f"{name}_z"), values))
