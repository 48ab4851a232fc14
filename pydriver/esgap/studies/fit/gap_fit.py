"""The engine gap_fit: the program of the quippy wheel, which takes minutes and shows nothing meanwhile."""

import re
import sys
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from esgap.errors import EsgapError
from esgap.jobs.launch import how_it_ended, output, reason
from esgap.lammps.static import Labels
from esgap.studies.fit.accuracy import largest_difference, predict
from esgap.studies.fit.engine import Fitted, Task
from esgap.studies.fit.gap_files import XML, relabel, shorten
from esgap.studies.fit.study import Study

LOG = "gap_fit.log"
TARGETS = ("energies", "forces", "virials")


def fit(task: Task) -> Fitted:
    """Fit with gap_fit and round its sparse points; raises EsgapError with gap_fit's reason when it fails."""
    fitted = np.flatnonzero(~task.held)
    write_training_file(task.work / "train.xyz", [(task.configurations[i], task.labels[i], task.targets[i]) for i in fitted], task.study)
    there = [any(getattr(task.targets[i], kind) is not None for i in fitted) for kind in ("energy", "forces", "virial")]
    print("gap_fit runs; minutes", flush=True)
    run_gap_fit(task.study, task.work, task.folder, tuple(name for name, wanted in zip(TARGETS, there) if wanted))
    relabel(task.work, task.label)
    exact = predict(task.work / XML, task.configurations)
    shorten(task.work, task.study.sparse_decimals)
    rounded: list[Labels] = predict(task.work / XML, task.configurations)
    (task.work / "train.xyz").unlink()
    return Fitted(rounded, {"rounding": largest_difference(exact, rounded)}, packages=("quippy-ase",))


def write_training_file(path: Path, rows, study: Study) -> None:
    """Write what gap_fit reads: the labels less the baseline, and an expected error of each atom's force.

    The error follows the reference force, not what the baseline leaves of it, so that models of one study get equal weights.
    """
    frames = []
    for atoms, reference, target in rows:
        frame = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
        if target.energy is not None:
            frame.info["energy_target"] = target.energy
        if target.virial is not None:
            # gap_fit reads nine numbers in a row; it ignores the list of lists that ASE writes for a 3x3 array.
            frame.info["virial_target"] = " ".join(f"{v:.12g}" for v in target.virial.ravel())
        if target.forces is not None:
            frame.arrays["force_target"] = target.forces
            frame.arrays["force_atom_sigma"] = study.sigma.of(atoms, reference.forces)["sigma_forces"]
        frames.append(frame)
    write(path, frames, format="extxyz")


def run_gap_fit(study: Study, work: Path, folder: Path, wanted: tuple[str, ...] = TARGETS) -> None:
    """Run gap_fit of the quippy wheel on `work`/train.xyz; on failure its output is kept in `folder`.

    `wanted`: which of TARGETS it must find there.
    """
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
    missing = [name for name, count in found_targets(said).items() if count == 0 and name in wanted]
    if done.returncode or missing or not (work / XML).is_file():
        why = f"read no {' and no '.join(missing)}" if missing else reason(folder / LOG, "")
        raise EsgapError(f"gap_fit failed with {how_it_ended(done.returncode)} ({why}): its output is {folder / LOG}")
    (folder / LOG).unlink()


def found_targets(log: str) -> dict[str, int]:
    """How many energies, forces and virials gap_fit says that it found: a name it does not know is no error to it."""
    return {name: int(count) for name, count in re.findall(r"Number of target (energies|forces|virials) .*found:\s*(\d+)", log)}
