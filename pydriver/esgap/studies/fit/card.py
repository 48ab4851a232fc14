"""The model card: `README.md` of a potential folder, rendered from `potential.toml`."""

from esgap.potential import Potential

CARD = """\
# {material}/{name}

{kind}

{origin}

| | |
|---|---|
| elements, in the order of the LAMMPS types | {elements} |
| fitted to | {configurations} configurations of `{data}` (SHA-256 `{data_sha}...`) |
| terms | {terms} |
| regularisation | energy {energy} eV/atom, force max({force} eV/Angstrom, {relative} of its size), virial {virial} eV/atom{types} |
| size | {size:.1f} MB; sparse points rounded to {decimals} decimals{rounding} |
| fit | {seconds} s; {versions} |{more}

## Errors

Root mean square, each force component counted once. Held out: the configurations marked `split=test` and every {every}th of the unmarked ones, never fitted.
They come from the same sampling as the fitted ones, so they measure interpolation, not transfer to another phase.{left_out}

| | {heads} |
|---|{rule}|
{errors}
{learning}{committee}
## Use

```
variable potential index {material_lower}/{name}   # path of this folder
variable engine index native
include ${{potential}}/potential.lmp
```

## Limits

{material} at the composition and near the volumes of the data.{e0}{charge_limits}
"""

LEFT_OUT = """
Left out: each fitted configuration by a fit to all others with the same sparse points, which were chosen with it at hand."""
LEARNING = """
Learning curve, errors on the {held_out} held-out configurations of fits to parts of the data:

| fitted | energy (meV/atom) | {forces} |
|---|{rule}|
{rows}
"""
COMMITTEE = """
## Error bars

{members} members of a committee (`gap.member-01.xml` ...) drawn from the posterior of the fit, times {factor}: a factor from
energies and forces of {calibrated_on} held-out configurations, the larger of the two. Of {tested_on} others, the intervals of the levels {levels} cover {shares}.
95 % of the held-out configurations have a standard deviation below {stddev_95} meV/atom; a larger one is outside the data.
"""
ONE_E0 = """ One e0 for all elements: energies of cells that differ in
composition cannot be compared."""

WITH = """\
GAP plus fixed charges on 1s Slater densities, cut off at {cutoff:g} Angstrom in real space and summed by `{kspace}`:

| element | charge (e) | exponent (1/Angstrom) | n |
|---|---|---|---|
{rows}"""
DIPOLES = "\n\nInduced dipoles with polarisabilities (Angstrom^3) {ions}, on Gaussian densities with eta = {eta:g} 1/Angstrom (`pair_style dipole/induced`)."
WITHOUT = "GAP alone: every interaction ends at {cutoff:g} Angstrom. No charges, so no response to an electric field."
CHARGES = " Fixed charges do not screen: the response to a field is that of the ions alone."


def model_card(p: Potential) -> str:
    """The text of the card; every number comes from the potential."""
    fit, columns = p.fit, _columns(p)
    sigma = fit["sigma"]
    return CARD.format(
        material=p.material, material_lower=p.material.lower(), name=p.name, kind=_kind(p), origin=f"**{p.origin}**" if p.origin else "Where the labels come from was not given (`origin` of the fit study).",
        elements=" ".join(p.elements), configurations=fit["configurations"], data=fit["data"], data_sha=fit["data_sha256"][:12],
        terms=_terms(fit), energy=sigma["energy"], force=sigma["force"], relative=f"{100 * sigma['force_relative']:g} %", virial=sigma["virial"], types=_sigma_of_types(sigma),
        size=fit["bytes"] / 1e6, decimals=fit["sparse_decimals"], rounding=_rounding(fit), more=_native(fit),
        seconds=fit["seconds"], versions=", ".join(f"{k} {v}" for k, v in fit["versions"].items()),
        every=fit["holdout_every"], heads=" | ".join(columns), rule="|".join(["---"] * len(columns)), errors="\n".join(_errors(p, list(columns.values()))),
        left_out=LEFT_OUT if "left_out" in p.errors else "", learning=_learning(p), committee=_committee(fit), e0=ONE_E0 if fit.get("e0", "average") == "average" else "",
        charge_limits=CHARGES if p.electrostatics and not p.electrostatics.dipoles else "",
    )  # fmt: skip


