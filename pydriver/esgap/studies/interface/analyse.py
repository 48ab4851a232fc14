"""Formation energy and site fraction at each depth."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd

from esgap.physics.estimate import Estimate
from esgap.physics.potential_drop import EnergyCurve, site_fraction
from esgap.record import read_json
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.interface.deck import ENERGIES, LOWEST, PROFILE, SOURCE, WHAT, along
from esgap.studies.interface.study import Study

METHOD = (
    "Field = -d potential/d depth, along the direction from the interface into the crystal. Formation energies between those of the frenkel run by a spline, never beyond its fields "
    "nor beyond the field in which the pair is no longer what was made. Site fraction 1/(1 + exp(E_f/kT)): pairs that do not see each other and do not change the field. "
    "Fig. 4 and 5 of doi:10.1021/acsaem.1c02363."
)
POTENTIAL, SUPERCELL, PAIR = Column("potential"), Column("cell", meaning="supercell of the frenkel run"), Column("pair", meaning="as in the frenkel run; or the lowest state known in each field")
DIRECTION = Column("into", meaning="direction from the interface into the crystal")


class Interface(Row):
    """One pair below the interface."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    pair: Annotated[str, PAIR]
    direction: Annotated[str, DIRECTION]
    field: Annotated[Quantity, Column("field", "{:+.3f}", "V/Angstrom", "the largest, along the direction")]
    bulk: Annotated[Quantity, Column("E_f bulk", "{:.3f}", "eV", "without field")]
    lowest: Annotated[Quantity | None, Column("E_f lowest", "{:.3f}", "eV", "below the interface")] = None
    at: Annotated[Quantity | None, Column("at", "{:.1f}", "Angstrom", "depth of that")] = None
    fraction: Annotated[Quantity | None, Column("fraction", "{:.2e}", "1", "of the sites that hold a pair, at that depth")] = None
    gain: Annotated[Quantity | None, Column("x bulk", "{:.3g}", "1", "that fraction over the one without field")] = None
    stable: Annotated[Quantity | None, Column("E_f < 0 over", "{:.1f}", "Angstrom", "thickness of what costs nothing: more than half of the sites hold a pair")] = None
    interpolation: Annotated[Quantity | None, Column("miss", "{:.3f}", "eV", "by which the curve through the other fields misses one at most", shown=False)] = None


class Depth(Row):
    """One pair at one depth."""

    printed: ClassVar[bool] = False

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    pair: Annotated[str, PAIR]
    direction: Annotated[str, DIRECTION]
    depth: Annotated[float, Column("depth", "{:.2f}", "Angstrom", "below the interface")]
    drop: Annotated[Quantity, Column("potential", "{:.3f}", "V", "electrostatic, against the bulk")]
    field: Annotated[Quantity, Column("field", "{:+.4f}", "V/Angstrom", "along the direction")]
    formation_energy: Annotated[Quantity | None, Column("E_f", "{:.3f}", "eV")]
    fraction: Annotated[Quantity | None, Column("fraction", "{:.2e}", "1", "of the sites that hold a pair")]


TABLES = {"interface": Interface, "profile": Depth}


def analyse(study: Study, runs: Runs) -> Result:
    """Each pair of the energies along each direction."""
    energies, drop = pd.read_csv(runs.folder / ENERGIES, keep_default_na=False, na_values=[""]), pd.read_csv(runs.folder / PROFILE)
    source = read_json(runs.folder / SOURCE, "write the deck again")
    depths = [rows for direction in study.directions for rows in pairs(study, energies, drop, direction)]
    tables = {"interface": [one for one, _ in depths], "profile": [row for _, rows in depths for row in rows]}
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=[f"energies from {source['folder']}, whose result.json has the SHA-256 {source['sha256']}"])


def pairs(study: Study, energies: pd.DataFrame, drop: pd.DataFrame, direction: str) -> Iterator[tuple[Interface, list[Depth]]]:
    """The summary and the depths of each pair that has fields along a direction."""
    label, sign = along(direction, energies.direction)
    for names, points in energies[energies.direction == label].groupby([*WHAT, "states"], sort=False):
        what = dict(zip(WHAT, names)) | {"direction": direction}
        held = branch(points)
        if len(held) > 1:
            yield below(study, what, points, held, drop, sign)
        else:
            end = f"the pair is not what was made in any field: {_why(points, held, points.field.to_numpy())}"
            field, bulk = float(drop.field[drop.field.abs().idxmax()]), float(points.formation_energy[points.field == 0].iloc[0])
            yield Interface(**what, field=field, bulk=bulk, verdict=end), []


def branch(points: pd.DataFrame) -> pd.DataFrame:
    """The points about zero field in which the state is held, by field; with the one without field, which may be another."""
    points = points.sort_values("field")
    up, down = points[points.field > 0], points[points.field < 0][::-1]
    return pd.concat([down[down.held.cummin()][::-1], points[points.field == 0], up[up.held.cummin()]])


