"""What in.neb reads and leaves: a file of coordinates an image, dumps with true forces, energies, and the log of the band."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.lammps.dump import read_dump
from esgap.lammps.log import read_text

CLIMBS = re.compile(r"^Climbing replica = (\d+)", flags=re.M)
COLUMNS = ("step", "force_image", "force", "gradient_first", "gradient_last", "gradient_climber", "forward", "back", "length")
ENERGIES = ["energy", "field_energy", "dipole_x", "dipole_y", "dipole_z"]  # of an image


@dataclass(frozen=True)
class Images:
    """n images of N atoms, in LAMMPS's frame; positions as dumped, not unwrapped between the images."""

    positions: np.ndarray  # (n, N, 3) Angstrom
    forces: np.ndarray  # (n, N, 3) eV/Angstrom, the field's included, the springs' not
    energies: np.ndarray  # (n,) eV, the field's included
    field_energies: np.ndarray  # (n,) eV, of the charges
    dipoles: np.ndarray  # (n, 3) e Angstrom, against the first state as it was read


def image_file(stem: str, image: int) -> str:
    """The name that in.neb gives to a file of an image, counted from 0: STEM.01 is that of the first."""
    return f"{stem}.{image + 1:02d}"


def image_outputs(images: int, out: str = "neb") -> list[str]:
    """The files that in.neb leaves for the images."""
    return [f"{image_file(out, k)}.{end}" for k in range(images) for end in ("dump", "csv")]


def write_images(folder: Path, stem: str, positions: np.ndarray) -> list[str]:
    """Write the files that `neb ... each` reads, for all images but the first; positions (n, N, 3) in LAMMPS's frame, Angstrom.

    Returns their names. The first image is the data file, the same for all.
    """
    names = []
    for k, image in enumerate(positions[1:], start=1):
        names.append(image_file(stem, k))
        lines = [f"{i} {x:.16g} {y:.16g} {z:.16g}" for i, (x, y, z) in enumerate(image, start=1)]
        (folder / names[-1]).write_text("\n".join(["# id x y z", str(len(image)), *lines, ""]))
    return names


def read_images(folder: Path, images: int, out: str = "neb") -> Images:
    """Read what in.neb or in.images left in `folder`. Raises EsgapError when a file is missing, cut off or damaged."""
    frames = [read_dump(folder / f"{image_file(out, k)}.dump") for k in range(images)]
    table = np.array([_energies(folder / f"{image_file(out, k)}.csv") for k in range(images)])
    return Images(
        positions=np.array([positions for positions, _ in frames]),
        forces=np.array([forces for _, forces in frames]),
        energies=table[:, 0],
        field_energies=table[:, 1],
        dipoles=table[:, 2:],
    )


def read_history(log: Path) -> tuple[pd.DataFrame, int]:
    """The lines of `neb` in the log of all partitions, and the image that climbed.

    Columns: stage ("relax", "climb"), step, force (eV/Angstrom, the largest on an atom with the springs), forward, back (eV),
    length (Angstrom), and others of LAMMPS. Raises EsgapError when the log is damaged or the band did not come to climbing.
    """
    text = read_text(log)
    if not (climbs := CLIMBS.search(text)):
        raise EsgapError(f"{log} has no line 'Climbing replica': it is not the log of a finished band; delete {log.parent} to compute it again")
    parts = {"relax": text[: climbs.start()], "climb": text[climbs.end() :]}
    rows = [{"stage": stage} | dict(zip(COLUMNS, numbers)) for stage, part in parts.items() for numbers in _numbers(part, log)]
    if not rows or rows[-1]["stage"] != "climb" or not text.endswith("\n"):
        raise EsgapError(f"{log} is cut off: no whole line after 'Climbing replica'; delete {log.parent} to compute it again")
    history = pd.DataFrame(rows)
    history["force"] **= 0.5  # under `min_modify norm max` LAMMPS prints the square
    return history, int(climbs[1]) - 1


def read_matrix(file: Path) -> np.ndarray:
    """The mass-weighted matrix (3N, 3N) that in.modes left, eV/Angstrom^2/(g/mol). Raises EsgapError when it is cut off."""
    read_text(file)
    try:
        values = np.loadtxt(file).ravel()
        return values.reshape((int(round(len(values) ** 0.5)),) * 2)
    except ValueError as error:
        raise EsgapError(f"{file} is cut off ({error}): delete its folder to compute it again") from error


def _numbers(text: str, log: Path) -> Iterator[list[float]]:
    """The values of each line that is a line of `neb`: a step and as many numbers as the heading has words."""
    count = 0
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            count = len(words)
        elif words and words[0].isdecimal():
            try:
                values = np.array(words, dtype=float)
            except ValueError as error:
                raise EsgapError(f"{log} is damaged ({error}): delete {log.parent} to compute it again") from error
            if len(values) != count or count < len(COLUMNS) or not np.isfinite(values).all():
                raise EsgapError(f"{log} is damaged (no {count} finite values in a line): delete {log.parent} to compute it again")
            yield values[: len(COLUMNS)].tolist()


def _energies(file: Path) -> np.ndarray:
    """The values of ENERGIES of one image."""
    text = read_text(file)
    head, *rows = (line.split(",") for line in text.splitlines() or [""])
    try:
        (values,) = np.array(rows, dtype=float)
    except ValueError as error:
        raise EsgapError(f"{file} is damaged ({error}): delete its folder to compute it again") from error
    if head != ENERGIES or len(values) != len(ENERGIES) or not text.endswith("\n"):
        raise EsgapError(f"{file} is damaged or cut off (not {','.join(ENERGIES)} and a line of values): delete its folder to compute it again")
    if not np.isfinite(values).all():
        raise EsgapError(f"{file} holds no finite energy of one image: atoms came too close, or the run was stopped; look at the start, delete its folder")
    return values
