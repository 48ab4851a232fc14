"""Both Coulomb styles where boxes move: flips of the tilt factors under fix deform and fix npt, moving domains, rerun."""

import re

import numpy as np
import pytest
from harness import evaluate, launch

# A crystal held together by Lennard-Jones pairs and charges, in a field; both styles move the ions by more than the rest would.
# Velocities by id: those of `loop geom` follow from the last bits of the positions, which differ between processors.
HEAD = "units metal\natom_style charge\nread_data data.test\nreplicate 1 2 1\nneighbor 1.0 bin\n"
STYLES = """pair_style hybrid/overlay lj/cut 5.0 coul/slater/long slater 8.0
pair_modify shift yes
pair_coeff * * lj/cut 0.05 2.0
pair_coeff * * coul/slater/long 1.0
pair_coeff 2 2 coul/slater/long 1.3
pair_coeff 3 3 coul/slater/long 1.2
kspace_style {}
neigh_modify every 1 delay 0 check yes
fix field all efield/pbc 0.2 -0.1 0.3 mode D scale 1.3
velocity all create 2000 3 loop all
timestep 0.001
"""
EWALD = "ewald 1.0e-7"
COLUMNS = "vol xy xz yz f_field f_field[1] f_field[2] f_field[3] f_field[10]"


@pytest.fixture
def script(li7p3s11, data_file):
    data_file(li7p3s11)
    return HEAD + STYLES


def same(one, two, rtol):
    """Energies and dipole to `rtol`, forces and stress to that of their largest value."""
    for column in ("PotEng", "f_field", "f_field[1]", "f_field[2]", "f_field[3]", "f_field[10]"):
        assert one.thermo[column] == pytest.approx(two.thermo[column], rel=rtol), column
    np.testing.assert_allclose(one.forces, two.forces, rtol=0, atol=rtol * np.abs(two.forces).max())
    np.testing.assert_allclose(one.stress, two.stress, rtol=0, atol=rtol * np.abs(two.stress).max())


SHEAR = "fix nve all nve\nfix shear all deform 1 xy vel 240 xz vel -120 yz vel 160 remap x flip {}\n"
PRESS = "change_box all xz final -7.4 remap units box\nfix nph all nph xz 2.0e5 2.0e5 0.1 yz 0 0 0.1 flip {}\n"


@pytest.mark.parametrize("kspace", [EWALD, "pppm 1.0e-6"], ids=["ewald", "pppm"])
@pytest.mark.parametrize("move", [SHEAR, PRESS], ids=["deform", "npt"])
def test_flips_change_nothing(script, tmp_path, move, kspace):
    """The trajectory is that without flips. LAMMPS alone computes the reciprocal sum of the step after a flip with vectors of the box before it."""
    kept = evaluate(script.format(kspace) + move.format("no") + "run 30 post no\n", tmp_path, columns=COLUMNS)
    for ranks in (1, 2):
        flipped = evaluate(script.format(kspace) + move.format("yes") + "run 30 post no\n", tmp_path, ranks=ranks, columns=COLUMNS)
        assert abs(flipped.thermo["Xz"] - kept.thermo["Xz"]) > 5
        same(flipped, kept, 1e-6 if kspace == EWALD else 1e-4)


def test_rerun_of_flips(script, tmp_path):
    """Energies and dipoles of the frames are those of the run that wrote them, on another number of ranks."""
    thermo = "thermo 10\nthermo_style custom step pe f_field f_field[1] f_field[2] f_field[3]\nthermo_modify format float %.17g\n"
    start = script.format(EWALD).replace("fix field", "write_dump all custom ref.dump id xu yu zu modify format float %.17g\nfix field").replace("scale 1.3", "scale 1.3 reference ref.dump")
    frames = "dump all all custom 10 run.dump id xu yu zu\ndump_modify all sort id format float %.17g\n"

    def rows(script, ranks):
        done = launch(script, tmp_path, ranks)
        assert done.returncode == 0, done.stdout
        return np.array([line.split() for line in done.stdout.splitlines() if re.fullmatch(r"\s*\d+( +[-+.e\d]+){5}\s*", line)], dtype=float)

    press = PRESS.format("yes")    # fix npt moves the box before the forces, so that a frame is what its step evaluated
    run = rows(start + press + thermo + frames + "run 30 post no\n", 1)
    again = rows(start + thermo + "rerun run.dump dump x y z wrapped no box yes\n", 2)
    assert len(run) == len(again) == 4
    np.testing.assert_allclose(again[:, 1:], run[:, 1:], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kspace", [EWALD, "pppm 1.0e-6"], ids=["ewald", "pppm"])
def test_domains_that_move(script, tmp_path, kspace):
    """comm_style tiled with domains balanced every five steps, and shifted brick domains: the run of one rank."""
    run = "fix nve all nve\nrun 20 post no\n"
    one = evaluate(script.format(kspace) + run, tmp_path, columns=COLUMNS)
    for balance in ("comm_style tiled\nfix balance all balance 5 1.0 rcb\n", "fix balance all balance 5 1.0 shift xyz 10 1.05\n"):
        several = evaluate(script.format(kspace) + balance + run, tmp_path, ranks=4 if kspace == EWALD else 2, columns=COLUMNS)
        same(several, one, 1e-6)
