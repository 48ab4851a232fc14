"""Born charges by element, environment and atom, beside the charges of models; the permittivity with its checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from ase import Atoms
from ase.io import read

from esgap.physics.born import charges, permittivity, permittivity_of_energies
from esgap.physics.polyanions import Network, environments
from esgap.record import read_json
from esgap.studies.born.deck import CELL, FITTED, FOUND, SIGNS, too_strong
from esgap.studies.born.study import Study
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs

METHOD = (
    "Z*_{i,ab} = [F_ia(+E_b) - F_ia(-E_b)] / 2E at fixed ions (doi:10.1103/PhysRevLett.89.117602, doi:10.1103/PhysRevLett.89.157602); the charge of an atom is a third of the trace. "
    "eps_inf from the change of the Berry-phase dipole, on the branch nearest to zero, and beside it from the second difference of energies. "
    "Charges fitted to induced forces are about Z*/sqrt(eps_inf)."
)
ALL, MEAN = "all", "mean"
SUM_RULE = 0.01  # e an atom: a larger sum of the charges over the cell is no noise of the forces
AGREEMENT = 0.03  # of eps - 1, between dipoles and energies and between eps_ab and eps_ba


class Dielectric(Row):
    """The response of the electrons to a field along one axis; last the mean."""

    field: Annotated[str, Column("field along")]
    eps: Annotated[Quantity | None, Column("eps_inf", "{:.3f}", "1", "along the field, from dipoles; last a third of the trace")] = None
    from_energies: Annotated[Quantity | None, Column("of energies", "{:.3f}", "1", "the same from the second difference of energies")] = None
    root: Annotated[Quantity | None, Column("root", "{:.3f}", "1", "sqrt(eps_inf)")] = None
    eps_x: Annotated[Quantity | None, Column("eps x", "{:.3f}", "1", "component of the tensor: dipole along x", shown=False)] = None
    eps_y: Annotated[Quantity | None, Column("eps y", "{:.3f}", "1", "dipole along y", shown=False)] = None
    eps_z: Annotated[Quantity | None, Column("eps z", "{:.3f}", "1", "dipole along z", shown=False)] = None
    sum_rule: Annotated[Quantity | None, Column("sum rule", "{:.4f}", "e", "sum of Z* over the cell an atom: largest component; last that of the charges")] = None


class BornCharge(Row):
    """The Born charge of the atoms of one element in one environment."""

    element: Annotated[str, Column("element")]
    environment: Annotated[str, Column("environment", meaning="polyanion and place in it; of other ions the polyanions that they touch")]
    atoms: Annotated[int, Column("atoms")]
    born: Annotated[Quantity, Column("Z*", "{:+.3f}", "e", "mean of a third of the trace")]
    spread: Annotated[Quantity, Column("spread", "{:.3f}", "e", "standard deviation over the atoms")]
    smallest: Annotated[Quantity, Column("from", "{:+.3f}", "e", "smallest")]
    largest: Annotated[Quantity, Column("to", "{:+.3f}", "e", "largest")]


class FittedCharge(Row):
    """The charge of an element in an electrostatic model, beside its Born charge."""

    element: Annotated[str, Column("element")]
    model: Annotated[str, Column("model", meaning="name given in the study")]
    charge: Annotated[Quantity, Column("charge", "{:+.3f}", "e")]
    screened: Annotated[Quantity, Column("screened", "{:+.3f}", "e", "Z*/sqrt(eps_inf)")]
    ratio: Annotated[Quantity | None, Column("ratio", "{:.2f}", "1", "Z* over the charge")]
    root: Annotated[Quantity, Column("root", "{:.2f}", "1", "sqrt(eps_inf): what the ratio is when the charges carry the screening of the electrons")]


class AtomCharge(Row):
    """The Born tensor of one atom: xy is the force along x in a field along y."""

    printed = False
    atom: Annotated[int, Column("atom", meaning="id, from 1")]
    element: Annotated[str, Column("element")]
    environment: Annotated[str, Column("environment")]
    born: Annotated[Quantity, Column("Z*", "{:+.3f}", "e", "a third of the trace")]
    xx: Annotated[Quantity | None, Column("xx", "{:+.3f}", "e")] = None
    xy: Annotated[Quantity | None, Column("xy", "{:+.3f}", "e")] = None
    xz: Annotated[Quantity | None, Column("xz", "{:+.3f}", "e")] = None
    yx: Annotated[Quantity | None, Column("yx", "{:+.3f}", "e")] = None
    yy: Annotated[Quantity | None, Column("yy", "{:+.3f}", "e")] = None
    yz: Annotated[Quantity | None, Column("yz", "{:+.3f}", "e")] = None
    zx: Annotated[Quantity | None, Column("zx", "{:+.3f}", "e")] = None
    zy: Annotated[Quantity | None, Column("zy", "{:+.3f}", "e")] = None
    zz: Annotated[Quantity | None, Column("zz", "{:+.3f}", "e")] = None


TABLES = {"born": BornCharge, "dielectric": Dielectric, "fitted": FittedCharge, "atoms": AtomCharge}


@dataclass(frozen=True)
class Response:
    """What a field along one axis does."""

    charges: np.ndarray  # (N, 3) e
    eps: np.ndarray  # (3,)
    from_energies: float | None


def analyse(study: Study, runs: Runs) -> Result:
    """Differences of the finished calculations. What has no result keeps its reason; means are over the directions that are there, and say so."""
    atoms = read(runs.folder / CELL)
    found = [response(study, runs, atoms, axis) for axis in range(3)]
    known = [axis for axis in range(3) if isinstance(found[axis], Response)]
    tables: dict[str, list] = {name: [] for name in TABLES} | {"dielectric": [dielectric("xyz"[axis], axis, found[axis]) for axis in range(3)]}
    if known:
        verdict = OK if len(known) == 3 else f"only of fields along {', '.join('xyz'[axis] for axis in known)}"
        tensor = np.full((len(atoms), 3, 3), np.nan)
        for axis in known:
            tensor[:, :, axis] = found[axis].charges
        born = np.mean([tensor[:, axis, axis] for axis in known], axis=0)
        eps = float(np.mean([found[axis].eps[axis] for axis in known]))
        places = environments(atoms, Network(**study.polyanions.model_dump())) if study.polyanions else [ALL] * len(atoms)
        tables["born"] = list(by_element(np.array(atoms.symbols), np.array(places), born, verdict))
        tables["dielectric"].append(mean(found, eps, float(born.mean()), verdict))
        tables["fitted"] = list(beside(read_json(runs.folder / FITTED, "write the deck again"), tables["born"], eps**0.5, verdict)) if eps > 0 else []
        tables["atoms"] = [
            AtomCharge(atom=i + 1, element=symbol, environment=place, born=charge, verdict=verdict, **{"xyz"[a] + "xyz"[b]: one[a, b] for a in range(3) for b in known})
            for i, (symbol, place, charge, one) in enumerate(zip(atoms.symbols, places, born, tensor))
        ]
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables)


def response(study: Study, runs: Runs, atoms: Atoms, axis: int) -> Response | str:
    """Of the field along an axis, or why there is none."""
    if reason := too_strong(study, axis, atoms.cell.array):
        return reason
    contents = [content(runs, what="field", axis=axis, sign=sign) for sign in SIGNS.values()]
    if reason := next((one["reason"] for one in contents if "reason" in one), ""):
        return reason
    plus, minus = contents
    zero, cell = content(runs, what="zero").get("energy"), atoms.cell.array
    return Response(
        charges(np.array(plus["forces"]), np.array(minus["forces"]), study.field),
        permittivity(np.array(plus["dipole"]), np.array(minus["dipole"]), study.field, axis, cell),
        None if zero is None else permittivity_of_energies(plus["energy"], zero, minus["energy"], study.field, cell),
    )


def content(runs: Runs, **tags) -> dict:
    """What a calculation left; a reason where it is not finished."""
    job = runs.find(**tags)
    return read_json(runs.path(job, FOUND), f"delete {runs.folder / job.name} to compute it again") if job else {"reason": "not finished"}


def dielectric(name: str, axis: int, found: Response | str) -> Dielectric:
    """The row of a direction."""
    if isinstance(found, str):
        return Dielectric(field=name, verdict=found)
    eps, total = found.eps[axis], np.abs(found.charges.mean(axis=0)).max()
    verdict = OK
    if eps < 1:
        verdict = "eps_inf below 1: the field is too small, or the dipole left its branch"
    elif total > SUM_RULE:
        verdict = f"charges sum to {total:.3f} e an atom"
    elif found.from_energies is None or abs(found.from_energies - eps) > AGREEMENT * (eps - 1):
        verdict = "dipoles and energies disagree" if found.from_energies is not None else "no energy without field"
    return Dielectric(
        field=name, eps=eps, from_energies=found.from_energies, root=max(eps, 0) ** 0.5, eps_x=found.eps[0], eps_y=found.eps[1], eps_z=found.eps[2], sum_rule=total, verdict=verdict
    )


def mean(found: list[Response | str], eps: float, net: float, verdict: str) -> Dielectric:
    """The row of the mean; the tensor must be symmetric."""
    known = [one for one in found if isinstance(one, Response)]
    energies = [one.from_energies for one in known if one.from_energies is not None]
    if len(known) == 3:
        tensor = np.array([one.eps for one in known])
        if (off := float(np.abs(tensor - tensor.T).max())) > AGREEMENT * (eps - 1):
            verdict = f"tensor not symmetric by {off:.2f}"
    return Dielectric(field=MEAN, eps=eps, from_energies=float(np.mean(energies)) if energies else None, root=max(eps, 0) ** 0.5, sum_rule=abs(net), verdict=verdict)


def by_element(symbols: np.ndarray, places: np.ndarray, born: np.ndarray, verdict: str) -> Iterator[BornCharge]:
    """All atoms of an element, then its environments, the most frequent first."""
    for symbol in dict.fromkeys(symbols):
        names, counts = np.unique(places[symbols == symbol], return_counts=True)
        for name in [ALL, *(name for name in names[np.argsort(-counts, kind="stable")] if name != ALL)]:
            z = born[(symbols == symbol) & ((places == name) | (name == ALL))]
            yield BornCharge(element=symbol, environment=name, atoms=len(z), born=z.mean(), spread=z.std(), smallest=z.min(), largest=z.max(), verdict=verdict)


def beside(fitted: dict[str, dict], rows: list[BornCharge], root: float, verdict: str) -> Iterator[FittedCharge]:
    """A row for each element and model that has a charge of it."""
    for row in rows:
        for model, known in fitted.items():
            if row.environment == ALL and row.element in known:
                z, charge = row.born.value, known[row.element]
                yield FittedCharge(
                    element=row.element, model=model, charge=Quantity(unit="e", method="" if charge["low"] is None else "of the fit", **charge),
                    screened=z / root, ratio=z / charge["value"] if charge["value"] else None, root=root, verdict=verdict,
                )  # fmt: skip
