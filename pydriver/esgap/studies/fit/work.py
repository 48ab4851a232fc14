"""The process of one fit: labels minus baseline -> gap_fit -> a potential folder with its errors on held-out configurations.

`python -m esgap.studies.fit.work SETTINGS.json FOLDER DATA_NAME`, started in the run folder by `esgap run`.
"""

import re
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from esgap.errors import EsgapError
from esgap.jobs.launch import how_it_ended, output, reason
from esgap.lammps.static import BASELINE_KSPACE, baseline
from esgap.potential import Gap, Potential, write_toml
from esgap.record import sha256, write_json
from esgap.studies.fit.accuracy import largest_difference, parity, predict, rmse
from esgap.studies.fit.card import model_card
from esgap.studies.fit.data import held_out, read_labels
from esgap.studies.fit.gap_files import XML, relabel, shorten
from esgap.studies.fit.study import Study

LOG = "gap_fit.log"


def fit_model(study: Study, folder: Path, data_name: str) -> Potential:
    """Fit the one model of `study` and write its folder: the GAP, README.md, parity.json, potential.lmp and, last, potential.toml."""
    model = study.model[0]
    configurations, labels = read_labels(study)
    held = held_out(study, len(configurations))
    print(f"{len(configurations)} configurations: {np.sum(~held)} to fit, {np.sum(held)} held out", flush=True)
    es = baseline(configurations, study.elements, model.electrostatics)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    write_training_file(work / "train.xyz", [(configurations[i], labels[i], labels[i] - es[i]) for i in np.flatnonzero(~held)], study)
    started = time.monotonic()
    print("gap_fit runs; minutes", flush=True)
    run_gap_fit(study, work, folder)
    seconds = round(time.monotonic() - started)
    label = relabel(work, f"{study.material}_{model.name}".replace("-", "_"))
    exact = predict(work / XML, configurations)
    shorten(work, study.sparse_decimals)
    rounded = predict(work / XML, configurations)
    predicted = [gap + part for gap, part in zip(rounded, es)]
    files = sorted(work.glob(f"{XML}*"))
    for file in files:
        file.replace(folder / file.name)
    shutil.rmtree(work)
    potential = Potential(
        name=model.name,
        material=study.material,
        elements=study.elements,
        origin=study.origin,
        gap=Gap(file=XML, label=label, cutoff=study.cutoff, files={file.name: sha256(folder / file.name) for file in files}),
        electrostatics=model.electrostatics,
        fit={
            "configurations": int(np.sum(~held)),
            "seconds": seconds,
            "bytes": sum((folder / file.name).stat().st_size for file in files),
            "rounding": largest_difference(exact, rounded),
            **record(study, data_name),
        },
        errors=rmse(configurations, labels, predicted, held),
    )
    write_json(folder / "parity.json", parity(configurations, labels, predicted, held))
    (folder / "README.md").write_text(model_card(potential))
    write_toml(potential, folder)
    return potential


def write_training_file(path: Path, rows, study: Study) -> None:
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


def run_gap_fit(study: Study, work: Path, folder: Path) -> None:
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
    done = output(argv, cwd=work)
    said = done.stdout + done.stderr
    (folder / LOG).write_text(said)
    missing = [name for name, count in found_targets(said).items() if count == 0]
    if done.returncode or missing or not (work / XML).is_file():
        why = f"read no {' and no '.join(missing)}" if missing else reason(folder / LOG, "")
        raise EsgapError(f"gap_fit failed with {how_it_ended(done.returncode)} ({why}): its output is {folder / LOG}")
    (folder / LOG).unlink()


def found_targets(log: str) -> dict[str, int]:
    """How many energies, forces and virials gap_fit says that it found: a name it does not know is no error to it."""
    return {name: int(count) for name, count in re.findall(r"Number of target (energies|forces|virials) .*found:\s*(\d+)", log)}


def record(study: Study, data_name: str) -> dict:
    """The record of a fit for `potential.toml`: every setting, the data by hash, the versions."""
    settings = study.model_dump(mode="json", exclude={"kind", "title", "run", "material", "elements", "origin", "model", "data"})
    return {
        "data": data_name,
        "data_sha256": sha256(study.data),
        "baseline_kspace": BASELINE_KSPACE,
        "versions": {package: metadata.version(package) for package in ("esgap", "quippy-ase", "lammps")},
        **settings,
    }


def main(settings: str, folder: str, data_name: str) -> None:
    """Entry point of the process."""
    fit_model(Study.model_validate_json(Path(settings).read_text()), Path(folder), data_name)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
