"""A fit that takes a second: LiCl with the forces of a Lennard-Jones potential, for checks of an installation."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from esgap.gapfit import e0
from esgap.gapfit.fit import Fit
from esgap.gapfit.sparse import choose
from esgap.gapfit.targets import Target
from esgap.gapfit.terms import Pair, Soap
from esgap.gapfit.xml import write_model

LABEL = "toy"
CONFIGURATIONS, POINTS = 6, 12


def crystal(seed: int) -> Atoms:
    """Eight atoms, sheared and rattled."""
    atoms = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    shear = np.random.default_rng(seed).uniform(-0.03, 0.03, (3, 3))
    atoms.set_cell(atoms.cell @ (np.eye(3) + shear), scale_atoms=True)
    atoms.rattle(0.1, seed=seed)
    return atoms


def fit_toy(folder: Path) -> Path:
    """Fit, write `folder`/gap.xml and its sparse points, return it."""
    targets = []
    for seed in range(CONFIGURATIONS):
        atoms = crystal(seed)
        atoms.calc = LennardJones(sigma=2.3, epsilon=0.2, rc=5.0, smooth=True)
        virial = -atoms.get_stress(voigt=False) * atoms.get_volume()
        targets.append(Target(atoms, atoms.get_potential_energy(), atoms.get_forces(), virial, 0.001, 0.02, 0.01))
    terms = [Pair(z1, z2, 5.0, 1.0, theta=0.8) for z1, z2 in ((3, 3), (3, 17), (17, 17))]
    terms += [Soap(z, (3, 17), 4, 3, 0.6, 4.0, 1.0, delta=0.2) for z in (3, 17)]
    sparse = [choose(term, [t.atoms for t in targets], POINTS).sparse for term in terms]
    fit = Fit(targets, sparse, e0.average([t.atoms for t in targets], [t.energy for t in targets]))
    return write_model(folder / "gap.xml", fit.model(LABEL))[0]
