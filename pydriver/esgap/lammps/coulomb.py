"""The split of the Coulomb sum between real space and mesh that costs least time for a cell, at a given accuracy.

The energy does not depend on it beyond that accuracy. LAMMPS itself says, for each trial, which mesh the accuracy needs
and how many pairs the cutoff has; a choice by these counts is the same on every machine, unlike one by the clock.
"""

import io
import json
import re
import tempfile
from itertools import product
from pathlib import Path

import pandas as pd
from ase import Atoms

from esgap.errors import EsgapError
from esgap.jobs.launch import launch
from esgap.lammps.data import write_data
from esgap.potential import Electrostatics, Potential
from esgap.potential_lmp import slater_coefficients
from esgap.record import hash_of, read_json, write_json

CUTOFFS = (7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0)  # Angstrom
ORDERS = (5, 7)
KEPT = "electrostatics.json"
# Milliseconds; `make bench` prints the parts of a step to compare with. Only their ratios matter for the choice.
PAIR = 2.0e-5  # a neighbour within cutoff + skin: the pair loop and its share of the neighbour lists
MESH_POINT = 8.5e-5  # four Fourier transforms and the multiplications between them
CHARGE_POINT = 2.0e-6  # charge to mesh and field back, for an atom and each of its order^3 mesh points

TRIAL = """
print "TRIAL {cutoff} {order}"
units metal
atom_style charge
read_data data.trial
neighbor 1.0 bin
pair_style coul/slater/long slater {cutoff}
pair_modify table 0
{coefficients}
kspace_style pppm {accuracy}
kspace_modify order {order}
thermo_modify warn reset
run 0
clear
"""


def choose(potential: Potential, atoms: Atoms, accuracy: float, cutoff: float | None, order: int | None, place: str, stage: Path, folder: Path) -> tuple[dict[str, str], str]:
    """The variables of `potential.lmp` that set the best split, and the split in words; neither for a potential without charges.

    All trials stand in `stage`/`place`/electrostatics.csv; they are taken from `folder`/`place` when made there of the same inputs.
    """
    if potential.electrostatics is None:
        return {}, ""
    inputs = [potential.electrostatics.model_dump(), atoms.positions.tolist(), atoms.cell.tolist(), atoms.numbers.tolist(), accuracy, cutoff, order]
    digest, kept = hash_of(inputs), folder / place / KEPT
    old = read_json(kept, "delete it") if kept.is_file() else {}
    if old.get("inputs_hash") == digest:
        trials = pd.read_json(io.StringIO(json.dumps(old["trials"])), orient="records")
    else:
        trials = split(potential, atoms, accuracy, cutoff, order)
    (stage / place).mkdir(parents=True, exist_ok=True)
    write_json(stage / place / KEPT, {"inputs_hash": digest, "trials": json.loads(trials.to_json(orient="records"))})
    trials.to_csv(stage / place / "electrostatics.csv", index=False)
    return variables(trials.iloc[0], accuracy), f"long-range sum of {potential.name}: {describe(trials.iloc[0], accuracy)} (all trials: {place}/electrostatics.csv)"


def split(potential: Potential, atoms: Atoms, accuracy: float, cutoff: float | None = None, order: int | None = None) -> pd.DataFrame:
    """The trials for `atoms`, best first: columns cutoff (Angstrom), order, mesh, pairs, screening_cut_off, milliseconds.

    `milliseconds` is the estimated time of a step on one core; trials in which a screening function S reaches beyond the cutoff
    come last. A cutoff or an order given leaves no choice of it. Raises EsgapError when lmp fails, or when every
    cutoff is too short for the densities.
    """
    es = potential.electrostatics
    cutoffs = (cutoff,) if cutoff else CUTOFFS
    orders = (order,) if order else ORDERS
    trials = pd.DataFrame(_trials(es, potential, atoms, accuracy, list(product(cutoffs, orders))))
    trials["milliseconds"] = (PAIR * trials.pairs + MESH_POINT * trials.mesh.map(_points) + CHARGE_POINT * len(atoms) * trials.order**3).round(3)
    trials = trials.sort_values(["screening_cut_off", "milliseconds"], ignore_index=True)
    if trials.screening_cut_off[0] and not cutoff:
        raise EsgapError(
            f"the densities of {potential.name} overlap beyond {max(cutoffs):g} Angstrom (smallest zeta {min(es.zeta.values()):g}/Angstrom): "
            "give `cutoff` in [electrostatics] of the study to cut them off all the same"
        )
    return trials


def describe(best: pd.Series, accuracy: float) -> str:
    """The chosen split in one line."""
    return f"cutoff {best.cutoff:g} Angstrom, pppm {accuracy:g} of order {best.order}, mesh {best.mesh}, about {best.milliseconds:.2f} ms a step on one core"


def variables(best: pd.Series, accuracy: float) -> dict[str, str]:
    """The variables of `potential.lmp` that set this split."""
    return {"coulomb_cutoff": f"{best.cutoff:g}", "coulomb_accuracy": f"{accuracy:g}", "coulomb_order": str(best.order)}


def _trials(es: Electrostatics, potential: Potential, atoms: Atoms, accuracy: float, candidates):
    """Yield a row for each (cutoff, order), all from one start of esgap's own lmp: that of the study may live on a cluster."""
    coefficients = "\n".join(slater_coefficients(potential.elements, es))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.trial", atoms, potential.elements, es.charges)
        texts = (TRIAL.format(cutoff=cutoff, order=order, accuracy=accuracy, coefficients=coefficients) for cutoff, order in candidates)
        (folder / "in.trial").write_text("".join(texts))
        try:
            launch(["lmp", "-in", "in.trial", "-log", "log.trial", "-screen", "none"], folder, folder / "log.trial")
        except EsgapError as error:
            raise EsgapError(f"the trials of the long-range sum at accuracy {accuracy:g} failed: {error}; change [electrostatics] of the study: a larger order or a lower accuracy needs a coarser mesh") from error
        logs = re.split(r"^TRIAL .*$", (folder / "log.trial").read_text(), flags=re.M)[1:]
    for (cutoff, order), log in zip(candidates, logs, strict=True):
        yield {
            "cutoff": cutoff,
            "order": order,
            "mesh": "x".join(re.search(r"grid = (\d+) (\d+) (\d+)", log).groups()),
            "pairs": int(re.search(r"Total # of neighbors = (\d+)", log)[1]),
            "screening_cut_off": "is cut off" in log,
        }


def _points(mesh: str) -> int:
    nx, ny, nz = map(int, mesh.split("x"))
    return nx * ny * nz
