"""Hops of mobile ions between sites: where the sites are, when an ion changes its site, which hops happen together, what they carry.

Sites are the places where the ions stay: maxima of their density in the cell, so that no crystal structure is needed. An ion is
at a site while it is within the inner radius of it; between two stays lies a hop, from the last frame at one site to the first
frame at the other. Stays shorter than the minimal residence do not count, so rattling and an immediate return are no hop.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from ase.geometry import find_mic, minkowski_reduce
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree


GRID = 0.3  # Angstrom, of the density
BLUR = 0.35  # Angstrom, of the density: that of a site at rest, so that rattling makes no sites
SEPARATION = 1.5  # Angstrom, between two sites at least
FAINT = 0.1  # of the mean occupation of the sites: fainter maxima are on the way, not sites
RADIUS = 1.0  # Angstrom, largest inner radius
RESIDENCE = 0.5  # ps, shortest stay
TOGETHER = 0.25  # ps between the crossings of two hops of one event at most
REACH = 4.0  # Angstrom between their middles at most


@dataclass(frozen=True)
class Sites:
    """Places where ions stay."""

    positions: np.ndarray  # (S, 3) Angstrom, in the cell
    occupation: np.ndarray  # (S,) mean number of ions within the inner radius
    radius: float  # Angstrom, inner radius

    def nearest(self, positions: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Index of the nearest site and the distance to it for positions (..., 3), over all images."""
        reduced = minkowski_reduce(cell)[0]
        inverse = np.linalg.inv(reduced)
        images = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        tree = KDTree(((self.positions @ inverse % 1.0)[:, None] + images).reshape(-1, 3) @ reduced)
        distance, found = tree.query((positions @ inverse % 1.0) @ reduced)
        return found // len(images), distance


def to_nearest(vectors: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) to the nearest image in any cell."""
    return find_mic(vectors.reshape(-1, 3), cell)[0].reshape(vectors.shape)


def find_sites(positions: np.ndarray, cell: np.ndarray) -> Sites:
    """Sites from the density of ions at `positions` (F, M, 3) in `cell` (rows a, b, c), without the drift of the lattice."""
    shape = np.maximum(np.round(np.linalg.norm(cell, axis=1) / GRID).astype(int), 4)
    fractional = (positions.reshape(-1, 3) @ np.linalg.inv(cell)) % 1.0
    voxel = np.minimum((fractional * shape).astype(int), shape - 1)
    density = np.bincount(np.ravel_multi_index(voxel.T, shape), minlength=shape.prod()).reshape(shape) / len(positions)
    density = gaussian_filter(density, _blur(cell, shape), mode="wrap")
    peaks = np.argwhere((density == maximum_filter(density, size=3, mode="wrap")) & (density > 0))
    peaks = peaks[np.argsort(-density[tuple(peaks.T)], kind="stable")]
    places = ((peaks + 0.5) / shape) @ cell
    kept: list[int] = []
    for k, place in enumerate(places):
        if not kept or np.linalg.norm(to_nearest(place - places[kept], cell), axis=-1).min() >= SEPARATION:
            kept.append(k)
    return _occupied(places[kept], positions, cell)


def _blur(cell: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Width of the blur in voxels along each axis: at least BLUR along every direction of a skewed cell."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    return BLUR / heights * shape


def _occupied(places: np.ndarray, positions: np.ndarray, cell: np.ndarray) -> Sites:
    """Sites at the mean position of the ions there; those that are hardly occupied are left out."""
    while True:
        between = np.linalg.norm(to_nearest(places[:, None] - places, cell), axis=-1) + np.diag(np.full(len(places), np.inf))
        radius = float(min(RADIUS, 0.45 * between.min()))
        sites = Sites(places, np.zeros(len(places)), radius)
        index, distance = sites.nearest(positions, cell)
        inside = distance <= radius
        counts = np.bincount(index[inside], minlength=len(places)) / len(positions)
        keep = counts > FAINT * counts.mean()
        if keep.all():
            return Sites(places + _offsets(positions[inside], index[inside], places, cell), counts, radius)
        places = places[keep]


def _offsets(positions: np.ndarray, index: np.ndarray, places: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Mean displacement (S, 3) of the ions at each place from it."""
    away = to_nearest(positions - places[index], cell)
    sums = np.stack([np.bincount(index, weights=away[:, axis], minlength=len(places)) for axis in range(3)], axis=1)
    return sums / np.bincount(index, minlength=len(places))[:, None]


