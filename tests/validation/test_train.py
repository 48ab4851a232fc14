"""Kind train: the choice against random choice on the pool of existing labels; inputs/train/study.toml with the shipped ES-GAP in the place of CP2K."""

import os
import re
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from ase.io import read
from places import BIN, ENV, ROOT, TRAINING

from esgap.gapfit import e0
from esgap.gapfit.fit import Fit, predict
from esgap.gapfit.informative import informative
from esgap.gapfit.sparse import choose
from esgap.gapfit.targets import Target
from esgap.gapfit.terms import Pair, Soap
from esgap.pipeline import read_result

Z = (3, 15, 16)
TERMS = [(Pair(a, b, 5.0, 1.0, theta=1.0), 12) for i, a in enumerate(Z) for b in Z[i:]]
TERMS += [(Soap(z, Z, 4, 3, 0.7, 5.0, 1.5, delta=0.3, zeta=4), count) for z, count in zip(Z, (80, 60, 120))]
LARGEST_FORCE = 12.0  # eV/Angstrom: a few of the first rattled cells go beyond
STARTS, BEGIN = 6, 10


TABLES = {"generations": [0, 1, 2, 4], "errors": None, "chosen": [0, 1, 2, 4, 7, 10]}  # columns, those of times left out


def columns(folder, name: str) -> list[list[str]]:
    """The rows of a table without times."""
    wanted = TABLES[name]
    rows = [line.split(",") for line in (folder / f"{name}.csv").read_text().splitlines()]
    return [[row[k] for k in wanted] if wanted else row for row in rows]


def test_killed_three_times_the_toy_gives_the_same(tmp_path):
    """kill -9 of the whole process group at given moments; then to the end, and beside it without kills."""
    random = np.random.default_rng(5)
    for name in ("killed", "whole"):
        folder = tmp_path / name
        shutil.copytree(ROOT / "inputs/train", folder)
        toy = folder / "toy.toml"
        toy.write_text(toy.read_text().replace("../../runs/train-toy-models", "models"))
        words = [BIN / "esgap", "run", "toy.toml", "-o", "out"]
        for _ in range(3 if name == "killed" else 0):
            process = subprocess.Popen(words, cwd=folder, env=ENV, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(4, 20))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        done = subprocess.run(words, cwd=folder, env=ENV, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    for table in TABLES:
        assert columns(tmp_path / "killed/out", table) == columns(tmp_path / "whole/out", table)


def target(atoms) -> Target:
    forces = atoms.arrays["dft_force"]
    sigma = np.maximum(0.03, 0.03 * np.linalg.norm(forces, axis=1))
    return Target(atoms, atoms.info["dft_energy"], forces, np.reshape(atoms.info["dft_virial"], (3, 3)), 0.001, sigma, 0.02)


def fitted(targets: list[Target]) -> Fit:
    frames = [t.atoms for t in targets]
    sparse = [found for found in (choose(term, frames, count, "farthest", 1).sparse for term, count in TERMS) if found is not None]
    return Fit(targets, sparse, e0.average(frames, [t.energy for t in targets]))


def errors(fit: Fit, targets: list[Target]) -> np.ndarray:
    """RMSE of energies (meV/atom), of forces of Li, P and S (eV/Angstrom), and the worst energy (meV/atom)."""
    energies, forces = [], {z: [] for z in Z}
    for t in targets:
        energy, force, _ = predict(fit.kernel, fit.weights, t.atoms, fit.e0)
        energies.append(1e3 * (energy - t.energy) / len(t.atoms))
        for z in Z:
            forces[z].append((force - t.forces)[t.atoms.numbers == z])
    return np.array([np.sqrt(np.mean(np.square(energies))), *(np.sqrt(np.mean(np.concatenate(forces[z]) ** 2)) for z in Z), np.abs(energies).max()])


@pytest.mark.parametrize("count", [5, 10])
def test_chosen_against_random(count):
    """Of labels that exist, all from the same sampling as the held-out ones."""
    targets = [target(atoms) for atoms in read(TRAINING, ":") if np.abs(atoms.arrays["dft_force"]).max() < LARGEST_FORCE]
    held, rest = targets[6::7], [t for i, t in enumerate(targets) if i % 7 != 6]
    found = {"random": [], "chosen": []}
    for seed in range(STARTS):
        order = np.random.default_rng(seed).permutation(len(rest))
        begin, pool = [rest[i] for i in order[:BEGIN]], [rest[i] for i in order[BEGIN:]]
        first = fitted(begin)
        rows = [t.rows(first.kernel) / t.sigmas()[:, None] for t in pool]
        picked = informative(first.factor.r, [row[:1] for row in rows], lambda k: rows[k], count).chosen
        found["random"].append(errors(fitted(begin + pool[:count]), held))  # the order is random
        found["chosen"].append(errors(fitted(begin + [pool[k] for k in picked]), held))
    mean = {how: np.mean(values, axis=0) for how, values in found.items()}
    for how, values in found.items():
        print(f"{count} {how}: energy {mean[how][0]:.2f}, forces {mean[how][1:4].round(3)}, worst energy {mean[how][4]:.1f} +- {(np.std(values, axis=0) / np.sqrt(STARTS)).round(3)}")
    assert np.all(mean["chosen"][1:4] < 1.1 * mean["random"][1:4]), "forces of no element are worse by more than a tenth"
    assert np.all(mean["chosen"] < 2 * mean["random"])


def test_worked_case_with_the_shipped_potential_as_the_reference(tmp_path):
    """esgap run inputs/train/study.toml -o runs/train, with less dynamics and no CP2K."""
    text = (ROOT / "inputs/train/study.toml").read_text()
    for key in ("fit", "start", "template", "structure", "cells"):
        text = re.sub(rf'(?m)^({key} = \[?)"([^"]+)"', lambda m: f'{m[1]}"{(ROOT / "inputs/train" / m[2]).resolve()}"', text)
    text = re.sub(r"(?s)\[cp2k\].*?ranks = 2\n", f'[ase]\ncalculator = "esgap.calculators:ESGAP"\narguments = {{ potential = "{ROOT / "potentials/li7p3s11/es-gap"}" }}\n', text)
    for old, new in (("generations = 4", "generations = 2"), ("time = 2.0", "time = 0.2"), ("distributions = 4", "distributions = 1"), ("[300.0, 600.0, 1000.0]", "[600.0]"), ('"../../runs/train-models"', '"models"')):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "study.toml").write_text(text)
    done = subprocess.run([BIN / "esgap", "run", "study.toml", "-o", "runs/train"], cwd=tmp_path, env=ENV, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    rows = read_result(tmp_path / "runs/train").rows("generations")
    assert [row.generation for row in rows] == [0, 1] and rows[1].fitted == rows[0].fitted + 8
    assert 0.3 < rows[1].observable.value < 1.5
