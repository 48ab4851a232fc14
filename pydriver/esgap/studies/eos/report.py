"""Energy against volume: the figure."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from esgap.physics.eos import birch_murnaghan
from esgap.report import figure
from esgap.studies.contract import OK, Result
from esgap.units import EV_PER_A3_IN_GPA


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """Energies from the minimum of each potential's curve; hollow marks were not fitted."""
    fig, axes = figure.new()
    for number, row in enumerate(result.rows("equation_of_state")):
        points = [point for point in result.rows("volumes") if point.potential == row.potential]
        zero = row.energy.value if row.energy else min(point.energy.value for point in points)
        for fitted, style in ((True, {"label": row.potential}), (False, {"mfc": "none"})):
            some = [point for point in points if (point.verdict == OK) == fitted]
            axes.plot([p.volume.value for p in some], [p.energy.value - zero for p in some], "o", color=f"C{number}", **style)
        if row.energy:
            volumes = np.linspace(min(p.volume.value for p in points), max(p.volume.value for p in points), 200)
            modulus = row.bulk_modulus.value / EV_PER_A3_IN_GPA
            axes.plot(volumes, birch_murnaghan(volumes, 0.0, row.volume.value, modulus, row.derivative.value), "-", color=f"C{number}", lw=1)
    axes.set(xlabel="volume (Å³)", ylabel="energy above the minimum (eV)", title=figure.plain(result.title))
    axes.legend(fontsize="small")
    yield "equation_of_state", fig
