"""A pair in several supercells: whether it is in one state in them, the energy of its images, and what larger cells tend to."""

from collections.abc import Iterator

import numpy as np

from esgap.errors import EsgapError
from esgap.physics.branch import DIPOLE
from esgap.physics.frenkel import INTACT
from esgap.physics.images import image_energy, image_tensor, ionic_dielectric, isolated
from esgap.studies.contract import OK
from esgap.studies.frenkel.rows import SizeRow
from esgap.studies.frenkel.track import LOWER, Size, Track

INFINITE = "infinite"
SHAPES = "the supercells have not one shape: what is left of the images, elastic ones above all, has no common line in 1/V"


def supercells(sizes: list[Size]) -> tuple[list[SizeRow], list[str]]:
    """The rows of one potential, for each pair one a supercell and one for what they tend to; and notes, why there is no correction."""
    screening, notes = None, []
    for size in sizes:
        try:
            screening = dielectric(size) if screening is None else screening
        except EsgapError as error:
            notes.append(f"{size.potential}, {size.label}: no energy of images from this cell: {error}")
    rows = []
    for pair, _ in sizes[0].pairs:
        found = [(size, track) for size in sizes for other, track in size.pairs if other.name == pair.name]
        mine = [_row(found[0], one, pair.name, screening) for one in found]
        rows += [*mine, *tends_to(sizes, pair.name, mine)]
    return rows, notes


def _row(first: tuple[Size, Track], this: tuple[Size, Track], pair: str, screening: np.ndarray | None) -> SizeRow:
    size, track = this
    alone = size.pair_state(track.points[0])
    images = None if screening is None else image_energy(alone.dipole / _scale(size), size.atoms.cell.array, screening)
    other = [words for words in (another_crystal(first[0], size), another_state(first, this, screening)) if words]
    problems = size.problems(track, 0)
    return SizeRow(
        potential=size.potential,
        pair=pair,
        supercell=size.label,
        volume=size.atoms.get_volume(),
        perfect=_perfect(size) - _perfect(first[0]),
        formation_energy=size.energy(track.points[0]),
        image_energy=images,
        corrected=None if images is None else alone.energy - images,
        sound=not other and track.occupation[0] == INTACT and size.max_force(track.points[0]) <= size.study.relax.force,
        verdict="; ".join(other + problems) or OK,
    )


def _scale(size: Size) -> float:
    return size.charge["field_scale"] if size.charge else 1.0


def _perfect(size: Size) -> float:
    """Energy of the relaxed perfect cell for each image of the structure, eV."""
    return size.perfect.points[0].state.energy / np.prod(size.size)


def another_crystal(first: Size, size: Size) -> str:
    """In words, when the perfect cells are not in one state; empty when they are."""
    return "another state of the perfect cell than in the first supercell" if abs(_perfect(size) - _perfect(first)) > LOWER else ""


def another_state(first: tuple[Size, Track], this: tuple[Size, Track], screening: np.ndarray | None) -> str:
    """In words, when the dipole of a pair is further from that in the first supercell than DIPOLE and what the fields of its images induce; empty when it is not.

    The pair answers with its polarisability to the field -T.p of its images, so between two cells its dipole changes by alpha.(T1 - T2).p, in the units of the field
    that acts on the charges, which a scale of the field multiplies. Where the response or the screening is not known nothing is allowed for.
    """
    (size, _), (size0, track0) = this, first
    before, after = (one.pair_state(way.points[0]).dipole for one, way in (first, this))
    allowed, alpha = DIPOLE, size0.response(track0).polarisability
    if screening is not None and np.isfinite(alpha).all():
        near, far = (image_tensor(one.atoms.cell.array, screening) for one in (size0, size))
        allowed += float(np.linalg.norm(alpha @ (near - far) @ before)) / _scale(size) ** 2
    off = float(np.linalg.norm(after - before))
    return f"dipole {off:.2f} e Angstrom off that in the first supercell, another state: its images explain {allowed - DIPOLE:.2f}" if off > allowed else ""


def tends_to(sizes: list[Size], pair: str, rows: list[SizeRow]) -> Iterator[SizeRow]:
    """The row of what the sound ones of several sizes tend to. A raw energy with charges needs supercells of one shape, because its images do not go with 1/V otherwise."""
    sound = [row for row in rows if row.sound]
    volumes = [row.volume for row in sound]
    if len({round(volume, 3) for volume in volumes}) < 2:
        return
    shapes = {tuple(np.round(np.array(size.size) / size.size[0], 6)) for size in sizes if size.label in [row.supercell for row in sound]}
    one_shape = len(shapes) == 1
    known = all(row.corrected is not None for row in sound)
    yield SizeRow(
        potential=rows[0].potential,
        pair=pair,
        supercell=INFINITE,
        volume=None,
        perfect=None,
        formation_energy=isolated([row.formation_energy.value for row in sound], volumes) if one_shape or sizes[0].charge is None else None,
        image_energy=None,
        corrected=isolated([row.corrected.value for row in sound], volumes) if known else None,
        sound=one_shape,
        verdict=OK if one_shape else SHAPES,
    )


def dielectric(size: Size) -> np.ndarray | None:
    """The relative permittivity of the perfect crystal, ions relaxed, from its smallest fields; None where they do not span three directions.

    Raises EsgapError as `ionic_dielectric`.
    """
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
