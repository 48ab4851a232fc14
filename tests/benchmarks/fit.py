"""The native fit beside gap_fit on the study of the tests, and on 300 configurations of 84 atoms. Prints times and memory, asserts nothing.

Seconds of processor time, so that other programs on the machine count less; a quiet machine of two cores needs about half as many
seconds of the clock. Fits alone: labels are read and the electrostatics subtracted before.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait for each other use processor time

import numpy as np
from ase.io import read

from esgap.calculators import GAP
from esgap.lammps.static import Labels
from esgap.studies.fit import gap_fit, native
from esgap.studies.fit.data import held_out, read_labels
from esgap.studies.fit.engine import Task
from esgap.studies.load import load_study

FIT = Path(__file__).parents[1] / "support" / "fit.toml"
SHIPPED = Path(__file__).parents[2] / "potentials" / "li7p3s11"
COUNT, SPARSE = 300, ({"Li": 450, "P": 250, "S": 650}, {"P": 250, "S": 400})  # 2000 sparse points of SOAP


def small(folder: Path) -> Task:
    """The study of the tests, model gap."""
    study = load_study(FIT, "fit")
    configurations, labels = read_labels(study)
    return Task(study, configurations, labels, labels, held_out(study, configurations), folder, folder, "bench")


def large(folder: Path) -> Task:
    """Rattled copies of its configurations, doubled, labelled by the shipped potential."""
    study = load_study(FIT, "fit")
    soaps = tuple(soap.model_copy(update={"n_sparse": n}) for soap, n in zip(study.soap, SPARSE, strict=True))
    frames, label = read(study.data, ":"), GAP(SHIPPED / "gap" / "gap.xml")
    configurations, labels = [], []
    for k in range(COUNT):
        atoms = frames[k % len(frames)].repeat((2, 1, 1))
        atoms.rattle(0.08, seed=k)
        atoms.calc = label
        labels.append(Labels(atoms.get_potential_energy(), atoms.get_forces(), -atoms.get_stress(voigt=False) * atoms.get_volume()))
        atoms.calc = None
        configurations.append(atoms)
    return Task(study.model_copy(update={"soap": soaps}), configurations, labels, labels, np.zeros(COUNT, dtype=bool), folder, folder, "bench")


CASES = {
    "native, 43 x 42 atoms": (small, lambda task: native.fit(task, lambda line: None)),
    "native, 300 x 84 atoms": (large, lambda task: native.fit(task, lambda line: None)),
    "gap_fit, 43 x 42 atoms": (small, lambda task: gap_fit.fit(task)),
}


def measure(name: str) -> tuple[float, float, float]:
    """Seconds of processor and clock and peak memory (GB) of a case, in a process of its own; the making of the data is taken out."""
    make, fit = CASES[name]
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        with tempfile.TemporaryDirectory() as folder:
            task = make(Path(folder))
            os.write(write_end, f"{time.process_time()} {time.monotonic()}".encode())
            fit(task)
        sys.stdout.flush()
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{name} failed")
    made, began = map(float, os.read(read_end, 100).split())
    return used.ru_utime + used.ru_stime - made, time.monotonic() - began, used.ru_maxrss / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="numbers of the cases to run")
    seconds = {}
    for name in [list(CASES)[k] for k in parser.parse_args().cases]:
        seconds[name], clock, memory = measure(name)
        print(f"{name:40s} {seconds[name]:8.1f} s of processor {clock:8.1f} s of clock {memory:6.2f} GB", flush=True)
    first, *_, last = CASES
    if first in seconds and last in seconds:
        print(f"native is {seconds[last] / seconds[first]:.0f} times faster than gap_fit (its choice of sparse points, left-out errors and tests included)")


if __name__ == "__main__":
    main()
