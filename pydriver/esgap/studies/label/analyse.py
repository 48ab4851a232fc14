"""The labels as a table, and whether they are sound."""

from typing import Annotated

import numpy as np
from ase import Atoms
from ase.io import read
from ase.units import GPa

from esgap.jobs.job import Job
from esgap.record import read_json
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.label.study import Study

METHOD = "Energy, forces and stress of each configuration as it is; pressure = trace of the virial / 3 V."
NET_FORCE = 0.02  # eV/Angstrom an atom: more is not the noise of a grid


class LabelRow(Row):
    """One labelled configuration."""

    configuration: Annotated[str, Column("configuration")]
    atoms: Annotated[int, Column("atoms")]
    energy_per_atom: Annotated[Quantity | None, Column("energy/atom", "{:.4f}", "eV")] = None
    max_force: Annotated[Quantity | None, Column("force", "{:.3f}", "eV/Angstrom", "the largest on an atom")] = None
    net_force: Annotated[Quantity | None, Column("net force", "{:.4f}", "eV/Angstrom", "sum of the forces an atom, the noise of the method", shown=False)] = None
    pressure: Annotated[Quantity | None, Column("pressure", "{:.2f}", "GPa")] = None
    seconds: Annotated[Quantity, Column("time", "{:.0f}", "s")]


TABLES = {"labels": LabelRow}


def analyse(study: Study, runs: Runs) -> Result:
    """A row for each finished calculation."""
    rows = [row(job, read(runs.folder / job.inputs["configuration"]), content(runs, job)) for job in runs.select()]
    return Result(kind=study.kind, title=study.title, method=METHOD, tables={"labels": rows})


def content(runs: Runs, job: Job) -> dict:
    """The label.json of a job."""
    return read_json(runs.folder / job.name / "label.json", f"delete {runs.folder / job.name} to compute it again")


def row(job: Job, atoms: Atoms, label: dict) -> LabelRow:
    """One row; a calculation that did not converge has its reason as the verdict."""
    known = {"configuration": job.tags["configuration"], "atoms": len(atoms), "seconds": label["seconds"]}
    if "reason" in label:
        return LabelRow(verdict=label["reason"], **known)
    forces = np.array(label["forces"])
    net = float(np.linalg.norm(forces.sum(axis=0)) / len(atoms))
    return LabelRow(
        energy_per_atom=label["energy"] / len(atoms),
        max_force=float(np.linalg.norm(forces, axis=1).max()),
        net_force=net,
        pressure=float(np.trace(label["virial"])) / 3 / atoms.get_volume() / GPa if label["virial"] else None,
        verdict=OK if net < NET_FORCE else f"net force of {net:.3f} eV/Angstrom an atom: the grid is too coarse",
        **known,
    )
