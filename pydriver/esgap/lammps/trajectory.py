"""Text dumps of many frames: unwrapped positions of every atom, frame by frame."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.lammps.dump import cell_of_bounds

FRAME = "ITEM: TIMESTEP\n"
READ = 1 << 26  # characters at a time
RIGID = 1e-6  # of the cell's length: a cell that varies by less is constant
UNWRAPPED, WRAPPED, IMAGES = ["xu", "yu", "zu"], ["x", "y", "z"], ["ix", "iy", "iz"]
DTYPES = {"id": np.int64, "type": np.int64, "element": str} | dict.fromkeys(UNWRAPPED + WRAPPED, float) | dict.fromkeys(IMAGES, np.int64)


@dataclass(frozen=True)
class Trajectory:
    """Frames of one run, in LAMMPS's frame, atoms by ascending id."""

    steps: np.ndarray  # (F,) MD step of each frame, evenly spaced
    positions: np.ndarray  # (F, N, 3) Angstrom, unwrapped
    cells: np.ndarray  # (F, 3, 3) Angstrom, rows a, b, c
    ids: np.ndarray  # (N,)
    types: np.ndarray | None  # (N,); None when the dump has no such column
    elements: np.ndarray | None  # (N,); None when the dump has no such column
    notes: tuple[str, ...] = ()  # what was left out

    @property
    def volume(self) -> float:
        """Mean volume of the cell, Angstrom^3."""
        return float(np.abs(np.linalg.det(self.cells)).mean())

    @property
    def cell(self) -> np.ndarray:
        """Mean cell, (3, 3) Angstrom, rows a, b, c."""
        return self.cells.mean(axis=0)


class _Frame(NamedTuple):
    step: int
    cell: np.ndarray  # (3, 3)
    origin: np.ndarray  # (3,)
    columns: list[str]
    count: int
    text: str  # the lines of the atoms


def read_trajectory(files: Sequence[Path], drop_cut: bool = False) -> Trajectory:
    """Read the text dumps of one run, in the order of their frames.

    Columns: `id`, and `xu yu zu` or `x y z` with `ix iy iz`; `type` and `element` are taken along. In a cell that varies,
    the minimal displacements from frame to frame are summed instead (doi:10.1063/5.0008316): its own images would give
    diffusion where there is none. Frames that a restart wrote again replace those before.

    `drop_cut`: leave out frames that are cut off, with a note, instead of raising.

    Raises EsgapError: no file, no whole frame, a frame that is cut off, columns that do not fix unwrapped positions, atoms
    that change, frames that are not evenly spaced, an atom that moves by more than half of the cell between two frames.
    """
    notes: list[str] = []
    parts = [part for file in files for part in _parts(file, drop_cut, notes)]
    if not parts:
        raise EsgapError(f"no whole frame in {', '.join(map(str, files)) or 'no file'}: give a text dump of LAMMPS")
    ids, types, elements = parts[0].atoms
    if any(len(part.atoms[0]) != len(ids) or (part.atoms[0] != ids).any() for part in parts):
        raise EsgapError(f"the atoms of {files[0]} change from frame to frame: dump one group of atoms that stays")
    steps, cells, origins, positions = (np.concatenate([getattr(part, name) for part in parts]) for name in ("steps", "cells", "origins", "positions"))
    keep = _last_of_each(steps)
    if len(keep) < len(steps):
        notes.append(f"{len(steps) - len(keep)} frames were written again after a restart: the later ones count")
    steps, cells, positions = steps[keep], cells[keep], positions[keep]
    _check_spacing(steps, files)
    return Trajectory(steps, _unwrapped(positions, cells, origins[keep], steps, ids), cells, ids, types, elements, tuple(notes))


@dataclass(frozen=True)
class _Part:
    """Consecutive frames, parsed; positions with their images."""

    steps: np.ndarray
    cells: np.ndarray
    origins: np.ndarray
    positions: np.ndarray
    atoms: tuple[np.ndarray, np.ndarray | None, np.ndarray | None]  # ids, types, elements


