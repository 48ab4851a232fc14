"""Conductivities, Haven ratio, Arrhenius line, hops and paths from the finished runs."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from esgap.errors import EsgapError
from esgap.physics.arrhenius import arrhenius
from esgap.physics.estimate import Estimate
from esgap.physics.hops import Hopping, hopping
from esgap.physics.displacement import mean_squared_displacement
from esgap.physics.transport import Transport, quotient, running, transport
from esgap.record import read_json, sha256, write_text
from esgap.studies.contract import OK, Column, Quantity, Result, Row, Runs
from esgap.studies.md.read import Pool, pools
from esgap.studies.md.study import Study

METHOD = (
    "Unwrapped positions without the mean displacement of the immobile atoms; D* = slope / 6 of the mean squared displacement over all origins, "
    "generalised least squares with intercept from t0 on; sigma_NE = N z^2 e^2 D* / (V kB T) with the formal charge z; collective conductivity from the "
    "squared displacement of the charge; Haven ratio = sigma_NE / sigma_collective. Intervals at 95 %: the wider of windows and blocks of time, the ratio "
    "from blocks in pairs. Seeds are pooled. A hop leads from one maximum of the density of the mobile ions to another."
)
STRAIGHT = 0.05  # probability below which an Arrhenius line is doubted
BEST = 10  # paths in the table


class Conductivity(Row):
    """Runs of one potential at one temperature, pooled."""

    potential: Annotated[str, Column("potential")]
    temperature: Annotated[float, Column("T", "{:g}", "K")]
    runs: Annotated[int, Column("runs", meaning="seeds")]
    length: Annotated[Quantity, Column("length", "{:.0f}", "ps", "of all runs together")]
    volume: Annotated[Quantity, Column("V", "{:.1f}", "Angstrom^3", "of the cell", shown=False)]
    measured_temperature: Annotated[Quantity | None, Column("measured T", "{:.0f}", "K", "mean over the runs", shown=False)]
    diffusion_coefficient: Annotated[Quantity, Column("D*", "{:.4g}", "Angstrom^2/ps", "of the mobile ions")]
    diffusion_later: Annotated[Quantity, Column("D* from 2 t0", "{:.4g}", "Angstrom^2/ps", "fitted from twice the shortest lag on", shown=False)]
    fit_from: Annotated[Quantity, Column("t0", "{:g}", "ps", "shortest lag of the fit", shown=False)]
    conductivity_nernst_einstein: Annotated[Quantity, Column("sigma_NE", "{:.4g}", "mS/cm", "Nernst-Einstein")]
    conductivity_collective: Annotated[Quantity, Column("sigma_coll", "{:.4g}", "mS/cm", "from the displacement of the charge")]
    haven_ratio: Annotated[Quantity | None, Column("Haven", "{:.2f}", "", "sigma_NE / sigma_coll; none where one of them is not above zero")]
    hops_per_ion: Annotated[Quantity, Column("hops/ion", "{:.1f}", "")]
    residence: Annotated[Quantity | None, Column("residence", "{:.2f}", "ps", "mean stay at a site", shown=False)]


class Comparison(Row):
    """Conductivity of one potential over that of the first, same temperature."""

    potential: Annotated[str, Column("potential")]
    reference: Annotated[str, Column("over")]
    temperature: Annotated[float, Column("T", "{:g}", "K")]
    ratio_nernst_einstein: Annotated[Quantity, Column("ratio of sigma_NE", "{:.2f}", "")]
    ratio_collective: Annotated[Quantity, Column("ratio of sigma_coll", "{:.2f}", "")]
    differ: Annotated[str, Column("they", meaning="whether the interval of the ratio of sigma_NE leaves out 1")]


class Line(Row):
    """Arrhenius line of sigma_NE."""

    potential: Annotated[str, Column("potential")]
    temperatures: Annotated[str, Column("T", unit="K")]
    activation_energy: Annotated[Quantity, Column("E_a", "{:.3f}", "eV")]
    extrapolated_to: Annotated[float, Column("at T", "{:g}", "K")]
    conductivity_extrapolated: Annotated[Quantity, Column("sigma_NE there", "{:.3g}", "mS/cm")]


class Link(Row):
    """A connection between two sites, both ways, by its contribution to transport."""

    potential: Annotated[str, Column("potential")]
    temperature: Annotated[float, Column("T", "{:g}", "K")]
    rank: Annotated[int, Column("rank")]
    sites: Annotated[str, Column("sites")]
    count: Annotated[int, Column("hops", "{:d}")]
    rate: Annotated[Quantity, Column("rate", "{:.3g}", "1/ns", "hops an ion and time")]
    length: Annotated[Quantity, Column("length", "{:.2f}", "Angstrom")]
    contribution: Annotated[Quantity, Column("contribution", "{:.3f}", "", "share of the squared charge displacement of all events")]
    correlated: Annotated[Quantity, Column("correlated", "{:.2f}", "", "share of its hops that happen together with others")]
    net: Annotated[Quantity, Column("net", "{:.2f}", "", "share of its hops that are not undone by one the other way")]


class Lasting(Row):
    """Bonds that should last, in one run."""

    potential: Annotated[str, Column("potential")]
    temperature: Annotated[float, Column("T", "{:g}", "K")]
    run: Annotated[str, Column("run")]
    length: Annotated[Quantity, Column("length", "{:.0f}", "ps")]
    bonds: Annotated[int, Column("bonds", "{:d}")]
    longest: Annotated[Quantity, Column("longest", "{:.2f}", "Angstrom", "in any frame")]
    opened: Annotated[int, Column("opened", "{:d}", meaning="bonds beyond the limit for longer than the study allows")]
    first: Annotated[Quantity | None, Column("first", "{:g}", "ps", "when the first of them opened")]


TABLES = {"conductivity": Conductivity, "comparison": Comparison, "arrhenius": Line, "bonds": Lasting, "paths": Link}


def analyse(study: Study, runs: Runs) -> Result:
    """Result of the finished runs; writes hops.csv, sites.csv, msd.csv and convergence.csv beside it."""
    found = [(pool, hopping([run.positions for run in pool.runs], pool.ids, pool.runs[0].interval, pool.cell)) for pool in pools(study, runs)]
    values = [transport(pool.runs, pool.conditions, hops.per_ion, study.transport.fit_from) for pool, hops in found]
    _write(runs, "msd", [_msd(pool) for pool, _ in found])
    _write(runs, "convergence", [_convergence(pool, value) for (pool, _), value in zip(found, values)])
    _write(runs, "sites", [_tagged(pool, hops.site_table()) for pool, hops in found])
    _write(runs, "hops", [_hops(pool, hops) for pool, hops in found])
    rows = [conductivity(pool, hops, value) for (pool, hops), value in zip(found, values)]
    references = _reference(study.reference) if study.reference else rows
    tables = {
        "conductivity": rows,
        "comparison": comparison(rows, references),
        "arrhenius": lines(rows, study.transport.extrapolate),
        "bonds": [row for pool, _ in found for row in lasting(pool)],
        "paths": [row for pool, hops in found for row in best_paths(pool, hops)],
    }
    notes = list(dict.fromkeys(note for pool, _ in found for note in pool.notes))
    if study.reference and not {row.temperature for row in rows} & {row.temperature for row in references}:
        notes.append(f"nothing is compared: the reference {study.reference} has none of the temperatures {', '.join(f'{row.temperature:g} K' for row in rows)}")
    if study.trajectory:
        notes += [f"{file} has the SHA-256 {sha256(file)}" for file in study.trajectory.files]
    return Result(kind=study.kind, title=study.title, method=METHOD, tables=tables, notes=notes)


def conductivity(pool: Pool, hops: Hopping, value: Transport) -> Conductivity:
    """The row of a pool."""
    broken = f"{pool.broken} run{'s' * (pool.broken > 1)} broke, two atoms fell into each other: only what came before counts (see notes)" if pool.broken else ""
    return Conductivity(
        potential=pool.potential,
        temperature=pool.temperature,
        runs=len(pool.runs),
        length=value.length,
        volume=pool.conditions.volume,
        measured_temperature=pool.measured,
        diffusion_coefficient=value.diffusion,
        diffusion_later=value.diffusion_later,
        fit_from=value.start,
        conductivity_nernst_einstein=value.nernst_einstein,
        conductivity_collective=value.collective,
        haven_ratio=value.haven if np.isfinite(value.haven.value) else None,
        hops_per_ion=hops.per_ion,
        residence=hops.residence,
        verdict="; ".join(filter(None, (broken, value.verdict if value.verdict != OK else ""))) or OK,
    )


def _reference(folder: Path) -> list[Conductivity]:
    """The conductivities of another run folder. Raises EsgapError when it holds none of this version."""
    remedy = f"finish it with `esgap run STUDY.toml -o {folder}`"
    if not (folder / "result.json").is_file():
        raise EsgapError(f"the reference {folder} holds no result.json: {remedy}")
    content = read_json(folder / "result.json", remedy)
    if (content.get("kind"), content.get("schema")) != ("md", Result.version):
        raise EsgapError(f"the reference {folder} is of kind {content.get('kind')} and schema {content.get('schema')}, expected md and {Result.version}: {remedy}")
    return [Conductivity.model_validate(row) for row in content["tables"]["conductivity"]]


def comparison(rows: list[Conductivity], references: list[Conductivity]) -> list[Comparison]:
    """Each potential against the first of the references, where both have a conductivity above zero at one temperature."""
    out = []
    for row in rows:
        base = next((one for one in references if one.potential == references[0].potential and one.temperature == row.temperature), None)
        if base is None or base is row:
            continue
        both = [(row.conductivity_nernst_einstein, base.conductivity_nernst_einstein), (row.conductivity_collective, base.conductivity_collective)]
        if any(not quantity.value or quantity.value <= 0 for pair in both for quantity in pair):
            continue
        ratios = [quotient(*(Estimate(q.value, q.low, q.high) for q in pair), "independent runs") for pair in both]
        wrong = [f"{one.potential} {one.verdict}" for one in (row, base) if one.verdict != OK]
        differ = "do not differ within their intervals" if ratios[0].low <= 1 <= ratios[0].high else "differ"
        out.append(
            Comparison(
                potential=row.potential, reference=base.potential, temperature=row.temperature, ratio_nernst_einstein=ratios[0], ratio_collective=ratios[1],
                differ=differ, verdict="; ".join(wrong) or OK,
            )
        )  # fmt: skip
    return out


def lines(rows: list[Conductivity], temperature: float) -> list[Line]:
    """One a potential with conductivities above zero at two temperatures or more."""
    out = []
    for potential in dict.fromkeys(row.potential for row in rows):
        mine = [row for row in rows if row.potential == potential and row.conductivity_nernst_einstein.value > 0]
        if len(mine) < 2:
            continue
        found = [Estimate(q.value, q.low, q.high) for q in (row.conductivity_nernst_einstein for row in mine)]
        fit = arrhenius([row.temperature for row in mine], found)
        wrong = [f"{row.temperature:g} K {row.verdict}" for row in mine if row.verdict != OK]
        if fit.straight < STRAIGHT:
            wrong.append(f"not a straight line (probability {fit.straight:.3f})")
        out.append(
            Line(
                potential=potential, temperatures=" ".join(f"{row.temperature:g}" for row in mine), activation_energy=fit.activation_energy,
                extrapolated_to=temperature, conductivity_extrapolated=fit.conductivity(temperature), verdict="; ".join(wrong) or OK,
            )
        )  # fmt: skip
    return out


def lasting(pool: Pool) -> list[Lasting]:
    """A row for each run whose bonds the study asked for."""
    rows = []
    for found, run, name, start in zip(pool.bonds, pool.runs, pool.names, pool.first):
        words = [f"{pool.elements[k]} {pool.atoms[k]}" for opening in found.openings[:1] for k in (opening.centre, opening.ligand)]
        times = [start + opening.frame * run.interval for opening in found.openings[:1]]
        rows.append(
            Lasting(
                potential=pool.potential, temperature=pool.temperature, run=name, length=run.length, bonds=found.count,
                longest=found.longest, opened=len(found.openings), first=times[0] if times else None, verdict=f"opened: {' - '.join(words)}" if words else OK,
            )
        )  # fmt: skip
    return rows


def best_paths(pool: Pool, hops: Hopping) -> list[Link]:
    """The paths that contribute most."""
    out = []
    for rank, path in enumerate(hops.paths().head(BEST).to_dict("records"), start=1):
        sites = f"{path.pop('from')}-{path.pop('to')}"
        out.append(Link(potential=pool.potential, temperature=pool.temperature, rank=rank, sites=sites, **path))
    return out


def _write(runs: Runs, name: str, tables: list[pd.DataFrame]) -> None:
    if not tables:
        raise EsgapError(f"{runs.folder} holds no finished run: resume it with the command that began it")
    write_text(runs.folder / f"{name}.csv", pd.concat(tables, ignore_index=True).to_csv(index=False, float_format="%.8g"))


def _tagged(pool: Pool, table: pd.DataFrame) -> pd.DataFrame:
    """With potential and temperature as the last columns."""
    return table.assign(potential=pool.potential, temperature=pool.temperature)


def _hops(pool: Pool, hops: Hopping) -> pd.DataFrame:
    """Times as the run counts them; the run is the folder of its job, or the dump."""
    table = hops.table.assign(run=[pool.names[k] for k in hops.table["run"]])
    shift = np.array([pool.first[k] for k in hops.table["run"]])
    return _tagged(pool, table.assign(start_ps=table["start_ps"] + shift, end_ps=table["end_ps"] + shift).drop(columns="crossed_ps"))


def _msd(pool: Pool) -> pd.DataFrame:
    """Mean squared displacement of an ion and of the charge, an ion, at log-spaced lags up to a fifth of the shortest run."""
    interval, frames = pool.runs[0].interval, min(len(run.positions) for run in pool.runs)
    lags = np.unique(np.geomspace(1, max(frames // 5, 2), 60).astype(int))
    share = np.array([run.length for run in pool.runs]) / sum(run.length for run in pool.runs)
    ions = pool.runs[0].positions.shape[1]
    single = sum(s * mean_squared_displacement(run.positions)[lags] for s, run in zip(share, pool.runs))
    charge = sum(s * mean_squared_displacement(run.positions.sum(axis=1, keepdims=True))[lags] / ions for s, run in zip(share, pool.runs))
    return _tagged(pool, pd.DataFrame({"lag_ps": lags * interval, "msd": single, "charge_msd": charge}))


def _convergence(pool: Pool, value: Transport) -> pd.DataFrame:
    """sigma_NE of the first part of the runs."""
    rows = [(length, one.value, one.low, one.high) for length, one in running(pool.runs, pool.conditions, value.start)]
    return _tagged(pool, pd.DataFrame(rows, columns=["length_ps", "conductivity", "conductivity_low", "conductivity_high"]))
