"""Mean and spread of the charges by element and environment."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from ase.io import read

from esgap.physics.estimate import Estimate, standard_errors
from esgap.physics.polyanions import Network, environments
from esgap.record import read_json
from esgap.studies.charges.deck import CELLS, CHARGE, FITTED
from esgap.studies.charges.study import Study
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs

METHOD = (
    "Mean over configurations of the mean over the atoms of an environment, intervals from the scatter between configurations (Student's t); spread: standard deviation "
    "over all atoms. A Hirshfeld charge divides the electron density in proportion to those of free atoms and is small; it shows which atoms differ, not how "
    "strongly they interact. Charges fitted to induced forces are about Z*/sqrt(eps_inf)."
)
ALL = "all"
FEW = 3  # configurations; fewer give no interval


class SiteCharge(Row):
    """The charge of the atoms of one element in one environment."""

    element: Annotated[str, Column("element")]
    environment: Annotated[str, Column("environment", meaning="polyanion and place in it; of other ions the polyanions that they touch")]
    atoms: Annotated[int, Column("atoms", meaning="in all configurations")]
    configurations: Annotated[int, Column("configurations", meaning="with such atoms")]
    charge: Annotated[Quantity, Column("charge", "{:+.3f}", "e", "of the reference calculation")]
    spread: Annotated[Quantity, Column("spread", "{:.3f}", "e", "standard deviation over the atoms")]


class FittedCharge(Row):
    """The charge of an element in an electrostatic model, beside the mean of the reference."""

    element: Annotated[str, Column("element")]
    model: Annotated[str, Column("model", meaning="name given in the study")]
    charge: Annotated[Quantity, Column("charge", "{:+.3f}", "e")]
    reference: Annotated[Quantity, Column("reference", "{:+.3f}", "e", "mean over all atoms of the element")]
    ratio: Annotated[Quantity, Column("ratio", "{:.1f}", "1", "charge over reference")]


TABLES = {"sites": SiteCharge, "fitted": FittedCharge}


def analyse(study: Study, runs: Runs) -> Result:
    """Tell the environments and average."""
    cells = read(runs.folder / CELLS, ":", format="extxyz")
    network = Network(**study.polyanions.model_dump())
    symbols = np.concatenate([np.array(atoms.symbols) for atoms in cells])
    group = np.repeat(np.arange(len(cells)), [len(atoms) for atoms in cells])
    charges = np.concatenate([atoms.arrays[CHARGE] for atoms in cells])
    places = np.concatenate([environments(atoms, network) for atoms in cells])
    sites = [row for symbol in dict.fromkeys(symbols) for row in site_rows(symbol, symbols, places, charges, group)]
    fitted = list(fitted_rows(read_json(runs.folder / FITTED, "write the deck again"), {row.element: row.charge.value for row in sites if row.environment == ALL}))
    return Result(kind=study.kind, title=study.title, method=METHOD, tables={"sites": sites, "fitted": fitted})


def site_rows(symbol: str, symbols: np.ndarray, places: np.ndarray, charges: np.ndarray, group: np.ndarray) -> Iterator[SiteCharge]:
    """All atoms of the element, then its environments, the most frequent first."""
    mine = symbols == symbol
    names, counts = np.unique(places[mine], return_counts=True)
    for name in [ALL, *names[np.argsort(-counts, kind="stable")]]:
        mask = mine if name == ALL else mine & (places == name)
        found = mean(charges[mask], group[mask])
        yield SiteCharge(
            element=symbol,
            environment=name,
            atoms=int(mask.sum()),
            configurations=len(np.unique(group[mask])),
            charge=found,
            spread=float(np.std(charges[mask])),
            verdict=OK if found.low is not None else f"in less than {FEW} configurations",
        )


def mean(charges: np.ndarray, group: np.ndarray) -> Estimate:
    """Mean of the groups' means; atoms of one configuration are not independent."""
    means = np.array([charges[group == g].mean() for g in np.unique(group)])
    if len(means) < FEW:
        return Estimate(float(means.mean()), method=f"mean of {len(means)} configurations")
    error = standard_errors(len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return Estimate(float(means.mean()), float(means.mean() - error), float(means.mean() + error), f"mean of {len(means)} configurations, Student's t")


def fitted_rows(fitted: dict[str, dict], reference: dict[str, float]) -> Iterator[FittedCharge]:
    """A row for each element and model that has a charge of it."""
    for element, known in reference.items():
        for model, found in fitted.items():
            if element in found:
                charge = Estimate(**found[element], method="" if found[element]["low"] is None else "of the fit")
                yield FittedCharge(element=element, model=model, charge=charge, reference=known, ratio=charge.value / known)
