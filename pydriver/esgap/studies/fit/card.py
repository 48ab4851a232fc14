"""The model card: `README.md` of a potential folder, rendered from `potential.toml`."""

from esgap.potential import Potential

CARD = """\
# {material}/{name}

{kind}

**{origin}** The parameters are ours and provisional.

| | |
|---|---|
| elements, in the order of the LAMMPS types | {elements} |
| fitted to | {configurations} configurations of `{data}` (SHA-256 `{data_sha}...`) |
| terms | {terms} |
| regularisation | energy {energy} eV/atom, force max({force} eV/Angstrom, {relative} of its size), virial {virial} eV/atom |
| size | {size:.1f} MB; sparse points rounded to {decimals} decimals, which changed no energy by more than {de:.0e} eV/atom and no force by more than {df:.0e} eV/Angstrom |
| fit | {seconds} s; {versions} |

## Errors

Root mean square, each force component counted once. Held out: every {every}th configuration of the file, never fitted.
They come from the same sampling as the fitted ones, so they measure interpolation, not transfer to another phase.

| | {configurations} fitted | {held} held out |
|---|---|---|
{errors}

## Use

```
variable potential index {material_lower}/{name}   # this folder
variable engine index native
include ${{potential}}/potential.lmp
```

## Limits

{material} at the composition and near the volumes of the data. One e0 for all elements: energies of cells that differ in
composition cannot be compared.{charge_limits}
"""

WITH = """\
GAP plus fixed charges on 1s Slater densities, cut off at {cutoff:g} Angstrom in real space and summed by `{kspace}`:

| element | charge (e) | exponent (1/Angstrom) | n |
|---|---|---|---|
{rows}"""
WITHOUT = "GAP alone: every interaction ends at {cutoff:g} Angstrom. No charges, so no response to an electric field."
CHARGES = " Fixed charges do not screen: the response to a field is that of the ions alone."


def model_card(p: Potential) -> str:
    """The text of the card; every number comes from the potential."""
    fit = p.fit
    sigma = fit["sigma"]
    return CARD.format(
        material=p.material, material_lower=p.material.lower(), name=p.name, kind=_kind(p), origin=p.origin,
        elements=" ".join(p.elements), configurations=fit["configurations"], data=fit["data"], data_sha=fit["data_sha256"][:12],
        terms=_terms(fit), energy=sigma["energy"], force=sigma["force"], relative=f"{100 * sigma['force_relative']:g} %", virial=sigma["virial"],
        size=fit["bytes"] / 1e6, decimals=fit["sparse_decimals"], de=fit["rounding"]["energy"], df=fit["rounding"]["force"],
        seconds=fit["seconds"], versions=", ".join(f"{k} {v}" for k, v in fit["versions"].items()),
        every=fit["holdout_every"], held=p.errors["held_out"]["configurations"], errors="\n".join(_errors(p)),
        charge_limits=CHARGES if p.electrostatics else "",
    )  # fmt: skip


def _kind(p: Potential) -> str:
    if p.electrostatics is None:
        return WITHOUT.format(cutoff=p.gap.cutoff)
    es = p.electrostatics
    rows = "\n".join(f"| {s} | {es.charges[s]:+g} | {es.zeta[s]:g} | {es.n[s]} |" for s in p.elements)
    return WITH.format(cutoff=es.cutoff, kspace=es.kspace, rows=rows)


def _terms(fit: dict) -> str:
    pair = fit["distance_2b"]
    terms = [f"distance_2b cutoff {pair['cutoff']:g}, {pair['n_sparse']} sparse points a pair of elements"]
    for soap in fit["soap"]:
        sparse = ", ".join(f"{s} {n}" for s, n in soap["n_sparse"].items())
        terms.append(
            f"soap cutoff {soap['cutoff']:g}, n_max {soap['n_max']}, l_max {soap['l_max']}, atom_sigma {soap['atom_sigma']:g}, "
            f"zeta {soap['zeta']:g}, sparse points {sparse}"
        )
    return "; ".join(terms)


def _errors(p: Potential):
    train, held = p.errors["train"], p.errors["held_out"]
    yield f"| energy (meV/atom) | {train['energy']:.2f} | {held['energy']:.2f} |"
    yield f"| virial (meV/atom) | {train['virial']:.1f} | {held['virial']:.1f} |"
    for s in p.elements:
        cells = (f"{part['force'][s]:.3f} (of {part['force_rms'][s]:.2f})" for part in (train, held))
        yield f"| force on {s} (of its rms; eV/Angstrom) | {' | '.join(cells)} |"
