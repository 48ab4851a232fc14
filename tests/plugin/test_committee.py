"""The committee of pair_style gap: energies of members by compute pair, each equal to the member's file alone."""

import re
import shutil

import numpy as np
import pytest
from ase.io import read
from harness import evaluate, launch
from small_fits import write_committee

from esgap.calculators import GAP

READ = "units metal\natom_style charge\natom_modify map array\nread_data data.test\n"
MEMBERS = 3
SUM = "compute m all pair gap\n"
COLUMNS = " ".join(f"c_m[{k}]" for k in range(1, MEMBERS + 1))


def style(xml="gap.xml", keywords="committee yes") -> str:
    return f"pair_style gap {keywords}\npair_coeff * * {xml} Li P S\n"


def member_name(k: int) -> str:
    return f"gap.member-{k:02d}.xml"


@pytest.fixture
def committee(tiny_gap, tmp_path, li7p3s11, data_file):
    """A potential with members in `tmp_path`, and the crystal."""
    for file in tiny_gap.parent.glob("gap.xml*"):
        shutil.copy(file, tmp_path)
    write_committee(tmp_path / "gap.xml", MEMBERS)
    data_file(li7p3s11)
    return tmp_path


def members_of(result) -> np.ndarray:
    return np.array([result.thermo[f"c_m[{k}]"] for k in range(1, MEMBERS + 1)])


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_members_energies_are_those_of_their_files(committee, ranks):
    together = evaluate(READ + style() + SUM, committee, ranks, columns="c_m " + COLUMNS)
    alone = [evaluate(READ + style(member_name(k), ""), committee).energy for k in range(1, MEMBERS + 1)]
    assert np.std(alone) > 0.01, "members too alike to tell"
    np.testing.assert_allclose(members_of(together), alone, rtol=0, atol=1e-8)
    plain = evaluate(READ + style(keywords=""), committee, ranks)
    assert together.energy == together.thermo["c_m"] == plain.energy
    assert np.array_equal(together.forces, plain.forces)
    assert f"committee of {MEMBERS} members" in together.log


def test_within_other_styles_and_with_the_uncertainty(committee):
    alone = evaluate(READ + style() + SUM, committee, columns=COLUMNS)
    mixed = "pair_style hybrid/overlay lj/cut 4.0 gap committee yes shorten yes\npair_coeff * * gap gap.xml Li P S\npair_coeff * * lj/cut 0.01 2.0\n"
    fixes = "fix u all pair 1 gap stddev 1\n"
    result = evaluate(READ + mixed + SUM + fixes, committee, 2, columns=COLUMNS, peratom="f_u")
    np.testing.assert_allclose(members_of(result), members_of(alone), rtol=0, atol=1e-10)
    stddev = evaluate(READ + style(keywords="") + fixes, committee, peratom="f_u")
    np.testing.assert_allclose(result.peratom, stddev.peratom, rtol=1e-9, atol=0)


def test_follows_the_motion(committee):
    """At each thermo output of a run the energies are those of the positions there."""
    steps = f"velocity all create 600 3\nfix 1 all nve\nthermo_style custom step {COLUMNS}\nthermo 5\nrun 10\nwrite_data data.moved nocoeff\n"
    moved = evaluate(READ + style() + SUM + steps, committee, 2, columns=COLUMNS)
    again = evaluate((READ + style() + SUM).replace("data.test", "data.moved"), committee, columns=COLUMNS)
    np.testing.assert_allclose(members_of(moved), members_of(again), rtol=0, atol=1e-6)


def test_in_every_image_of_a_band(committee):
    """NEB with three images: each partition gives its own image's energies."""
    moved = read(committee / "data.test", format="lammps-data", atom_style="charge", units="metal")
    x, y, z = moved.positions[0] + [0.3, 0.0, 0.1]
    (committee / "final.neb").write_text(f"1\n1 {x} {y} {z}\n")
    script = (
        READ + style() + SUM + "variable p world 1 2 3\nfix band all neb 1.0\nmin_style quickmin\ntimestep 0.001\n"
        f"thermo_style custom step pe {COLUMNS}\nthermo_modify format float %.17g\nneb 0.0 0.001 2 2 1 final final.neb\n"
        "run 0\nwrite_data data.image.$p nocoeff\n"
    )
    done = launch(script, committee, 3, args=("-partition", "3x1", "-log", "log.band"))
    assert done.returncode == 0, done.stdout
    energies = []
    for image in (1, 2, 3):
        log = (committee / f"log.band.{image - 1}").read_text()
        row = re.findall(r"^\s*Step.*\n\s*(.*)", log, flags=re.MULTILINE)[-1].split()
        energies.append([float(v) for v in row[2:]])
        atoms = read(committee / f"data.image.{image}", format="lammps-data", atom_style="charge", units="metal")
        calc = GAP(committee / "gap.xml", committee=True)
        calc.calculate(atoms)
        np.testing.assert_allclose(energies[-1], calc.results["committee_energies"], rtol=0, atol=1e-6)
    assert np.ptp(energies, axis=0).min() > 0.01, "the images do not differ"


def test_in_python(committee):
    atoms = read(committee / "data.test", format="lammps-data", atom_style="charge", units="metal")
    calc = GAP(committee / "gap.xml", committee=True, uncertainty=True)
    calc.calculate(atoms)
    assert calc.members == MEMBERS
    alone = [GAP(committee / member_name(k)).get_potential_energy(atoms) for k in range(1, MEMBERS + 1)]
    np.testing.assert_allclose(calc.results["committee_energies"], alone, rtol=0, atol=1e-8)
    plain = GAP(committee / "gap.xml")
    assert calc.results["energy"] == plain.get_potential_energy(atoms)
    assert "committee_energies" not in plain.results and plain.members == 0


def rewritten(name, old, new):
    return lambda folder: (folder / name).write_text(re.sub(old, new, (folder / name).read_text(), count=1))


REFUSED = {
    "no member": (lambda folder: (folder / member_name(1)).unlink(), "gap.xml: has no committee: gap.member-01.xml is not there"),
    "another delta": (rewritten(member_name(2), r'signal_variance="[^"]*"', 'signal_variance="0.7"'), "gap.member-02.xml: differs from gap.xml in more than weights"),
    "another descriptor": (rewritten(member_name(2), "central_weight=1.0", "central_weight=0.5"), "gap.member-02.xml: differs from gap.xml in more than weights"),
    "other sparse points": (rewritten(member_name(3), r'sparseX_md5sum="[^"]*"(?=>\s*<descriptor> soap)', 'sparseX_md5sum="0"'), "gap.member-03.xml: differs from gap.xml in more than weights"),
    "a point missing": (rewritten(member_name(1), r"<sparseX i.*?/>", ""), r"gap.member-01.xml:\d+: sparse points are not numbered in order"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(committee, case):
    change, message = REFUSED[case]
    change(committee)
    done = launch(READ + style() + "run 0\n", committee, 2)
    assert done.returncode != 0 and re.search(f"ERROR: pair_style gap: {message}", done.stdout), done.stdout


def test_a_committee_of_another_size_is_refused(committee):
    script = READ + style() + SUM + "run 0\nshell rm gap.member-03.xml\npair_coeff * * gap.xml Li P S\nrun 0\n"
    done = launch(script, committee)
    assert done.returncode != 0 and "the committee had 3 members and has 2 now" in done.stdout, done.stdout