def below(study: Study, what: dict, points: pd.DataFrame, held: pd.DataFrame, drop: pd.DataFrame, sign: int) -> tuple[Interface, list[Depth]]:
    """The rows of one pair. `points`: all of its energies along a direction; `held`: those of its branch; `drop`: depth, potential, field; `sign`: -1 below an interface in the other."""
    fields = sign * drop.field.to_numpy()
    energies = [interval(held, end, fields) for end in ("formation_energy", "formation_energy_low", "formation_energy_high")]
    known = np.isfinite(energies[0])
    rows = [depth(study, what, *numbers) for numbers in zip(drop.depth.tolist(), drop.potential.tolist(), drop.field.tolist(), *energies)]
    bulk = held[held.field == 0].iloc[0]
    found = {
        "field": float(drop.field[drop.field.abs().idxmax()]),
        "bulk": Estimate(*_numbers(bulk.formation_energy, bulk.formation_energy_low, bulk.formation_energy_high)),
        "interpolation": curve(held).miss(),
        "verdict": "; ".join(_verdicts(points, held, fields, known)) or OK,
    }
    if known.any():
        best = rows[int(np.nanargmin(energies[0]))]
        alone = float(site_fraction(bulk.formation_energy, study.temperature))
        thick = Estimate(thickness(drop.depth.to_numpy(), energies[0]), method="piecewise linear between depths")
        found |= {"lowest": best.formation_energy, "at": best.depth, "fraction": best.fraction, "gain": best.fraction.value / alone if alone else None, "stable": thick}
    return Interface(**what, **found), rows


def curve(held: pd.DataFrame, column: str = "formation_energy") -> EnergyCurve:
    """A column of the energies against the field; the lowest known states make a curve with kinks."""
    return EnergyCurve(held.field.to_numpy(), held[column].to_numpy(float), order=1 if (held.states == LOWEST).all() else 3)


def interval(held: pd.DataFrame, column: str, fields: np.ndarray) -> np.ndarray:
    """A column of the energies at other fields; nan beyond the branch, and where the results have no such interval."""
    return curve(held, column)(fields) if held[column].notna().all() else np.full(len(fields), np.nan)


def depth(study: Study, what: dict, at: float, potential: float, field: float, *energy: float) -> Depth:
    """The row of one depth; `energy`: value, low, high, nan for what is not known."""
    value, low, high = _numbers(*energy)
    row = {**what, "depth": at, "drop": potential, "field": field}
    if value is None:
        return Depth(**row, formation_energy=None, fraction=None, verdict="beyond the branch of the pair")
    fraction, most, least = (None if one is None else float(site_fraction(one, study.temperature)) for one in (value, low, high))
    return Depth(**row, formation_energy=Estimate(value, low, high, "between the fields of the frenkel run"), fraction=Estimate(fraction, least, most))


def _numbers(*values: float) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _verdicts(points: pd.DataFrame, held: pd.DataFrame, fields: np.ndarray, known: np.ndarray) -> Iterator[str]:
    if (zero := points[points.field == 0].iloc[0]).found != OK:
        yield f"without field {zero.found}"
    low, high = held.field[held.field <= fields.min()].max(), held.field[held.field >= fields.max()].min()  # nan beyond the branch
    doubtful = held[(held.field != 0) & (held.found != OK) & ~(held.field < low) & ~(held.field > high)]
    for one in doubtful.sort_values("field", key=abs).head(1).itertuples():
        more = f"; {len(doubtful) - 1} more such energ{'y' if len(doubtful) == 2 else 'ies'} of the frenkel run" if len(doubtful) > 1 else ""
        yield f"at {one.field:+g} V/Angstrom along {one.direction} {one.found}{more}"
    if not known.all():
        yield f"no energy at {int((~known).sum())} of {len(fields)} depths: {_why(points, held, fields[~known])}"


def thickness(depth: np.ndarray, energy: np.ndarray) -> float:
    """How much of the depth (Angstrom) has a negative energy; straight lines between the depths, pieces without an energy left out."""
    total = 0.0
    for width, one, other in zip(np.diff(depth), energy[:-1], energy[1:]):
        low, high = min(one, other), max(one, other)
        if low < 0:
            total += width * (1.0 if high <= 0 else -low / (high - low))
    return float(total)


def _why(points: pd.DataFrame, held: pd.DataFrame, lost: np.ndarray) -> str:
    """What the next points are beyond the ends of a branch, on the sides of the `lost` fields."""
    low, high = held.field.min(), held.field.max()
    below, above = points[points.field < low].sort_values("field").tail(1), points[points.field > high].sort_values("field").head(1)
    beyond = [*(below.itertuples() if (lost < low).any() else ()), *(above.itertuples() if (lost > high).any() else ())]
    return "; ".join(f"at {one.field:+g} V/Angstrom along {one.direction} {one.found}" for one in beyond) or f"fields from {low:g} to {high:g} V/Angstrom"
