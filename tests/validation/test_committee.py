"""What a committee says of an energy difference by static evaluations, against members that relax both states themselves."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write
from places import BIN, ENV, ROOT, TRAINING
from scipy.stats import f as fisher
from tiny_fit import FIT

from esgap.potential import Potential, write_toml
from esgap.record import sha256
from esgap.studies.committee import Committee

MEMBERS = 4
FORCE = 0.002  # eV/Angstrom
HOP = ROOT / "tests/support/hop.extxyz"  # two lithium that move along b near the crystal, whose surroundings the tests' fit knows
ALPHA = re.compile(r'alpha="([^"]*)"')


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Potential:
    """The GAP of the tests' fit, with a committee."""
    folder = tmp_path_factory.mktemp("fitted")
    text = re.sub("data = .*", f'data = "{TRAINING}"', FIT.read_text()).replace("seed = 1", "seed = 1\ncommittee = 16")
    (folder / "fit.toml").write_text(re.sub(r"# Half the formal charges.*", "", text, flags=re.DOTALL))
    done = subprocess.run([BIN / "esgap", "fit", "fit.toml", "-o", "fit"], cwd=folder, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return Potential.load(folder / "gap")


def as_potential(potential: Potential, number: int, size: float, folder: Path) -> Path:
    """A folder in which one member is the potential, its weights moved back to `size` times their difference; no committee."""
    shutil.copytree(potential.folder, folder, ignore=shutil.ignore_patterns("*member*"))
    text, other = ((potential.folder / name).read_text() for name in (potential.gap.file, potential.gap.members[number]))
    drawn = iter(map(float, ALPHA.findall(other)))
    (folder / potential.gap.file).write_text(ALPHA.sub(lambda own: f'alpha="{float(own[1]) + size * (next(drawn) - float(own[1])):.17e}"', text))
    hashes = {name: sha256(folder / name) for name in potential.gap.files if "member" not in name}
    gap = potential.gap.model_copy(update={"files": hashes, "members": ()})
    write_toml(potential.model_copy(update={"name": folder.name, "gap": gap}), folder)
    return folder


def relaxed(structure: Path, potentials: list[Path], folder: Path) -> tuple[list[dict], list]:
    """Rows and cells of one structure relaxed by each potential, its own place first."""
    first, *others = (f'"{one}"' for one in potentials)
    study = folder.with_suffix(".toml")
    study.write_text(f'kind = "relax"\nstructure = "{structure}"\npotential = {first}\ncompare = [{", ".join(others)}]\n[relax]\nforce = {FORCE}\n')
    done = subprocess.run([BIN / "esgap", "run", study, "-o", folder], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads((folder / "result.json").read_text())["tables"]["relaxed"]
    return rows, [read(folder / f"relaxations/{row['potential']}/ions/relaxed.extxyz") for row in rows]


def differences(potential: Potential, size: float, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Deviations of the energy difference of two states, eV: of all members statically, and of the first few after each relaxed both."""
    folder.mkdir()
    members = [as_potential(potential, k, size, folder / f"member-{k + 1}") for k in range(MEMBERS)]
    first, last = read(HOP, ":")
    static, after = [], []
    for name, atoms in (("first", first), ("last", last)):
        write(folder / f"{name}.extxyz", atoms, columns=["symbols", "positions"])
        (own,), (cell,) = relaxed(folder / f"{name}.extxyz", [potential.folder], folder / name)
        write(folder / f"{name}-relaxed.extxyz", cell)
        rows, _ = relaxed(folder / f"{name}-relaxed.extxyz", members, folder / f"{name}-members")
        assert not [row["verdict"] for row in (own, *rows) if "not converged" in row["verdict"]]
        after.append([row["energy"]["value"] - own["energy"]["value"] for row in rows])
        static.append(size * Committee.of(folder / name, own["potential"]).deviations([cell])[0])
    return np.subtract(*static), np.subtract(*after)


def test_static_deviations_are_those_of_relaxed_members_to_first_order(fitted, tmp_path):
    """Members drawn near to the potential: each keeps its deviation when it relaxes."""
    static, after = differences(fitted, 0.02, tmp_path / "near")
    print(f"static {1e3 * static[:MEMBERS]}, relaxed {1e3 * after} meV", file=sys.stderr)
    assert np.sqrt(np.mean(static**2)) > 1e-3
    np.testing.assert_allclose(after, static[:MEMBERS], rtol=0, atol=0.05 * np.sqrt(np.mean(static**2)))


def test_spread_of_relaxed_members_is_that_of_the_static_interval(fitted, tmp_path):
    """As drawn, with the factor from held-out errors, members relax into minima of their own: each one's deviation changes, their spread does not.

    Mean squares of 4 and of 16 deviations: their ratio is that of Fisher's F.
    """
    static, after = differences(fitted, 1.0, tmp_path / "drawn")
    print(f"static {1e3 * static}, relaxed {1e3 * after} meV", file=sys.stderr)
    low, high = fisher.ppf([0.005, 0.995], MEMBERS, len(static))
    assert low < np.mean(after**2) / np.mean(static**2) < high
