"""Energies along a series of configurations, from its first one: images of a path, volumes, a defect against its perfect cell."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib.figure import Figure

from esgap.physics.estimate import Estimate
from esgap.report import figure
from esgap.studies.contract import OK, Column, Quantity, Result, Row
from esgap.studies.evaluate.configurations import ALONG, SERIES

ACROSS = 3  # panels side by side


class Difference(Row):
    """One configuration of a series by one potential."""

    potential: Annotated[str, Column("potential")]
    series: Annotated[str, Column("series")]
    along: Annotated[float, Column("at", "{:g}", meaning="position in the series: the key that the study names, else a number from 0")]
    energy: Annotated[Quantity, Column("energy", "{:+.3f}", "eV", "from the first of the series; interval by the committee, of the difference")]
    reference: Annotated[Quantity | None, Column("labels", "{:+.3f}", "eV", "the same by the labels")] = None
    error: Annotated[Quantity | None, Column("error", "{:+.3f}", "eV")] = None


def differences(name: str, energies: list[float], known: list[float | None], deviations: np.ndarray, configurations: list[Atoms]) -> Iterator[Difference]:
    """Rows of one potential. `energies` and `known` (labels): eV; `deviations`: (configurations, members) of a committee, eV."""
    first: dict[str, int] = {}
    place: dict[str, int] = {}
    for i, atoms in enumerate(configurations):
        if (series := atoms.info.get(SERIES)) is None:
            continue
        zero, number = first.setdefault(series, i), place.get(series, 0)
        place[series] = number + 1
        energy = Estimate(energies[i] - energies[zero])
        reference = None if known[i] is None or known[zero] is None else known[i] - known[zero]
        yield Difference(
            potential=name,
            series=series,
            along=atoms.info.get(ALONG, float(number)),
            energy=energy if i == zero else energy.with_committee(deviations[i] - deviations[zero]),
            reference=reference,
            error=None if reference is None else energy.value - reference,
            verdict=OK,
        )


def curves(result: Result) -> Figure:
    """A panel a series: potentials with the intervals of their committees, labels as open circles."""
    values = [(row.potential, row.series, row.along, row.energy.value, row.energy.low, row.energy.high, row.reference and row.reference.value) for row in result.rows("series")]
    table = pd.DataFrame(values, columns=["potential", "series", "along", "energy", "low", "high", "reference"]).sort_values("along", kind="stable")
    names = list(dict.fromkeys(row.series for row in result.rows("series")))
    columns = min(ACROSS, len(names))
    rows = -(-len(names) // columns)
    fig, panels = figure.new(max(3.6 * columns, 5.0), 3.2 * rows + 0.8, nrows=rows, ncols=columns, squeeze=False)
    for axes in panels.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(panels.flat, names):
        mine = table[table["series"] == name]
        for number, (potential, curve) in enumerate(mine.groupby("potential", sort=False)):
            ends = curve[["low", "high"]].astype(float)
            reach = np.array([curve["energy"] - ends["low"], ends["high"] - curve["energy"]])
            axes.errorbar(curve["along"], curve["energy"], yerr=np.nan_to_num(reach), fmt=".-", color=f"C{number}", capsize=2, label=potential)
        labels = mine.drop_duplicates("along").dropna(subset="reference")
        axes.plot(labels["along"], labels["reference"].astype(float), "o", mfc="none", color="black", label="labels")
        axes.set(title=figure.plain(name), xlabel="along the series", ylabel="energy from the first (eV)")
    fig.legend(*panels[0][0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)
    fig.suptitle(figure.plain(result.title))
    return fig
