"""Charges by environment, and beside them those of electrostatic models relative to the first element's."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.charges.analyse import ALL
from esgap.studies.contract import Result


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Left a mark for each environment, the bar its spread over atoms; right the charges of models in units of that of the first element."""
    sites = [row for row in result.rows("sites") if row.environment != ALL]
    fitted = result.rows("fitted")
    fig, axes = figure.new(9.0 if fitted else 5.5, 0.8 + 0.32 * max(len(sites), 6), ncols=2 if fitted else 1, squeeze=False, width_ratios=(2, 1) if fitted else (1,))
    left, elements = axes[0, 0], list(dict.fromkeys(row.element for row in sites))
    for height, row in enumerate(reversed(sites)):
        left.errorbar(row.charge.value, height, xerr=row.spread.value, fmt="o", color=f"C{elements.index(row.element)}", capsize=3)
    left.set_yticks(range(len(sites)), [figure.plain(f"{row.element} {row.environment} ({row.atoms})") for row in reversed(sites)])
    left.axvline(0, color="0.7", linewidth=1)
    left.set(xlabel="charge of the reference (e)", title=figure.plain(result.title))
    if fitted:
        _relative(axes[0, 1], result, elements)
    yield "charges", fig


def _relative(axes, result: Result, elements: list[str]) -> None:
    """Shapes, not sizes: every set of charges over its charge of the first element."""
    sets = {"reference": {row.element: row.charge.value for row in result.rows("sites") if row.environment == ALL}}
    for row in result.rows("fitted"):
        sets.setdefault(row.model, {})[row.element] = row.charge.value
    width = 0.8 / len(sets)
    for k, (name, charges) in enumerate(sets.items()):
        if elements[0] in charges:
            there = [e for e in elements if e in charges]
            axes.bar([elements.index(e) + (k - (len(sets) - 1) / 2) * width for e in there], [charges[e] / charges[elements[0]] for e in there], width, label=figure.plain(name))
    axes.axhline(0, color="0.7", linewidth=1)
    axes.set_xticks(range(len(elements)), elements)
    axes.set(ylabel=f"charge over that of {elements[0]}")
    axes.legend(fontsize="small")
