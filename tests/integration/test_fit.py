"""`esgap fit` with the real lmp and gap_fit on a tiny study, and the baseline against an independent pair style."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from esgap.errors import EsgapError
from esgap.potential import Potential
from esgap.structure import from_lammps_vector, write_data
from esgap.train import baseline as module
from esgap.train.baseline import baseline
from esgap.train.errors import predict
from esgap.train.fit import fit_potentials
from esgap.train.study import load_study

ROOT = Path(__file__).parents[2]
FIT = ROOT / "potentials" / "li7p3s11" / "fit.toml"
DATA = ROOT / "potentials" / "li7p3s11" / "training" / "li7p3s11-pbe.extxyz"

# Small enough for seconds: three configurations, the coarsest SOAP.
TINY = {
    r'data = .*': 'data = "few.extxyz"',
    r"holdout_every = .*": "holdout_every = 3",
    r"n_max = .*": "n_max = 2",
    r"l_max = .*": "l_max = 1",
    r"n_sparse = \{.*": "n_sparse = { Li = 8, P = 4, S = 8 }",
    r"cutoff = 6.0": "cutoff = 4.0",
}

STATIC = """
units metal
atom_style charge
box tilt large
read_data data
include ${{potential}}/potential.lmp
# A mesh of 1e-6 accuracy is for dynamics; the baseline was summed to this one.
{kspace}
run 0 post no
print "$(pe:%.17g)" file energy
write_dump all custom forces fx fy fz modify sort id format float %.17g
"""


@pytest.fixture(scope="module")
def shipped():
    return load_study(FIT)


@pytest.fixture(scope="module")
def configurations():
    return read(DATA, "1:8:3")  # triclinic, strained, no force vanishes by symmetry


@pytest.fixture
def tiny(tmp_path):
    """The shipped study, made tiny, in a folder of its own."""
    text = FIT.read_text()
    for pattern, new in TINY.items():
        text, count = re.subn(pattern, new, text)
        assert count, pattern
    (tmp_path / "fit.toml").write_text(text)
    frames = DATA.read_text().splitlines(keepends=True)
    (tmp_path / "few.extxyz").write_text("".join(frames[: 3 * 44]))
    return tmp_path / "fit.toml"


def test_baseline_forces_and_virial_are_derivatives_of_its_energy(shipped, configurations):
    es, h = shipped.model[1].electrostatics, 1e-4
    atoms = configurations[0]
    moved = []
    for axis in range(3):
        for step in (h, -h):
            moved.append(atoms.copy())
            moved[-1].positions[5, axis] += step
    strains = [(i, j) for i in range(3) for j in range(3)]
    for i, j in strains:
        for step in (h, -h):
            strain = np.eye(3)
            strain[i, j] += step
            moved.append(atoms.copy())
            moved[-1].set_cell(atoms.cell.array @ strain.T, scale_atoms=True)
    here, *there = baseline([atoms, *moved], shipped.elements, es)
    slope = -np.diff([[b.energy, a.energy] for a, b in zip(there[::2], there[1::2])]).ravel() / (2 * h)
    # Ewald at 1e-8 relative force accuracy: energies of neighbouring cells carry about 1e-8 eV of noise, over 2h.
    assert here.forces[5] == pytest.approx(slope[:3], abs=2e-4)
    assert here.virial.ravel() == pytest.approx(slope[3:], abs=5e-3)


def test_baseline_agrees_with_streitz_mintmire_style(shipped, configurations, monkeypatch):
    """coul/streitz with chi = J = Z = 0 is the same 1s-1s interaction, in other code."""
    es = shipped.model[1].electrostatics
    ours = baseline(configurations, shipped.elements, es)
    run = module._run

    def run_streitz(folder, script):
        (folder / "es.streitz").write_text("# UNITS: metal\n" + "".join(f"{s} 0 0 0 {es.zeta[s]} 0\n" for s in shipped.elements))
        script = re.sub("pair_coeff .*", "", script)
        run(folder, re.sub("pair_style .*", "pair_style coul/streitz 12.0 ewald\npair_coeff * * es.streitz Li P S", script))

    monkeypatch.setattr(module, "_run", run_streitz)
    for a, b in zip(ours, baseline(configurations, shipped.elements, es), strict=True):
        assert a.energy == pytest.approx(b.energy, abs=1e-4)
        assert np.allclose(a.forces, b.forces, atol=1e-5)
        assert np.allclose(a.virial, b.virial, atol=1e-3)


def test_tiny_fit_writes_two_potentials(tiny):
    lines = list(fit_potentials(tiny))
    assert lines[0].startswith("3 configurations") and "2 to fit, 1 held out" in lines[0]
    gap, es_gap = (Potential.load(tiny.parent / name) for name in ("gap", "es-gap"))
    assert gap.electrostatics is None and es_gap.charge_of("P") == 2.5
    # Same configurations and settings: the records differ in the run time, the size and the effect of rounding alone.
    own = {"seconds", "bytes", "rounding"}
    assert {k: v for k, v in gap.fit.items() if k not in own} == {k: v for k, v in es_gap.fit.items() if k not in own}
    for potential in (gap, es_gap):
        assert (potential.folder / "potential.lmp").read_text() == potential.lammps_include()
        assert "| energy (meV/atom) |" in (potential.folder / "README.md").read_text()
        assert len(potential.gap.files) == 1 + 6 + 3 + 3
        assert potential.fit["rounding"]["energy"] < 1e-9
        # Two configurations and 80 weights: the fit must follow the labels it saw far better than no fit.
        train = potential.errors["train"]
        assert train["energy"] < 5.0 and all(train["force"][s] < 0.8 * train["force_rms"][s] for s in "PS")


def test_gap_fit_that_fails_is_one_sentence_and_keeps_its_output(tiny):
    # No pair is that near: gap_fit has nothing to fit a term to and dies.
    tiny.write_text(tiny.read_text().replace("[distance_2b]\ncutoff = 4.0", "[distance_2b]\ncutoff = 0.5\ncutoff_transition_width = 0.2"))
    with pytest.raises(EsgapError, match="gap_fit failed") as caught:
        list(fit_potentials(tiny))
    assert "\n" not in str(caught.value)
    assert (tiny.parent / "gap" / "gap_fit.log").is_file()


@pytest.mark.parametrize("engine", ["quip", "native"])
@pytest.mark.parametrize("name", ["gap", "es-gap"])
def test_shipped_potential_in_lammps_is_gap_plus_baseline(name, engine, shipped, configurations, tmp_path):
    """potential.lmp in lmp against quippy's GAP plus the baseline: the sum of the fit is the sum of the simulation."""
    potential = Potential.load(ROOT / "potentials" / "li7p3s11" / name)
    atoms = configurations[1]
    write_data(tmp_path / "data", atoms, potential)
    (tmp_path / "in.test").write_text(STATIC.format(kspace=f"kspace_style {module.KSPACE}" if potential.electrostatics else ""))
    lmp = [Path(sys.executable).parent / "lmp", "-in", "in.test", "-var", "potential", potential.folder, "-var", "engine", engine]
    done = subprocess.run(list(map(str, lmp)), cwd=tmp_path, env=dict(os.environ, OMP_NUM_THREADS="1"), text=True, capture_output=True)
    assert done.returncode == 0, done.stdout
    forces = from_lammps_vector(np.loadtxt(tmp_path / "forces", skiprows=9), atoms.cell)

    expected = predict(potential.xml, [atoms])[0] + baseline([atoms], shipped.elements, potential.electrostatics)[0]
    # 5e-9 eV/atom is the agreement of the two engines; the label itself is -10000 eV.
    assert float((tmp_path / "energy").read_text()) == pytest.approx(expected.energy, abs=1e-6)
    assert np.allclose(forces, expected.forces, atol=1e-6)
