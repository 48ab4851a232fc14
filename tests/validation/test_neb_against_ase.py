"""The shipped hop by in.neb and by ASE's climbing-image NEB with the ASE calculator of the same potential: two codes, one barrier."""

import shutil
import subprocess

import numpy as np
import pytest
from ase.io import read
from ase.mep import NEB
from ase.optimize import FIRE
from places import ENV, ROOT

from esgap.calculators import ESGAP
from esgap.lammps.neb import read_images
from esgap.physics import barrier as b

IMAGES = 7  # as in inputs/migration: with five the band does not settle on this hop
TOLERANCE = 0.002  # eV
FORCE = 0.01  # eV/Angstrom


def ends():
    """First and last state of inputs/, in LAMMPS's frame, which is that of ASE here: a along x."""
    first = read(ROOT / "inputs" / "data.hop", format="lammps-data", atom_style="charge")
    last = first.copy()
    last.positions = np.loadtxt(ROOT / "inputs" / "hop.final", skiprows=2)[:, 1:]
    return first, last


def by_lammps(folder) -> b.Path:
    for name in ("in.neb", "data.hop", "hop.final"):
        shutil.copy(ROOT / "inputs" / name, folder)
    words = ["mpirun", "-n", str(IMAGES), "lmp", "-partition", f"{IMAGES}x1", "-in", "in.neb", "-pscreen", "none"]
    words += ["-var", "potential", str(ROOT / "potentials" / "li7p3s11" / "es-gap"), "-var", "force", str(FORCE)]
    done = subprocess.run(words, cwd=folder, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-800:]
    images = read_images(folder, IMAGES)
    return b.Path(images.positions, images.energies, images.forces)


def by_ase() -> b.Path:
    first, last = ends()
    band = [first, *(first.copy() for _ in range(IMAGES - 2)), last]
    neb = NEB(band, k=1.0, climb=False, method="improvedtangent", allow_shared_calculator=True)
    neb.interpolate()
    calculator = ESGAP("li7p3s11/es-gap")
    for image in band:
        image.calc = calculator
    FIRE(neb, logfile="-").run(fmax=3 * FORCE, steps=300)
    neb.climb = True
    assert FIRE(neb, logfile="-").run(fmax=FORCE, steps=500), "converged"
    return b.Path(*(np.array(values) for values in zip(*((image.positions, image.get_potential_energy(), image.get_forces()) for image in band))))


def test_barriers_of_two_codes(tmp_path):
    ours, theirs = b.barrier(by_lammps(tmp_path)), b.barrier(by_ase())
    print(ours, theirs)
    assert ours.forward > 0.1, "a hop"
    assert ours.forward == pytest.approx(theirs.forward, abs=TOLERANCE)
    assert ours.back == pytest.approx(theirs.back, abs=TOLERANCE)
    for found in (ours, theirs):
        assert max(found.force_along, found.force_across) < 2 * FORCE