def find_hops(positions: np.ndarray, ids: np.ndarray, interval: float, sites: Sites, cell: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """The hops of one run, and the residence times (ps) that begin and end within it.

    `positions`: (F, M, 3) Angstrom, unwrapped, without drift; `interval`: ps between frames. Columns: ion (id), from, to (index of the
    site, from 1), start_ps, end_ps (last frame at the one, first at the other), dx, dy, dz (Angstrom, from site to site), crossed_ps (when
    the ion came nearer to the other site for the last time).
    """
    where, distance = sites.nearest(positions, cell)
    rows, residences = [], []
    for ion in range(positions.shape[1]):
        stays = _stays(where[:, ion], distance[:, ion] <= sites.radius, max(1, round(RESIDENCE / interval)))
        residences += [(last - first) * interval for _, first, last in stays[1:-1]]
        for (one, _, left), (other, arrived, _) in zip(stays, stays[1:]):
            rough = positions[arrived, ion] - positions[left, ion]
            vector = rough + to_nearest(sites.positions[other] - sites.positions[one] - rough, cell)
            crossed = arrived - int(np.argmax(where[left:arrived, ion][::-1] != other))
            rows.append((ids[ion], one + 1, other + 1, left * interval, arrived * interval, *vector, crossed * interval))
    table = pd.DataFrame(rows, columns=["ion", "from", "to", "start_ps", "end_ps", "dx", "dy", "dz", "crossed_ps"])
    return table.astype({"ion": int, "from": int, "to": int}).sort_values(["start_ps", "ion"], ignore_index=True), np.array(residences)


def _stays(where: np.ndarray, inside: np.ndarray, shortest: int) -> list[tuple[int, int, int]]:
    """(site, first frame, last frame) of the stays of one ion that last at least `shortest` frames; returns to the same site joined.

    A stay at the edge of the run counts whatever its length: it was longer.
    """
    frames = np.flatnonzero(inside)
    if not len(frames):
        return []
    edges = np.flatnonzero(np.diff(where[frames])) + 1
    runs = [(int(where[part[0]]), int(part[0]), int(part[-1])) for part in np.split(frames, edges)]
    last = len(where) - 1
    stays: list[tuple[int, int, int]] = []
    for site, first, end in runs:
        if stays and stays[-1][0] == site:
            stays[-1] = (site, stays[-1][1], end)
        elif end - first >= shortest or first == 0 or end == last:
            stays.append((site, first, end))
    return stays


def group_events(hops: pd.DataFrame, sites: Sites, cell: np.ndarray) -> np.ndarray:
    """Number of the event of each hop, from 1: hops of different ions whose crossings are within TOGETHER and whose middles are
    within REACH belong together.
    """
    if hops.empty:
        return np.zeros(0, int)
    crossed, ion = hops["crossed_ps"].to_numpy(), hops["ion"].to_numpy()
    middle = sites.positions[hops["from"].to_numpy() - 1] + hops[["dx", "dy", "dz"]].to_numpy() / 2
    one, other = KDTree(crossed[:, None]).query_pairs(TOGETHER, output_type="ndarray").T
    near = (ion[one] != ion[other]) & (np.linalg.norm(to_nearest(middle[one] - middle[other], cell), axis=-1) <= REACH)
    one, other = one[near], other[near]
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(hops), len(hops)))
    label = connected_components(graph, directed=False)[1]
    _, first = np.unique(label, return_index=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    return rank[label]


def contributions(hops: pd.DataFrame) -> np.ndarray:
    """Share of each hop in the squared charge displacement of all events; the shares of all runs together sum to 1.

    An event moves the charge by D = sum of the displacements d of its hops; a hop has the share d.D / sum over events of D^2. Ions that
    change places have D = 0 and contribute nothing; a hop against the others of its event contributes negatively.
    """
    if hops.empty:
        return np.zeros(0)
    moved = hops[["dx", "dy", "dz"]].to_numpy()
    total = np.zeros((hops["event"].max() + 1, 3))
    np.add.at(total, hops["event"].to_numpy(), moved)
    whole = (total**2).sum()
    return (moved * total[hops["event"].to_numpy()]).sum(axis=1) / whole if whole > 0 else np.zeros(len(hops))


def paths(hops: pd.DataFrame, ion_time: float) -> pd.DataFrame:
    """The connections between two sites, either way, by their contribution: count, rate, length, contribution.

    `ion_time`: ions x length of the runs (ps). rate: hops an ion and ns; length: Angstrom; correlated: share of the hops whose event
    has more than one; net: share of the hops that are not undone by one the other way.
    """
    if hops.empty:
        return pd.DataFrame(columns=["from", "to", "count", "rate", "length", "contribution", "correlated", "net"])
    ends = np.sort(hops[["from", "to"]].to_numpy(), axis=1)
    table = pd.DataFrame({"from": ends[:, 0], "to": ends[:, 1]})
    table["length"] = np.linalg.norm(hops[["dx", "dy", "dz"]].to_numpy(), axis=1)
    table["contribution"] = hops["contribution"].to_numpy()
    table["correlated"] = hops.groupby("event")["ion"].transform("size").to_numpy() > 1
    table["net"] = np.where(hops["from"].to_numpy() == ends[:, 0], 1, -1)
    grouped = table.groupby(["from", "to"], as_index=False)
    out = grouped.agg(count=("net", "size"), length=("length", "mean"), contribution=("contribution", "sum"), correlated=("correlated", "mean"), net=("net", "sum"))
    out["net"] = out["net"].abs() / out["count"]
    out["rate"] = out["count"] / ion_time * 1000
    return out.sort_values("contribution", ascending=False, ignore_index=True)[["from", "to", "count", "rate", "length", "contribution", "correlated", "net"]]


@dataclass(frozen=True)
class Hopping:
    """Sites, hops and residences of pooled runs."""

    sites: Sites
    table: pd.DataFrame  # hop (from 1), ion, from, to, start_ps, end_ps, dx, dy, dz, event, contribution, run (index), crossed_ps
    residences: np.ndarray  # ps
    ions: int
    length: float  # ps, all runs together

    @property
    def per_ion(self) -> float:
        """Hops an ion, over all runs."""
        return len(self.table) / self.ions

    @property
    def residence(self) -> float | None:
        """Mean stay at a site, ps; None when no stay begins and ends within a run."""
        return float(self.residences.mean()) if len(self.residences) else None

    def paths(self) -> pd.DataFrame:
        """See `paths`."""
        return paths(self.table, self.ions * self.length)

    def site_table(self) -> pd.DataFrame:
        """site (from 1), x, y, z (Angstrom, LAMMPS's frame), occupation."""
        table = pd.DataFrame(self.sites.positions, columns=["x", "y", "z"])
        table.insert(0, "site", np.arange(1, len(table) + 1))
        return table.assign(occupation=self.sites.occupation)


def hopping(runs: list[np.ndarray], ids: np.ndarray, interval: float, cell: np.ndarray) -> Hopping:
    """Sites and hops of runs (F, M, 3) of the same ions, in one frame without drift; `interval`: ps between frames."""
    sites = find_sites(np.concatenate(runs), cell)
    tables, residences, events = [], [], 0
    for number, positions in enumerate(runs):
        table, stays = find_hops(positions, ids, interval, sites, cell)
        table["event"] = group_events(table, sites, cell) + events
        table["run"] = number
        events = max(table["event"].max(), events) if len(table) else events
        tables.append(table)
        residences.append(stays)
    table = pd.concat(tables, ignore_index=True)
    table["contribution"] = contributions(table)
    table.insert(0, "hop", np.arange(1, len(table) + 1))
    order = ["hop", "ion", "from", "to", "start_ps", "end_ps", "dx", "dy", "dz", "event", "contribution", "run", "crossed_ps"]
    length = sum(len(positions) - 1 for positions in runs) * interval
    return Hopping(sites, table[order], np.concatenate(residences), runs[0].shape[1], length)
