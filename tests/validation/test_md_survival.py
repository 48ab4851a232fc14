"""Both shipped potentials hold Li7P3S11 together for 10 ps at 800 K: inputs/in.md as a user runs it (minutes).

"Together": the four S nearest to each P are the same in every frame, and each of these bonds, averaged over 0.5 ps, is
shorter than 2.6 Angstrom. Single frames may exceed it: the bond from P to the bridging S of P2S7, 2.25 Angstrom at rest,
is soft and vibrates up to 2.75 in PBE's 1000 K frames of the training data too. What single frames do is bounded by
STRETCHED and printed (pytest -rP).
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
BOND = 2.6  # Angstrom; the fifth S of a P is beyond 3.1
WINDOW = 25  # frames of 0.02 ps
STRETCHED = 0.005  # largest share of single bonds beyond BOND; 0.0010 (GAP) and 0.0012 (ES-GAP) were seen
PICOSECONDS = 10.0


def thermo(log: str) -> np.ndarray:
    """The rows of the last run's thermo output: step, time (ps), temperature (K), energies (eV), pressure (bar)."""
    lines = log.splitlines()
    head = max(i for i, line in enumerate(lines) if line.split()[:1] == ["Step"])
    end = next(i for i in range(head, len(lines)) if lines[i].startswith("Loop time"))
    return np.array([line.split() for line in lines[head + 1 : end]], dtype=float)


@pytest.mark.parametrize("engine", [os.environ.get("ESGAP_ENGINE", "native")])
@pytest.mark.parametrize("name", ["gap", "es-gap"])
def test_ten_picoseconds_at_800_kelvin(name, engine, tmp_path):
    potential = ROOT / "potentials" / "li7p3s11" / name
    argv = [BIN / "mpirun", "-n", "2", BIN / "lmp", "-in", ROOT / "inputs" / "in.md", "-log", tmp_path / "log", "-screen", "none"]
    variables = dict(potential=potential, engine=engine, data=ROOT / "inputs" / "data.li7p3s11", production=PICOSECONDS, segment=PICOSECONDS, sample_every=0.02, out=tmp_path / "md")
    argv += [word for key, value in variables.items() for word in ("-var", key, value)]
    done = subprocess.run(list(map(str, argv)), env=dict(os.environ, OMP_NUM_THREADS="1"), text=True, stderr=subprocess.STDOUT, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout + (tmp_path / "log").read_text()[-2000:]

    rows = thermo((tmp_path / "log").read_text())
    assert rows[-1, 1] - rows[0, 1] == pytest.approx(PICOSECONDS)
    # Canonical spread of the temperature of 84 atoms: 800 K sqrt(2 / 249) = 72 K; of its mean over 10 ps far less.
    assert rows[:, 2].mean() == pytest.approx(800, abs=30)
    assert rows[:, 2].max() < 800 + 5 * 72

    frames = read(tmp_path / "md.0000000000.dump", ":", format="lammps-dump-text")
    assert len(frames) == len(rows)
    p, s = (np.flatnonzero(frames[0].symbols == symbol) for symbol in "PS")
    distances = np.array([[atoms.get_distances(i, s, mic=True) for i in p] for atoms in frames])  # frame, P, S
    neighbours = np.sort(np.argsort(distances, axis=2)[:, :, :4], axis=2)
    lost = np.flatnonzero((neighbours != neighbours[0]).any(axis=(1, 2)))
    assert not len(lost), f"a P lost one of its four S in frame {lost[0]}"
    bonds = np.take_along_axis(distances, neighbours, axis=2)
    mean = np.mean([bonds[k : len(bonds) - WINDOW + 1 + k] for k in range(WINDOW)], axis=0)
    print(f"{name}: {np.mean(bonds > BOND):.2%} of the bonds beyond {BOND} Angstrom in a frame, longest {bonds.max():.2f}, averaged {mean.max():.2f}")
    assert mean.max() < BOND, f"a P-S bond of {mean.max():.2f} Angstrom over {WINDOW} frames"
    assert np.mean(bonds > BOND) < STRETCHED
