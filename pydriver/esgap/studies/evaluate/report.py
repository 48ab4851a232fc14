"""Parity of each potential with its reference, and its uncertainty."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase.io import read
from matplotlib.figure import Figure

from esgap.report import figure
from esgap.studies.contract import Result
from esgap.studies.evaluate.analyse import LABELS, Prediction, predictions
from esgap.studies.evaluate.configurations import FILE, labels
from esgap.studies.evaluate.series import curves


def figures(result: Result, folder: Path) -> Iterator[tuple[str, Figure]]:
    """One figure for each pair of potential and reference of the table: energies, then forces by element."""
    if result.rows("series"):
        yield "series", curves(result)
    configurations = read(folder / FILE, ":")
    for name, against in dict.fromkeys((row.potential, row.reference) for row in result.rows("errors")):
        found = predictions(folder, name, configurations)
        known = [Prediction(*labels(atoms)) for atoms in configurations] if against == LABELS else predictions(folder, against, configurations)
        elements = [row.element for row in result.rows("errors") if (row.potential, row.reference) == (name, against) and row.element != "all"]
        fig, axes = figure.new(3.4 * (1 + len(elements)), 3.4, ncols=1 + len(elements), squeeze=False)
        pairs = [(b.energy / len(atoms), a.energy / len(atoms)) for a, b, atoms in zip(found, known, configurations) if b.energy is not None]
        _parity(axes[0][0], np.array(pairs).reshape(-1, 2), "energy (eV/atom)", against, name)
        for ax, element in zip(axes[0][1:], elements):
            parts = [
                np.stack([b.forces[mine].ravel(), a.forces[mine].ravel()], axis=1)
                for a, b, atoms in zip(found, known, configurations)
                if b.forces is not None and (mine := np.array(atoms.symbols) == element).any()
            ]
            _parity(ax, np.concatenate(parts), f"force on {element} (eV/Å)", against, name)
        yield f"parity-{name.replace('/', '-')}-{against.replace('/', '-')}", fig


def _parity(ax, pairs: np.ndarray, title: str, x: str, y: str) -> None:
    ax.plot(*pairs.T, ".", ms=3, alpha=0.5)
    if len(pairs):
        ends = [pairs.min(), pairs.max()]
        ax.plot(ends, ends, "k-", lw=0.5)
    ax.set(title=title, xlabel=x, ylabel=y)
