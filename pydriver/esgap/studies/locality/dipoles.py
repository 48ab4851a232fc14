"""The process of the fit with induced dipoles: `python -m esgap.studies.locality.dipoles SETTINGS DATA FORCES OUTPUT`, started in the run folder."""

import sys
from pathlib import Path

import numpy as np

from esgap.errors import EsgapError
from esgap.physics.locality import fit_charges, induced
from esgap.physics.polarisable import fit
from esgap.record import read_json
from esgap.studies.locality.deck import read_cells
from esgap.studies.locality.study import Study


def main(settings: str, data: str, forces: str, output: str) -> None:
    """Write the parameters, (value, low, high) a name, and the changes of all forces that they explain, (cells, N, 3) in eV/Angstrom."""
    study = Study.model_validate(read_json(Path(settings), "write the deck again") | {"data": data})
    base, cells = read_cells(study, Path(data))
    with np.load(forces) as file:
        parts = file["parts"]
    change = np.array([atoms.arrays[study.forces] for atoms in cells]) - base.arrays[study.forces]
    far = induced(base, cells, change, parts[1:] - parts[0], study.radius)
    charges = fit_charges(far, [int(np.sum(np.array(base.symbols) == s)) for s in study.elements])
    found = fit(far, base, cells, study.elements, study.polarisable, charges)
    values = [(q.value, q.low, q.high) for q in found.estimates]
    for name, (value, low, high) in zip(found.names, values):
        print(f"{name} {value:.4f} [{low:.4f} {high:.4f}]", flush=True)
    np.savez(output, names=found.names, values=values, method=found.estimates[0].method, changes=found.model.changes(base, cells))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
