"""The study of kind neb from the command line: a lithium row of the shipped potentials between two files, a loose band of three images."""

import json

import numpy as np
import pandas as pd
import pytest
from ase.io import read, write
from places import ROOT

STUDY = """
kind = "neb"
potential = "li7p3s11/es-gap"
compare = ["li7p3s11/gap"]
[endpoints]
initial = "first.extxyz"
final = "last.extxyz"
[band]
images = 3
force = 0.3
own_paths = false
[field]
values = [0.05]
directions = ["b"]
[reference]
calculator = "esgap.calculators:ESGAP"
arguments = { potential = "li7p3s11/gap" }
name = "GAP-by-ASE"
[relax]
force = 0.1
"""


@pytest.fixture
def study(tmp_path):
    """The hop of inputs/ as two files; the second in other periodic images and shifted as a whole."""
    first = read(ROOT / "inputs" / "data.hop", format="lammps-data", atom_style="charge")
    last = first.copy()
    last.positions = np.loadtxt(ROOT / "inputs" / "hop.final", skiprows=2)[:, 1:] + [0.2, 0.1, -0.3]
    last.wrap()
    for atoms, name in ((first, "first"), (last, "last")):
        for turned in (atoms,):  # another frame than LAMMPS's: a along y
            turned.rotate(90, "z", rotate_cell=True)
        write(tmp_path / f"{name}.extxyz", atoms[:], columns=["symbols", "positions"])
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_barriers_in_a_field_and_by_another_potential(study, esgap, tmp_path):
    done = esgap("run", study, "-o", "out")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    rows = pd.read_csv(out / "barriers.csv")
    assert list(rows.field) == [0.0, 0.05, 0.0, 0.0] and list(rows.potential) == ["li7p3s11/es-gap", "li7p3s11/es-gap", "li7p3s11/gap", "GAP-by-ASE"]
    assert set(rows.path) == {"li7p3s11/es-gap"} and set(rows.leg) == {"I"}

    for row, name in zip(rows.itertuples(), ("bands/{}/I/zero", "bands/{}/I/b+0.05", "images/{}/I/li7p3s11/gap")):
        folder = out / name.format("li7p3s11/es-gap")
        energies = [pd.read_csv(folder / f"neb.{k:02d}.csv").energy.item() for k in (1, 2, 3)]
        assert row.barrier_forward == pytest.approx(max(energies) - energies[0], abs=1e-9)
        assert row.barrier_backward == pytest.approx(max(energies) - energies[-1], abs=1e-9)
    zero, field, other, reference = rows.itertuples()
    assert (reference.barrier_forward, reference.barrier_backward) == pytest.approx((other.barrier_forward, other.barrier_backward), abs=1e-6), "the same potential by another way"
    assert zero.barrier_forward > 0.02 and other.barrier_forward != zero.barrier_forward, "a hop, and two potentials"
    # The ion moves towards b: a field along b lowers the last state, to first order by -E.dp of the images without field.
    dipole = pd.read_csv(out / "images.csv").query("potential == 'li7p3s11/es-gap' and field == 0").set_index("image").dipole
    assert dipole[3] > 0.5
    assert field.field_part == pytest.approx(-0.05 * dipole[field.image], rel=0.1)
    assert field.difference - zero.difference == pytest.approx(-0.05 * dipole[3], rel=0.1)

    ions = pd.read_csv(out / "ions.csv")
    # In LAMMPS's frame, before the relaxation of the ends, which shifts each ion by a few tenths.
    before = np.loadtxt(ROOT / "inputs" / "hop.final", skiprows=2)[:, 1:] - read(ROOT / "inputs" / "data.hop", format="lammps-data", atom_style="charge").positions
    farthest = int(np.argmax(np.linalg.norm(before, axis=1)))
    assert ions.ion[0] == farthest + 1
    for row in ions[:1].itertuples():
        assert row.distance == pytest.approx(np.linalg.norm(before[row.ion - 1]), abs=0.4)
        assert row.dx == pytest.approx(-before[row.ion - 1][1], abs=0.4) and abs(row.dx) > 0.8, "dy of LAMMPS's frame is -dx of the files'"
    assert ", ".join(f"Li {row.ion} ({row.distance:.1f} Angstrom)" for row in ions[:1].itertuples()) in done.stdout
    for name in ("profiles.png", "field.png", "report.html"):
        assert (out / name).stat().st_size > 10_000

    # Again: everything is kept. Of an interrupted band, only the band is computed again.
    again = esgap("run", study, "-o", "out")
    assert again.returncode == 0 and again.stdout.count("(kept)") >= 7 and json.loads((out / "run.json").read_text())["jobs"]


@pytest.mark.parametrize(
    "change, sentence",
    [
        (('final = "last.extxyz"', ""), "expected either `initial` and `final`, or `from` and `hop`"),
        (("images = 3", "images = 2"), "greater than or equal to 3"),
        (('directions = ["b"]', 'directions = ["d"]'), "directions"),
        (('potential = "li7p3s11/es-gap"\ncompare = ["li7p3s11/gap"]', 'potential = "li7p3s11/gap"'), "has no charges and cannot feel a field"),
        (('final = "last.extxyz"', f'final = "{ROOT}/inputs/structures/li7p3s11.cif"'), "has other atoms than"),
        (("[band]", 'element = "Na"\n[band]'), "unknown key 'endpoints.element'"),
        (('kind = "neb"', 'kind = "neb"\nelement = "Na"'), "no Na in"),
    ],
)
def test_what_is_wrong_is_one_sentence(study, esgap, change, sentence):
    text = study.read_text()
    assert change[0] in text
    study.write_text(text.replace(*change))
    done = esgap("deck", study, "-o", "out")
    assert done.returncode == 1 and sentence in " ".join(done.stderr.split()), done.stderr