def _parts(file: Path, drop_cut: bool, notes: list[str]) -> Iterator[_Part]:
    """The whole frames of a file, those of one reading at a time."""
    if not file.is_file():
        raise EsgapError(f"no dump {file}: check the path, or resume the run that writes it")
    number = 0
    for texts in _readings(file):
        frames = []
        for text in texts:
            number += 1
            frame = _frame(text)
            if isinstance(frame, _Frame):
                frames.append(frame)
                continue
            where = f"frame {number}{frame} of {file}"
            if not drop_cut:
                raise EsgapError(f"{where} is cut off, the run was killed while it was written: resume the run, or leave such frames out with drop_cut")
            notes.append(f"{where} is cut off and left out")
        if frames:
            yield _parsed(frames, file)


def _readings(file: Path) -> Iterator[list[str]]:
    """The text of the frames, without their first line, those of READ characters at a time."""
    with open(file, encoding="ascii", errors="replace") as stream:
        rest = stream.read(READ)
        if FRAME not in rest[:1000]:
            raise EsgapError(f"{file} does not begin with {FRAME.strip()!r}: give a text dump of LAMMPS (dump ... custom)")
        rest = rest.split(FRAME, 1)[1]
        while more := stream.read(READ):
            *whole, rest = (rest + more).split(FRAME)
            yield whole
        yield rest.split(FRAME)


def _frame(text: str) -> _Frame | str:
    """The frame, or where it is (its step, if that is known) when it is cut off."""
    head, _, body = text.partition("ITEM: ATOMS ")
    lines = head.split("\n")
    step = f" (step {lines[0]})" if len(lines) > 1 else ""
    columns, _, rest = body.partition("\n")
    atoms = rest.partition("ITEM:")[0]  # the time of the next frame may follow
    if "ITEM:".startswith(last := atoms.rpartition("\n")[2]):  # as much as was written of the next frame's first word
        atoms = atoms.removesuffix(last)
    try:
        number, count = int(lines[0]), int(lines[lines.index("ITEM: NUMBER OF ATOMS") + 1])
        box = next(i for i, line in enumerate(lines) if line.startswith("ITEM: BOX BOUNDS"))
        cell, origin = _cell(lines[box], np.array([line.split() for line in lines[box + 1 : box + 4]], float))
    except (ValueError, StopIteration, IndexError):
        return step
    if atoms.count("\n") != count or not atoms.endswith("\n") or not np.isfinite(origin).all() or not np.linalg.det(cell) > 0:
        return step
    return _Frame(number, cell, origin, columns.split(), count, atoms)


