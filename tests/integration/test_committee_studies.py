"""Intervals that a committee gives to the results of studies, against the files of its members evaluated one by one."""

import json
import tomllib

import numpy as np
import pytest
from ase.io import read, write
from places import ROOT, TRAINING
from scipy.stats import t as student
from small_fits import without_committee

from esgap.calculators import GAP
from esgap.lammps.neb import read_images
from esgap.lammps.relaxation import relaxed_atoms
from esgap.physics import eos
from esgap.units import EV_PER_A3_IN_GPA

CRYSTAL = ROOT / "inputs/structures/li7p3s11-relaxed.extxyz"
MEMBERS = 8


@pytest.fixture
def run(esgap, tmp_path):
    """A function that runs a study and returns the tables of its result."""

    def call(text: str) -> dict:
        (tmp_path / "study.toml").write_text(text)
        done = esgap("run", "study.toml", "-o", "out")
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "out/result.json").read_text())["tables"]

    return call


@pytest.fixture
def plain(tmp_path):
    """A function that gives the folder of a shipped potential without its committee, if it has one."""

    return lambda name: str(without_committee(ROOT / "potentials/li7p3s11" / name, tmp_path / f"plain-{name}"))


def off(potential, atoms) -> np.ndarray:
    """What each member's own file gives, minus what the potential's gives; charges are the same to all."""

    def energy(name):
        return GAP(potential / name, alone=True).get_potential_energy(atoms)

    return np.array([energy(f"gap.member-{k:02d}.xml") for k in range(1, MEMBERS + 1)]) - energy("gap.xml")


def half(deviations: np.ndarray) -> float:
    return student.ppf(0.975, MEMBERS) * np.sqrt(np.mean(deviations**2))


def assert_interval(quantity: dict, deviations: np.ndarray):
    assert half(deviations) > 1e-4
    assert (quantity["value"] - quantity["low"], quantity["high"] - quantity["value"]) == pytest.approx((half(deviations),) * 2, rel=1e-5, abs=1e-6)
    assert quantity["method"].endswith("committee of 8, Student's t")


def test_relaxed_cells(committees, plain, run, tmp_path):
    tables = run(f'kind = "relax"\nstructure = "{CRYSTAL}"\npotential = "{committees / "es-gap"}"\ncompare = ["{plain("gap")}"]\n[relax]\nforce = 0.5\n[electrostatics]\ncutoff = 10.0\norder = 7\n')
    row, other = tables["relaxed"]
    (file,) = (tmp_path / "out").glob("relaxations/*/es-gap/ions/relaxed.extxyz")
    before, after = (off(committees / "es-gap", read(one)) for one in (CRYSTAL, file))
    for name, deviations in (("energy", after), ("enthalpy", after), ("gain", before - after)):
        assert_interval(row[name], deviations)
    assert other["energy"]["low"] is None, "no committee"


def test_evaluated_configurations(committees, run, tmp_path):
    configurations = read(TRAINING, "::12")
    far = read(CRYSTAL)
    far.rattle(0.35, seed=2)
    write(tmp_path / "some.extxyz", [*configurations, far])
    tables = run(f'kind = "evaluate"\nconfigurations = "some.extxyz"\npotential = "{committees / "gap"}"\nuncertainty = false\n')
    rows = tables["configurations"]
    limit = tomllib.loads((committees / "gap/potential.toml").read_text())["fit"]["error_bars"]["stddev_95"]
    for row, atoms in zip(rows, [*configurations, far]):
        deviations = off(committees / "gap", atoms)
        assert_interval(row["energy"], deviations)
        stddev = 1e3 * np.sqrt(np.mean(deviations**2)) / len(atoms)
        assert row["verdict"].startswith("outside the data") == (stddev > limit), (stddev, limit)
    assert rows[-1]["verdict"].startswith("outside the data") and rows[0]["verdict"] == "ok"
    held = [row["energy"]["low"] < atoms.info["dft_energy"] < row["energy"]["high"] for row, atoms in zip(rows, configurations)]
    (errors,) = [row for row in tables["errors"] if row["element"] == "all"]
    assert errors["covered"]["value"] == pytest.approx(np.mean(held))


