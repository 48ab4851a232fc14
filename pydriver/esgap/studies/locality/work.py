"""The process of the evaluation: `python -m esgap.studies.locality.work SETTINGS DATA OUTPUT`, started in the run folder."""

import sys
from pathlib import Path

import numpy as np

from esgap.errors import EsgapError
from esgap.lammps.static import BASELINE_KSPACE, evaluate
from esgap.physics.locality import pair_forces, unit_charges
from esgap.potential import Electrostatics
from esgap.potential_lmp import slater_coefficients
from esgap.record import read_json
from esgap.studies.locality.deck import read_cells
from esgap.studies.locality.study import Study


def main(settings: str, data: str, output: str) -> None:
    """Write G_ab of the base and of each displaced cell, (1 + cells, pairs, N, 3) in eV/Angstrom an e^2."""
    study = Study.model_validate(read_json(Path(settings), "write the deck again") | {"data": data})
    base, cells = read_cells(study, Path(data))
    found, densities = [], study.densities
    for row in unit_charges(len(study.elements)):
        charges = dict(zip(study.elements, row))
        es = Electrostatics(charges=charges, zeta=densities.zeta, n={s: densities.n.get(s, 1) for s in study.elements}, cutoff=densities.cutoff)
        lines = [f"pair_style coul/slater/long slater {es.cutoff}", *slater_coefficients(study.elements, es), f"kspace_style {BASELINE_KSPACE}"]
        found.append([one.forces for one in evaluate([base, *cells], study.elements, "\n".join(lines), charges=charges)])
        print(f"unit charges {charges}", flush=True)
    parts = np.swapaxes(pair_forces(np.array(found), len(study.elements)), 0, 1)
    np.savez(output, parts=parts)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