def _cell(title: str, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows a, b, c and origin from BOX BOUNDS: orthogonal, with tilts, or general (abc origin)."""
    if "abc origin" in title:
        return bounds[:, :3], bounds[:, 3]
    return cell_of_bounds(bounds if "xy xz yz" in title else bounds[:, :2])


def _parsed(frames: list[_Frame], file: Path) -> _Part:
    first = frames[0]
    if other := next((frame for frame in frames if (frame.columns, frame.count) != (first.columns, first.count)), None):
        raise EsgapError(f"{file}: step {other.step} has other columns or another number of atoms than step {first.step}: give the dump of one group of atoms")
    _check_columns(first.columns, file)
    names = [name for name in first.columns if name in DTYPES]
    try:
        text = io.StringIO("".join(frame.text for frame in frames))
        options = dict(sep=r"\s+", header=None, names=first.columns, usecols=names, dtype={name: DTYPES[name] for name in names}, index_col=False)
        table = pd.read_csv(text, keep_default_na=False, **options)
    except (ValueError, pd.errors.ParserError) as error:
        raise EsgapError(f"{file}: atoms between the steps {first.step} and {frames[-1].step} cannot be read ({error}): the file is damaged") from error
    ids = table["id"].to_numpy().reshape(len(frames), -1)
    order = np.argsort(ids, axis=1)
    ids = np.take_along_axis(ids, order, axis=1)
    if (ids != ids[0]).any() or (np.diff(ids[0]) == 0).any():
        raise EsgapError(f"{file}: the ids of the atoms change from frame to frame, or one stands twice: dump one group of atoms that stays")
    cells, origins = np.array([frame.cell for frame in frames]), np.array([frame.origin for frame in frames])

    def column(name: str) -> np.ndarray | None:
        return table[name].to_numpy()[order[0]] if name in names else None

    positions = np.take_along_axis(_with_images(table, len(frames), cells), order[:, :, None], axis=1)
    if not np.isfinite(positions).all():
        raise EsgapError(f"{file}: an atom between the steps {first.step} and {frames[-1].step} has no finite position: the run blew up")
    return _Part(np.array([frame.step for frame in frames]), cells, origins, positions, (ids[0], column("type"), column("element")))


def _check_columns(columns: list[str], file: Path) -> None:
    """Raise EsgapError unless id and unwrapped positions are there."""
    if "id" not in columns:
        raise EsgapError(f"{file} has no column id (its columns: {' '.join(columns)}), so atoms cannot be followed: dump id and xu yu zu")
    if not set(UNWRAPPED) <= set(columns) and not set(WRAPPED + IMAGES) <= set(columns):
        raise EsgapError(
            f"{file} has the columns {' '.join(columns)}: neither xu yu zu nor x y z with the images ix iy iz; "
            "wrapped positions alone do not say how far an ion went: dump xu yu zu"
        )


def _with_images(table: pd.DataFrame, count: int, cells: np.ndarray) -> np.ndarray:
    """Positions (count, N, 3) as the dump unwraps them, atoms in its order."""
    if set(UNWRAPPED) <= set(table):
        return table[UNWRAPPED].to_numpy().reshape(count, -1, 3)
    images = table[IMAGES].to_numpy(float).reshape(count, -1, 3)
    return table[WRAPPED].to_numpy().reshape(count, -1, 3) + images @ cells


def _last_of_each(steps: np.ndarray) -> np.ndarray:
    """Indices of the frames that hold after each restart, which goes back to an earlier step."""
    least = np.minimum.accumulate(steps[::-1])[::-1]  # of this frame and all later ones
    return np.flatnonzero(np.append(steps[:-1] < least[1:], True))


def _check_spacing(steps: np.ndarray, files: Sequence[Path]) -> None:
    gaps = np.diff(steps)
    if len(gaps) and (gaps != gaps[0]).any():
        k = int(np.flatnonzero(gaps != gaps[0])[0])
        raise EsgapError(
            f"the frames of {files[0]} are {gaps[0]} steps apart, but after step {steps[k]} comes {steps[k + 1]}: "
            "frames are missing, or dumps of several runs are mixed; give an unbroken part"
        )


def _unwrapped(positions: np.ndarray, cells: np.ndarray, origins: np.ndarray, steps: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Positions whose differences are displacements; raise EsgapError at a jump of half a cell or more between two frames."""
    inverse = np.linalg.inv(cells)
    fractional = (positions - origins[:, None]) @ inverse
    moved = np.abs(np.diff(fractional, axis=0))
    if moved.size and moved.max() >= 0.5:
        frame, atom, axis = np.unravel_index(np.argmax(moved), moved.shape)
        raise EsgapError(
            f"atom {ids[atom]} moves by {moved[frame, atom, axis]:.2f} of the cell along {'abc'[axis]} between the steps {steps[frame]} and {steps[frame + 1]}: "
            "images were lost (at a restart from a data file?) or frames are too rare; dump more often and keep the images"
        )
    if np.abs(cells - cells[0]).max() <= RIGID * np.abs(cells[0]).max():
        return positions
    wrapped = positions - np.floor(fractional) @ cells
    steps_taken = np.diff(wrapped, axis=0)
    steps_taken -= np.round(steps_taken @ inverse[1:]) @ cells[1:]
    return np.concatenate([positions[:1], positions[:1] + np.cumsum(steps_taken, axis=0)])


def read_thermo_files(files: Sequence[Path]) -> pd.DataFrame:
    """The thermo output of the segments of in.md, one row a frame, columns as its second line names them; the row at a seam once.

    Raises EsgapError when a file is missing or damaged.
    """
    tables = []
    for file in files:
        try:
            tables.append(pd.read_csv(file, sep=r"\s+", skiprows=1, dtype=float))
        except (OSError, ValueError) as error:
            raise EsgapError(f"{file} cannot be read ({error}): resume the run that writes it") from error
    table = pd.concat(tables, ignore_index=True)
    return table[np.append(True, np.diff(table["step"]) > 0)].reset_index(drop=True)
