"""Minimum-energy paths between two states: first guesses, profiles, barriers, and what can be wrong with a path.

A path is a row of images: positions (n, N, 3) in Angstrom, unwrapped, the atoms in one order in all images. Energies in eV, forces in
eV/Angstrom, both with the field's part. References: G. Henkelman, H. Jonsson, J. Chem. Phys. 113, 9978 (2000),
doi:10.1063/1.1323224 (tangents); G. Henkelman, B. P. Uberuaga, H. Jonsson, ibid. 9901, doi:10.1063/1.1329672 (climbing image);
S. Smidstrup, A. Pedersen, K. Stokbro, H. Jonsson, J. Chem. Phys. 140, 214106 (2014), doi:10.1063/1.4878664 (first path by IDPP).
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.geometry import find_mic
from ase.mep.neb import NEB
from ase.neighborlist import neighbor_list
from ase.optimize import MDMin
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import linear_sum_assignment
from scipy.signal import find_peaks

NEAR = 6.0  # Angstrom; distances that a first path by IDPP takes care of
DEPTH = 0.005  # eV; a minimum shallower than this on one side is no state of its own
TINY = 0.002  # eV; what two codes differ by on one path
SITE_RADIUS = 0.5  # Angstrom; an ion nearer than this to a place is in it
SPACING = 0.1  # of the mean distance between images; nearer ones have collapsed
SAMPLES = 100  # of the profile between two images


@dataclass(frozen=True)
class Path:
    """A row of n images of N atoms."""

    positions: np.ndarray  # (n, N, 3) Angstrom, unwrapped
    energies: np.ndarray  # (n,) eV
    forces: np.ndarray  # (n, N, 3) eV/Angstrom, without springs

    def part(self, start: int, stop: int) -> "Path":
        """Images start to stop, both included."""
        return Path(*(array[start : stop + 1] for array in (self.positions, self.energies, self.forces)))


@dataclass(frozen=True)
class Barrier:
    """What a path says about the way over its highest image."""

    forward: float  # eV, from the first image
    back: float  # eV, from the last
    difference: float  # eV, last minus first
    length: float  # Angstrom, of the path
    saddle: int  # index of the highest image
    force_along: float  # eV/Angstrom, the largest on an atom of the highest image, along the path
    force_across: float  # eV/Angstrom, the same across the path
    excess: float  # eV; how much higher the profile rises between the images


def unwrap(positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Each image in the periodic image nearest to the image before it: no atom jumps by a cell vector. `cell`: rows a, b, c."""
    steps = [find_mic(step, cell)[0] for step in np.diff(positions, axis=0)]
    return positions[0] + np.cumsum([np.zeros_like(positions[0]), *steps], axis=0)


