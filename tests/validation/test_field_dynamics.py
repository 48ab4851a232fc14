"""fix efield/pbc in molten and solid NaCl: conserved energy over 20 ps, enthalpy, box relaxation; NEB with two ranks a replica (minutes)."""

import re

import numpy as np
import pytest
from harness import evaluate, launch
from neb_in_field import check_neb_over_the_boundary

# 64 ions with the Born-Mayer-Huggins parameters of Fumi and Tosi, J. Phys. Chem. Solids 25, 31 (1964), doi:10.1016/0022-3697(64)90159-3.
NACL = """units metal
atom_style charge
lattice fcc {a}
region box block 0 2 0 2 0 2
create_box 2 box
create_atoms 1 box
lattice fcc {a} origin 0.5 0 0
create_atoms 2 box
mass 1 22.99
mass 2 35.453
set type 1 charge 1.0
set type 2 charge -1.0
pair_style born/coul/long {cut}
pair_coeff 1 1 0.2637 0.317 2.340 1.0486 -0.4993
pair_coeff 1 2 0.2110 0.317 2.755 6.9906 -8.6758
pair_coeff 2 2 0.1582 0.317 3.170 72.4022 -145.4285
kspace_style ewald 1.0e-6
neigh_modify every 1 delay 0
"""
FIELD = "fix field all efield/pbc 0.02 0.01 -0.015 {}\n"
SAMPLE = "thermo {every}\nthermo_style custom step temp pe {conserved} pxx pyy pzz c_msd[4]\nthermo_modify format float %.12g\n"


def rows(log: str) -> np.ndarray:
    return np.array([line.split() for line in log.splitlines() if re.fullmatch(r"\s*\d+( +[-+.e\d]+){7}\s*", line)], dtype=float)


def drift(energy: np.ndarray) -> float:
    """Slope of a straight line through the conserved energy, times the length of the run (eV)."""
    t = np.linspace(0.0, 1.0, len(energy))
    return float(np.polyfit(t, energy, 1)[0])


def trajectory(tmp_path, field: str, integrate: str, conserved: str, steps: int, temperature: float, a: float) -> np.ndarray:
    script = NACL.format(a=a, cut=6.0) + field + f"velocity all create {temperature} 11 loop geom\n{integrate}timestep 0.001\n"
    script += "compute msd all msd\n" + SAMPLE.format(every=steps // 200, conserved=conserved)
    done = launch(script + f"run {steps}\n", tmp_path, ranks=2)
    assert done.returncode == 0, done.stdout[-2000:]
    return rows(done.stdout)


@pytest.mark.parametrize("mode", ["E", "D"])
def test_energy_is_conserved_over_20_picoseconds(tmp_path, mode):
    """Molten salt, whose ions cross the boundaries: the drift in a field is that without one, within the noise of the cutoffs."""
    melt = dict(integrate="fix nve all nve\n", conserved="etotal", steps=20000, temperature=3500.0, a=6.1)
    free = trajectory(tmp_path, "", **melt)
    driven = trajectory(tmp_path, FIELD.format(f"mode {mode}"), **melt)
    print(f"\n20 ps NVE, mode {mode}: drift {drift(driven[:, 3]):.2e} eV, without field {drift(free[:, 3]):.2e} eV; msd {driven[-1, 7]:.1f} Angstrom^2")
    assert len(driven) == 201 and driven[-1, 7] > 30  # ions have moved by cells, not by vibrations
    assert np.ptp(driven[:, 2]) > 1.0  # the parts exchange eV ...
    # ... while the sum stays: 64 ions, 20000 steps, pair energies cut without shift at 6 Angstrom.
    assert abs(drift(driven[:, 3])) < abs(drift(free[:, 3])) + 0.05


@pytest.mark.parametrize("options", ["mode E", "mode D", "lattice yes", "lattice yes mode D"])
def test_enthalpy_is_conserved_when_the_box_moves(tmp_path, options):
    """fix nph, all six cell parameters free: a stress that were not the energy's derivative would pump energy at the rate of the strain."""
    nph = "change_box all triclinic\nfix nph all nph tri 0.0 0.0 0.2 flip no\n"
    solid = dict(integrate=nph, conserved="econserve", steps=4000, temperature=600.0, a=5.64)
    free = trajectory(tmp_path, "", **solid)
    field = FIELD.format(options).replace("0.02 0.01 -0.015", "0.1 0.04 -0.07")
    driven = trajectory(tmp_path, field, **solid)
    print(f"\n4 ps NPH, {options}: drift {drift(driven[:, 3]):.2e} eV, without field {drift(free[:, 3]):.2e} eV")
    assert np.abs(driven[:, 2] - free[:, 2]).max() > 0.1  # the field has changed the motion
    assert abs(drift(driven[:, 3])) < abs(drift(free[:, 3])) + 0.03


@pytest.mark.parametrize("mode", ["E", "D"])
def test_box_relaxation_reaches_the_target_pressure(tmp_path, mode):
    relax = "displace_atoms all random 0.02 0.02 0.02 3 units box\nfix box all box/relax aniso 5000.0 vmax 1.0e-3\nminimize 0 1.0e-6 1000 5000\nunfix box\n"
    field = FIELD.format(f"mode {mode}").replace("0.02 0.01 -0.015", "0.1 0.05 -0.15")
    result = evaluate(NACL.format(a=5.7, cut=6.0) + field + relax, tmp_path, columns="f_field f_field[1]")
    # The list of pairs within the cutoff changes with the box: the relaxation ends within some bars of the target.
    np.testing.assert_allclose(result.stress[:3] * 1.6021765e6, 5000.0, atol=100)
    assert abs(result.thermo["f_field[1]"]) > 0.1


def test_neb_with_two_ranks_a_replica(tmp_path):
    check_neb_over_the_boundary(tmp_path, 6, "3x2")
