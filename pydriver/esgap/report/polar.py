"""Polar figure of the field at which a pair of defects costs nothing, in the planes xy, yz and zx."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator

from esgap.physics.field import reach as hull
from esgap.physics.threshold import PairResponse, circle, threshold
from esgap.report import figure

PLANES = ("xy", "yz", "zx")
ROOM = 1.25  # of the largest field: up to where lines are drawn
FAR = 2.0  # of the smallest field of zero energy: up to there at least


def zero_energy_fields(responses: Mapping[str, PairResponse], held: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """One line a response (label -> response), distance from the centre = field in V/Angstrom at which E_f = 0 in that direction.

    Bands: intervals. `held`: label -> the fields (n, 3) that the response is of; thin lines: their convex hull, beyond which the lines are dotted. No line in a
    direction in which E_f does not reach zero in the figure.
    """
    largest = max(float(np.linalg.norm(fields, axis=1).max()) for fields in held.values())
    reach = max(ROOM * largest, FAR * min((value for response in responses.values() for value in _values(response)), default=0.0))
    fig, panels = figure.new(10.0, 4.0, ncols=3, subplot_kw={"projection": "polar"})
    for axes, plane in zip(panels, PLANES):
        for number, (label, response) in enumerate(responses.items()):
            _line(axes, plane, response, held[label], f"C{number}", figure.plain(label))
        axes.set_ylim(0, reach)
        axes.set_xticks(np.arange(4) * np.pi / 2, [f"+{plane[0]}", f"+{plane[1]}", f"-{plane[0]}", f"-{plane[1]}"])
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.tick_params(labelsize="small")
    fig.legend(*panels[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center")
    fig.suptitle(figure.plain(title) or "field of zero formation energy (V/Å)")
    return fig


def _values(response: PairResponse) -> list[float]:
    """Fields of zero energy in the three planes."""
    unit = dict(zip("xyz", np.eye(3)))
    found = [threshold(response, direction).field for plane in PLANES for direction in circle(unit[plane[0]], unit[plane[1]])[1]]
    return [one.value for one in found if one is not None]


def _line(axes: PolarAxes, plane: str, response: PairResponse, held: np.ndarray, colour: str, label: str) -> None:
    unit = dict(zip("xyz", np.eye(3)))
    angles, directions = circle(unit[plane[0]], unit[plane[1]])
    found = [threshold(response, direction).field for direction in directions]
    none = np.nan  # matplotlib leaves a gap there
    value, low, high = (np.array([none if one is None or (end := getattr(one, part)) is None else end for one in found], float) for part in ("value", "low", "high"))
    known = hull(held, directions)
    axes.plot(angles, known, color=colour, lw=0.6)
    axes.plot(angles, np.where(value <= known, value, none), color=colour, label=label)
    axes.plot(angles, np.where(value > known, value, none), ":", color=colour)
    high = np.where(np.isnan(high) & ~np.isnan(low), 10 * axes.get_ylim()[1] + 10 * np.nan_to_num(value), high)  # no upper end: out of the figure
    axes.fill_between(angles, low, high, where=~np.isnan(low), color=colour, alpha=0.2, lw=0)
