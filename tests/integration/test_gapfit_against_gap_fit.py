"""The native fit with gap_fit's own sparse points and sigmas: the same potential."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.io import read, write

from esgap.gapfit import e0
from esgap.gapfit.fit import Fit, predict
from esgap.gapfit.kernel import Kernel
from esgap.gapfit.targets import Target
from esgap.gapfit.xml import read_model

SIGMA = (0.002, 0.05, 0.03)  # eV/atom, eV/Angstrom, eV/atom
JITTER = 1e-10
SOAP = "soap n_max=3 l_max=2 atom_sigma=0.6 zeta=4 cutoff=4.2 cutoff_transition_width=1.0 delta=0.4 covariance_type=dot_product"
TERMS = (
    # The sparse points of the pair lie in the fall of the cutoff function too: whether c_s stands in K_MM shows.
    "distance_2b Z1=3 Z2=16 cutoff=4.6 cutoff_transition_width=2.5 n_sparse=9 covariance_type=ard_se delta=1.0 theta_uniform=0.9 sparse_method=uniform add_species=F",
    f"{SOAP} sparse_method=cur_points n_sparse=10 add_species=F n_species=2 Z=3 species_Z={{{{3 16}}}}",
    f"{SOAP} sparse_method=cur_points n_sparse=14 add_species=F n_species=2 Z=16 species_Z={{{{3 16}}}}",
)


def frame(seed: int, symbols: str) -> Atoms:
    """Of 4 or 6 atoms, so that a wrong power of the number of atoms in a sigma shows; labels of a Morse potential."""
    rng = np.random.default_rng(seed)
    atoms = Atoms(symbols, cell=np.array([[4.6, 0.3, -0.2], [0.9, 4.9, 0.4], [-0.7, 0.8, 1.3 * len(symbols) / 2]]) * 1.1, pbc=True)
    corners = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.4], [0, 0.5, 0.45], [0.1, 0.1, 0.75], [0.6, 0.55, 0.8]])[: len(atoms)]
    atoms.set_scaled_positions(corners)
    atoms.positions += rng.normal(scale=0.12, size=atoms.positions.shape)
    atoms.calc = MorsePotential(epsilon=0.5, r0=2.4, rho0=4.0, rcut1=3.5, rcut2=4.5)
    atoms.info.update(label_energy=atoms.get_potential_energy(), label_virial=-atoms.get_stress(voigt=False) * atoms.get_volume())
    atoms.arrays["label_force"] = atoms.get_forces()
    atoms.calc = None
    return atoms


@pytest.fixture(scope="module")
def frames():
    return [frame(k, "LiSLiS" if k % 2 else "LiSSSLiS") for k in range(6)]


@pytest.fixture(scope="module")
def reference(frames, tmp_path_factory):
    """gap_fit's potential on the first four frames."""
    folder = tmp_path_factory.mktemp("gap_fit")
    for_gap_fit = [a.copy() for a in frames[:4]]
    for atoms in for_gap_fit:
        atoms.info["label_virial"] = " ".join(f"{v:.17g}" for v in atoms.info["label_virial"].ravel())
    write(folder / "train.xyz", for_gap_fit, format="extxyz", columns=["symbols", "positions", "label_force"])
    argv = [
        str(Path(sys.executable).parent / "gap_fit"), "at_file=train.xyz", "gap={" + " : ".join(TERMS) + "}", "e0_method=average",
        f"default_sigma={{{SIGMA[0]} {SIGMA[1]} {SIGMA[2]} 0.0}}", "energy_parameter_name=label_energy", "force_parameter_name=label_force",
        "virial_parameter_name=label_virial", "config_type_parameter_name=none", f"sparse_jitter={JITTER}", "do_copy_at_file=F",
        "sparse_separate_file=T", "gp_file=gap.xml", "rnd_seed=1",
    ]  # fmt: skip
    done = subprocess.run(argv, cwd=folder, env=dict(os.environ, OMP_NUM_THREADS="1"), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-500:]
    return read_model(folder / "gap.xml"), folder / "train.xyz"


def test_same_sparse_points_and_sigmas_give_the_same_potential(frames, reference):
    model, data = reference
    # gap_fit read the file: the eight decimals of its positions are part of the fit.
    rounded = read(data, ":")
    targets = [
        Target(r, a.info["label_energy"], r.arrays["label_force"], a.info["label_virial"], SIGMA[0], SIGMA[1], SIGMA[2])
        for a, r in zip(frames, rounded)
    ]
    atomic = e0.average(rounded, [t.energy for t in targets])
    assert atomic == pytest.approx(model.e0, abs=1e-12)
    fit = Fit(targets, model.sparse, atomic, jitter=JITTER)
    kernel = Kernel(model.sparse)
    for atoms in frames[4:]:
        ours, theirs = (predict(kernel, w, atoms, atomic) for w in (fit.weights, model.weights))
        assert abs(ours[0] - theirs[0]) / len(atoms) < 1e-7
        np.testing.assert_allclose(ours[1], theirs[1], atol=1e-6)
        np.testing.assert_allclose(ours[2], theirs[2], atol=1e-5)
        assert np.abs(ours[1]).max() > 0.3
    fitted = [predict(kernel, fit.weights, r, atomic)[1] - a.arrays["label_force"] for a, r in zip(frames, rounded)]
    assert np.std(np.concatenate(fitted)) < 0.5 * np.std(np.concatenate([a.arrays["label_force"] for a in frames[:4]])), "a fit of nothing"
