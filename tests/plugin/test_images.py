"""The energy of a dipole with its images against two ions in a periodic cell, summed by LAMMPS."""

import numpy as np
import pytest
from ase import Atoms
from harness import evaluate, write_charged

from esgap.physics.images import image_energy
from esgap.units import COULOMB

STYLE = "units metal\natom_style charge\nread_data data.test\npair_style coul/slater/long 0.02 7.0\npair_coeff * *\nkspace_style ewald 1.0e-9\npair_modify table 0\n"


def images_by_lammps(cell, direction, length, folder):
    """Energy (eV) of charges +1 and -1 `length` apart along `direction`, without their own attraction, an e^2 Angstrom^2."""
    ends = np.array([-0.5, 0.5])[:, None] * length * np.asarray(direction) + 0.5 * np.sum(cell, axis=0)
    write_charged(folder / "data.test", Atoms("ClNa", ends, cell=cell, pbc=True), ("Na", "Cl"), (1.0, -1.0))
    return (evaluate(STYLE, folder).energy + COULOMB / length) / length**2


@pytest.mark.parametrize("shape", ["cube", "triclinic"])
def test_two_ions_in_lammps(li7p3s11, tmp_path, shape):
    """Extrapolated to a point dipole: two lengths, the error goes with their square."""
    cell = 12.0 * np.eye(3) if shape == "cube" else li7p3s11.cell.array
    for direction in ([1.0, 0.0, 0.0], [0.0, 0.6, 0.8]):
        short, long = (images_by_lammps(cell, direction, length, tmp_path) for length in (0.4, 0.8))
        assert (4 * short - long) / 3 == pytest.approx(image_energy(direction, cell), rel=2e-3)
