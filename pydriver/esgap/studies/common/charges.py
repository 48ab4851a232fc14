"""Charges that stand beside others, and the environments of atoms: keys and reading of the kinds that compare charges."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, ValidationInfo, model_validator

from esgap.errors import EsgapError
from esgap.potential import Potential
from esgap.studies.sections import Positive, Section

TABLE = "charges.csv"  # of a run folder of kind locality


def _folder_or_name(place: str, info: ValidationInfo) -> str:
    """A folder beside the study comes first; else the name is looked up by Potential.load."""
    beside = (info.context or {}).get("folder", Path()) / place
    return str(beside) if beside.is_dir() else place


Place = Annotated[str, AfterValidator(_folder_or_name)]


class Polyanions(Section):
    """What is bonded to what; lengths in Angstrom."""

    centre: str = "P"
    """Element in the middle of a polyanion."""
    ligand: str = "S"
    """Element around it: terminal with one centre, bridging with several."""
    bond: Positive = 2.75
    """Longest bond of centre and ligand, so long that vibrations at 1000 K do not break it."""
    centre_bond: Positive = 2.6
    """Longest bond of two centres, as in P2S6."""
    contact: Positive = 3.0
    """Other ions belong to the polyanions whose ligands are nearer than this."""

    @model_validator(mode="after")
    def _two_elements(self):
        if self.centre == self.ligand:
            raise ValueError(f"centre and ligand are both {self.centre}: give two elements")
        return self


def fitted_charges(place: str) -> dict[str, dict]:
    """Element -> value, low, high (e) of a locality result or a potential."""
    file = Path(place) / TABLE
    if file.is_file():
        table = pd.read_csv(file)
        if lost := {"element", "charge", "charge_low", "charge_high"} - set(table):
            raise EsgapError(f"{file} has no column {', '.join(sorted(lost))}: name the run folder of a study of kind locality, or a potential")
        return {row.element: {"value": row.charge, "low": _known(row.charge_low), "high": _known(row.charge_high)} for row in table.itertuples()}
    potential = Potential.load(place)
    if potential.electrostatics is None:
        raise EsgapError(f"the potential {place} has no charges: name one with electrostatics")
    return {symbol: {"value": charge, "low": None, "high": None} for symbol, charge in potential.electrostatics.charges.items()}


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