def align(first: np.ndarray, last: np.ndarray, cell: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """`last` unwrapped against `first`, and shifted so that the atoms `frame` (indices; none: all) have not moved on average."""
    last = unwrap(np.array([first, last]), cell)[1]
    chosen = frame if len(frame) else slice(None)
    return last - (last - first)[chosen].mean(axis=0)


def linear(first: np.ndarray, last: np.ndarray, images: int) -> np.ndarray:
    """A straight path of `images` images, both ends included; shape (images, N, 3)."""
    return np.linspace(first, last, images)


def idpp(first: np.ndarray, last: np.ndarray, images: int, cell: np.ndarray, force: float = 1e-3, steps: int = 500) -> np.ndarray:
    """A path on which near distances change as evenly as they can: image dependent pair potential, relaxed by ASE's NEB; shape (images, N, 3)."""
    path = [Atoms(positions=x, cell=cell, pbc=True) for x in linear(first, last, images)]
    pairs = _pairs(path[0], path[-1])
    distances = [np.linalg.norm(_vectors(end.positions, *pairs), axis=1) for end in (path[0], path[-1])]
    for image, wanted in zip(path, np.linspace(*distances, images)):
        image.calc = Idpp(wanted, *pairs)
    with MDMin(NEB(path, method="improvedtangent"), logfile=None) as optimizer:
        optimizer.run(fmax=force, steps=steps)
    return np.array([image.positions for image in path])


def between(path: np.ndarray, first: np.ndarray, last: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """A path (n, N, 3) moved to other ends: each image by its share of what the two ends have moved (minimum image)."""
    at_first, at_last = (find_mic(end - old, cell)[0] for end, old in ((first, path[0]), (last, path[-1])))
    return path + np.linspace(at_first, at_last, len(path))


class Idpp(Calculator):
    """The pair potential 1/2 sum (wanted - d)^2 / d^4 of the distances d between given pairs of atoms (Angstrom, no unit of energy)."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, wanted: np.ndarray, first: np.ndarray, second: np.ndarray, offsets: np.ndarray):
        super().__init__()
        self.wanted, self.pairs = wanted, (first, second, offsets)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        vectors = _vectors(self.atoms.positions, *self.pairs)
        d = np.linalg.norm(vectors, axis=1)
        off = d - self.wanted
        pull = ((off / d**4 - 2 * off**2 / d**5) / d)[:, None] * vectors
        forces = np.zeros_like(self.atoms.positions)
        np.add.at(forces, self.pairs[0], pull)
        np.subtract.at(forces, self.pairs[1], pull)
        self.results = {"energy": 0.5 * (off**2 / d**4).sum(), "forces": forces}


def _pairs(*ends: Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of atoms that are near in one of the ends: indices, and the periodic image of the second (Angstrom); each pair once."""
    cell = ends[0].cell.array
    found = np.concatenate([np.column_stack(neighbor_list("ijS", end, NEAR)) for end in ends])
    i, j, shift = found[:, 0], found[:, 1], found[:, 2:]
    upper = (i < j) | ((i == j) & (shift @ [4096, 64, 1] > 0))
    unique = np.unique(found[upper], axis=0)
    return unique[:, 0], unique[:, 1], unique[:, 2:] @ cell


def _vectors(positions: np.ndarray, first: np.ndarray, second: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return positions[second] + offsets - positions[first]


def coordinate(positions: np.ndarray) -> np.ndarray:
    """Path length up to each image (n,): the sum of the distances between neighbouring images in the space of all atoms, Angstrom."""
    return np.append(0.0, np.cumsum(np.linalg.norm(np.diff(positions, axis=0), axis=(1, 2))))


def profile(path: Path) -> CubicHermiteSpline:
    """Energy (eV) against path length (Angstrom): through all energies, with the slopes -F . dR/ds of all images."""
    s = coordinate(path.positions)
    tangents = np.gradient(path.positions, s, axis=0, edge_order=2 if len(s) > 2 else 1)
    return CubicHermiteSpline(s, path.energies, -(path.forces * tangents).sum(axis=(1, 2)))


def tangent(path: Path, image: int) -> np.ndarray:
    """Unit tangent (N, 3) at an image: towards the higher neighbour, weighted by the energies at an extremum (Henkelman 2000)."""
    before, after = max(image - 1, 0), min(image + 1, len(path.energies) - 1)
    back, ahead = path.positions[image] - path.positions[before], path.positions[after] - path.positions[image]
    here, down, up = path.energies[image], path.energies[before], path.energies[after]
    if up > here > down or before == image:
        direction = ahead
    elif up < here < down or after == image:
        direction = back
    else:
        low, high = sorted((abs(up - here), abs(down - here)))
        direction = (high * ahead + low * back) if up > down else (low * ahead + high * back)
        direction = direction if up != down else ahead + back
    return direction / np.linalg.norm(direction)


def force_parts(path: Path, image: int) -> tuple[float, float]:
    """The largest force on an atom along the path, and across it (eV/Angstrom), of one image."""
    t, force = tangent(path, image), path.forces[image]
    along = (force * t).sum() * t
    return tuple(float(np.linalg.norm(part, axis=1).max()) for part in (along, force - along))


def barrier(path: Path) -> Barrier:
    """Barriers over the highest image of a path; a barrier of zero means that this image is an end."""
    s = coordinate(path.positions)
    top = int(np.argmax(path.energies))
    energies = _sample(path)[1]
    return Barrier(
        forward=float(path.energies[top] - path.energies[0]),
        back=float(path.energies[top] - path.energies[-1]),
        difference=float(path.energies[-1] - path.energies[0]),
        length=float(s[-1]),
        saddle=top,
        **dict(zip(("force_along", "force_across"), force_parts(path, top))),
        excess=float(max(energies.max() - path.energies[top], 0.0)),
    )


def field_part(field: np.ndarray, dipoles: np.ndarray, saddle: int) -> float:
    """The direct part -E . (p_saddle - p_first) of the barrier in a field (eV); `field` (3,) V/Angstrom, `dipoles` (n, 3) e Angstrom."""
    return float(-(dipoles[saddle] - dipoles[0]) @ field)


def intermediate_minima(path: Path, depth: float = DEPTH) -> list[int]:
    """Images nearest to the minima inside the path that are deeper than `depth` (eV) on both sides."""
    s, energies = _sample(path)
    places = s[find_peaks(-energies, prominence=depth)[0]]
    nearest = (int(np.abs(coordinate(path.positions) - place).argmin()) for place in places)
    return sorted({image for image in nearest if 0 < image < len(path.energies) - 1})


def collapsed(positions: np.ndarray) -> list[int]:
    """Images that lie on the one before them: nearer than SPACING of the mean distance."""
    gaps = np.diff(coordinate(positions))
    return [int(k) + 1 for k in np.flatnonzero(gaps < SPACING * gaps.mean())] if gaps.any() else list(range(1, len(positions)))


def moved(first: np.ndarray, last: np.ndarray, cell: np.ndarray, radius: float = SITE_RADIUS) -> list[int]:
    """Indices of the atoms that lie farther than `radius` (Angstrom, minimum image) from where they were, the farthest first."""
    distances = find_mic(last - first, cell)[1]
    return [int(k) for k in np.argsort(-distances, kind="stable") if distances[k] > radius]


def exchanged(first: np.ndarray, last: np.ndarray, cell: np.ndarray, numbers: np.ndarray) -> list[list[int]]:
    """Groups of like atoms (indices) that change places in turn, although a shorter way to the same places exists.

    The shortest way is the assignment of last to first places with the least sum of squared distances (minimum image). A row
    of ions that all move up by one place is no exchange: each goes to the place that is nearest in this sense.
    """
    cycles = []
    for number in np.unique(numbers):
        atoms = np.flatnonzero(numbers == number)
        vectors = (last[atoms][None] - first[atoms][:, None]).reshape(-1, 3)
        squares = (find_mic(vectors, cell)[1] ** 2).reshape(len(atoms), len(atoms))
        target = linear_sum_assignment(squares)[1]
        cycles += [[int(atoms[k]) for k in cycle] for cycle in _cycles(target)]
    return cycles


def problems(path: Path, force: float, cell: np.ndarray, numbers: np.ndarray, depth: float = DEPTH) -> list[str]:
    """What is wrong with a relaxed path, one phrase each; ids count from 1. `force`: the criterion of the relaxation, eV/Angstrom."""
    found = []
    if not moved(path.positions[0], path.positions[-1], cell):
        found.append("the two ends are one state")
    for cycle in exchanged(path.positions[0], path.positions[-1], cell, numbers):
        found.append("ions " + ", ".join(str(k + 1) for k in cycle) + " exchange places: another path is shorter")
    if images := collapsed(path.positions):
        found.append("images collapsed: " + ", ".join(str(k + 1) for k in images))
    if images := intermediate_minima(path, depth):
        found.append("intermediate minimum at image " + ", ".join(str(k + 1) for k in images))
    return found + _saddle_problems(path, force)


def _saddle_problems(path: Path, force: float) -> list[str]:
    top = barrier(path)
    if top.saddle in (0, len(path.energies) - 1):
        return ["no saddle: the highest image is the " + ("last" if top.saddle else "first")]
    worst = max(top.force_along, top.force_across)
    if worst > 2 * force:  # the band's criterion meets their difference, atom by atom
        return [f"saddle not proved: a force of {worst:.3f} eV/Angstrom is left on it"]
    found = [f"hardly a barrier {way}: {height:.4f} eV" for way, height in (("forward", top.forward), ("back", top.back)) if height < TINY]
    return found + ([f"the profile rises {top.excess:.3f} eV above the highest image: take more images"] if top.excess > DEPTH else [])


def _sample(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Path lengths and energies of the profile, dense."""
    curve = profile(path)
    steps = np.linspace(0.0, 1.0, SAMPLES, endpoint=False)
    s = np.append((curve.x[:-1, None] + steps * np.diff(curve.x)[:, None]).ravel(), curve.x[-1])
    return s, curve(s)


def _cycles(target: np.ndarray) -> list[list[int]]:
    """The cycles of a permutation that are longer than one."""
    left, found = set(range(len(target))), []
    while left:
        cycle = [left.pop()]
        while (following := int(target[cycle[-1]])) != cycle[0]:
            cycle.append(following)
            left.remove(following)
        if len(cycle) > 1:
            found.append(sorted(cycle))
    return found