def _sigma_of_types(sigma: dict) -> str:
    own = {name: ", ".join(f"{key} {value}" for key, value in values.items() if value is not None) for name, values in sigma.get("config_type", {}).items()}
    return "".join(f"; {name}: {numbers}" for name, numbers in own.items())


def _rounding(fit: dict) -> str:
    if "rounding" not in fit:
        return " before the fit"
    return f", which changed no energy by more than {fit['rounding']['energy']:.0e} eV/atom and no force by more than {fit['rounding']['force']:.0e} eV/Angstrom"


def _native(fit: dict) -> str:
    if "log_evidence" not in fit:
        return ""
    return f"\n| sparse points in all | {fit['sparse_points']} |\n| log marginal likelihood of the labels | {fit['log_evidence']:.1f} |"


def _committee(fit: dict) -> str:
    if "error_bars" not in fit:
        return ""
    bars = fit["error_bars"]
    return COMMITTEE.format(**bars, levels=", ".join(bars["coverage"]), shares=", ".join(f"{100 * share:.0f} %" for share in bars["coverage"].values()))


def _learning(p: Potential) -> str:
    curve = p.fit.get("learning_curve", [])
    if not curve:
        return ""
    held = p.errors["held_out"]
    symbols = [s for s in p.elements if s in held["force"]]
    points = [*curve, {"fitted": p.fit["configurations"], **held}]
    rows = (" | ".join([str(e["fitted"]), f"{e['energy']:.2f}" if "energy" in e else "-", *(f"{e['force'][s]:.3f}" for s in symbols)]) for e in points)
    heads = " | ".join(f"force on {s} (eV/Angstrom)" for s in symbols)
    return LEARNING.format(held_out=held["configurations"], forces=heads, rule="|".join(["---"] * (1 + len(symbols))), rows="\n".join(f"| {row} |" for row in rows))


def _columns(p: Potential) -> dict[str, dict]:
    """Heading -> errors."""
    out = {f"{p.fit['configurations']} fitted": p.errors["train"], f"{p.errors['held_out']['configurations']} held out": p.errors["held_out"]}
    out |= {f"{found['configurations']} {part.removeprefix('held_out ')} held out": found for part, found in p.errors.items() if part.startswith("held_out ")}
    return out | ({"left out": p.errors["left_out"]} if "left_out" in p.errors else {})


def _kind(p: Potential) -> str:
    if p.electrostatics is None:
        return WITHOUT.format(cutoff=p.gap.cutoff)
    es = p.electrostatics
    rows = "\n".join(f"| {s} | {es.charges[s]:+g} | {es.zeta[s]:g} | {es.n[s]} |" for s in p.elements)
    ions = ", ".join(f"{s} {alpha:g}" for s, alpha in es.dipoles.polarisabilities.items()) if es.dipoles else ""
    return WITH.format(cutoff=es.cutoff, kspace=es.kspace, rows=rows) + (DIPOLES.format(ions=ions, eta=es.dipoles.eta) if es.dipoles else "")


def _terms(fit: dict) -> str:
    if "sparse_from_sha256" in fit:
        return f"and sparse points of a given file (SHA-256 `{fit['sparse_from_sha256'][:12]}...`)"
    terms = []
    if pair := fit.get("distance_2b"):
        terms.append(f"distance_2b cutoff {pair['cutoff']:g}, {pair['n_sparse']} sparse points a pair of elements")
    for soap in fit["soap"]:
        sparse = ", ".join(f"{s} {n}" for s, n in soap["n_sparse"].items())
        terms.append(
            f"soap cutoff {soap['cutoff']:g}, n_max {soap['n_max']}, l_max {soap['l_max']}, atom_sigma {soap['atom_sigma']:g}, "
            f"zeta {soap['zeta']:g}, sparse points {sparse}"
        )
    return "; ".join(terms)


def _errors(p: Potential, parts: list[dict]):
    for kind, form in (("energy", "{:.2f}"), ("virial", "{:.1f}")):
        if any(kind in part for part in parts):
            yield f"| {kind} (meV/atom) | {' | '.join(form.format(part[kind]) if kind in part else '-' for part in parts)} |"
    for s in p.elements:
        if any(s in part["force"] for part in parts):
            cells = (f"{part['force'][s]:.3f} (of {part['force_rms'][s]:.2f})" if s in part["force"] else "-" for part in parts)
            yield f"| force on {s} (of its rms; eV/Angstrom) | {' | '.join(cells)} |"