def test_equation_of_state(committees, run):
    """Each member has its own curve."""
    tables = run(f'kind = "eos"\nstructure = "{CRYSTAL}"\npotential = "{committees / "gap"}"\nvolumes = [0.94, 0.97, 1.0, 1.03, 1.06, 1.09]\nions = false\n')
    points, (curve,) = tables["volumes"], tables["equation_of_state"]
    crystal, deviations = read(CRYSTAL), []
    for point in points:
        atoms = crystal.copy()
        atoms.set_cell(atoms.cell * point["ratio"] ** (1 / 3), scale_atoms=True)
        deviations.append(off(committees / "gap", atoms))
    energies, volumes = (np.array([point[name]["value"] for point in points]) for name in ("energy", "volume"))
    lowest = int(np.argmin(energies))
    for k, point in enumerate(points):
        assert point["difference"]["value"] == pytest.approx(energies[k] - energies[lowest], abs=1e-9)
        if k != lowest:
            assert_interval(point["difference"], deviations[k] - deviations[lowest])
    best = eos.fit(volumes, energies)
    others = [eos.fit(volumes, energies + shift) for shift in np.array(deviations).T]
    for name, unit in (("volume", 1.0), ("bulk_modulus", EV_PER_A3_IN_GPA)):
        value = getattr(best, name)
        reach = np.hypot(value.high - value.value, half(np.array([getattr(other, name).value - value.value for other in others])))
        assert curve[name]["high"] - curve[name]["value"] == pytest.approx(unit * reach, rel=1e-3)
        assert reach > 1.01 * (value.high - value.value)


def test_barriers(committees, plain, run, tmp_path):
    first = read(ROOT / "inputs/data.hop", format="lammps-data", atom_style="charge")
    last = first.copy()
    last.positions = np.loadtxt(ROOT / "inputs/hop.final", skiprows=2)[:, 1:]
    for name, atoms in (("first", first), ("last", last)):
        write(tmp_path / f"{name}.extxyz", atoms, columns=["symbols", "positions"])
    tables = run(
        f'kind = "neb"\npotential = "{plain("gap")}"\ncompare = ["{committees / "gap"}"]\n[endpoints]\ninitial = "first.extxyz"\nfinal = "last.extxyz"\n'
        "[band]\nimages = 3\nforce = 0.5\nown_paths = false\n[relax]\nforce = 0.3\n"
    )
    own, other = tables["barriers"]
    assert own["barrier_forward"]["low"] is None
    found = read_images(tmp_path / "out/images" / own["potential"] / "I" / other["potential"], 3)
    deviations = []
    for positions in found.positions:
        atoms = first.copy()
        atoms.positions = positions
        deviations.append(off(committees / "gap", atoms))
    top = other["image"] - 1
    for name, pair in (("barrier_forward", (top, 0)), ("barrier_backward", (top, 2)), ("difference", (2, 0))):
        if pair[0] != pair[1]:
            assert_interval(other[name], deviations[pair[0]] - deviations[pair[1]])
    images = [row for row in tables["images"] if row["potential"] == other["potential"]]
    assert_interval(images[2]["energy"], deviations[2] - deviations[0])


def test_formation_energies(committees, plain, esgap, study, tmp_path):
    done = esgap("run", study(("li7p3s11/gap", str(committees / "gap")), ("li7p3s11/es-gap", plain("es-gap")), ("[-0.1, 0.0, 0.1]", "[0.0]")), "-o", "out")
    assert done.returncode == 0, done.stderr
    tables = json.loads((tmp_path / "out/result.json").read_text())["tables"]
    other, row = tables["formation_energy"]
    assert other["formation_energy"]["low"] is None
    crystal, deviations = read(tmp_path / "out/cell.extxyz"), []
    for cell in (row["pair"], "perfect"):
        (folder,) = (tmp_path / "out/points").glob(f"*/{row['potential'].split('/')[1]}/1x1x1/{cell}/zero")
        deviations.append(off(committees / "gap", relaxed_atoms(folder, crystal)))
    assert_interval(row["formation_energy"], deviations[0] - deviations[1])
