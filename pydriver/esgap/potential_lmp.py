"""`potential.lmp`: the LAMMPS commands that set a potential."""

from typing import TYPE_CHECKING

from ase.data import atomic_numbers

if TYPE_CHECKING:
    from esgap.potential import Electrostatics, Potential

_HEADER = """\
# Potential {material}/{name} for LAMMPS; types {types}.
# Generated from potential.toml by esgap: change that file, not this one.
# Needs `units metal`, `atom_style charge`, the esgap plugin, and two variables:
#   potential   the folder of this file
#   engine      native (pair_style gap) or quip (pair_style quip; needs the Python package quippy-ase)
"""

_GAP_ONLY = """
if "${{engine}} == native" then &
  "pair_style gap" &
  "pair_coeff * * ${{potential}}/{file} {symbols}" &
elif "${{engine}} == quip" &
  "pair_style quip" &
  'pair_coeff * * ${{potential}}/{file} "Potential xml_label={label}" {numbers}' &
else "print 'The variable engine is ${{engine}}, expected native or quip'" "quit 1"
"""

_ES_GAP = """
# Where real space ends and the mesh begins: the energy does not depend on it beyond the accuracy, the time does.
# `esgap deck` chooses cutoff and order for a cell; `-var` or a `variable` before the include sets them.
variable coulomb_cutoff   index {cutoff}    # Angstrom
variable coulomb_accuracy index {accuracy}  # of the forces, relative
variable coulomb_order    index 7       # of the interpolation to the mesh

# Fixed charges on Slater densities: charges in e, exponents in 1/Angstrom.
{charges}
variable field_scale      index {field_scale}     # a field acts on this times the charges

if "${{engine}} == native" then &
  "pair_style hybrid/overlay gap coul/slater/long slater ${{coulomb_cutoff}}{dipoles}" &
  "pair_coeff * * gap ${{potential}}/{file} {symbols}" &
elif "${{engine}} == quip" &
  "pair_style hybrid/overlay quip coul/slater/long slater ${{coulomb_cutoff}}{dipoles}" &
  'pair_coeff * * quip ${{potential}}/{file} "Potential xml_label={label}" {numbers}' &
else "print 'The variable engine is ${{engine}}, expected native or quip'" "quit 1"
{exponents}
kspace_style pppm ${{coulomb_accuracy}}
kspace_modify order ${{coulomb_order}}
"""


def render(p: "Potential", elements: tuple[str, ...]) -> str:
    """The text of `potential.lmp` for atom types of these elements, in their order."""
    types = list(enumerate(elements, start=1))
    header = _HEADER.format(material=p.material.lower(), name=p.name, types=" ".join(f"{i} = {s}" for i, s in types))
    gap = dict(file=p.gap.file, label=p.gap.label, symbols=" ".join(elements), numbers=" ".join(str(atomic_numbers[s]) for s in elements))
    if p.electrostatics is None:
        return header + _GAP_ONLY.format(**gap)
    charges = "\n".join(f"set type {i} charge {p.charge_of(s)}  # {s}" for i, s in types)
    es = p.electrostatics
    coefficients = slater_coefficients(elements, es, "coul/slater/long ")
    if es.dipoles:
        coefficients += ["", "# Induced dipoles: polarisabilities in Angstrom^3; their sum in e Angstrom, for decks with a field.", *dipole_coefficients(elements, es)]
        coefficients += ["compute induced all pair dipole/induced", *(f"variable induced_{axis} equal c_induced[{k}]" for k, axis in enumerate("xyz", start=1))]
    return header + _ES_GAP.format(
        **gap, charges=charges, exponents="\n".join(coefficients), dipoles=_dipole_style(es), cutoff=es.cutoff, accuracy=es.kspace.split()[1], field_scale=es.field_scale
    )


def electrostatic_commands(elements: tuple[str, ...], es: "Electrostatics", cutoff: float, accuracy: str = "") -> list[str]:
    """pair_style and pair_coeff of the electrostatics without the GAP; `accuracy`: keywords of dipole/induced."""
    if es.dipoles is None:
        return [f"pair_style coul/slater/long slater {cutoff}", *slater_coefficients(elements, es)]
    style = f"pair_style hybrid/overlay coul/slater/long slater {cutoff}{_dipole_style(es)} {accuracy}".rstrip()
    return [style, *slater_coefficients(elements, es, "coul/slater/long "), *dipole_coefficients(elements, es)]


def _dipole_style(es: "Electrostatics") -> str:
    return f" dipole/induced {es.dipoles.eta}" if es.dipoles else ""


def dipole_coefficients(elements: tuple[str, ...], es: "Electrostatics") -> list[str]:
    """The pair_coeff lines of dipole/induced as a sub-style of pair_style hybrid."""
    given = es.dipoles.polarisabilities
    return ["pair_coeff * * dipole/induced 0.0  # none, unless said below"] + [
        f"pair_coeff {i} {i} dipole/induced {given[s]}  # {s}" for i, s in enumerate(elements, start=1) if s in given
    ]


def slater_coefficients(elements: tuple[str, ...], es: "Electrostatics", sub_style: str = "") -> list[str]:
    """The pair_coeff lines of coul/slater/long; `sub_style` is its name and a space inside pair_style hybrid.

    The wildcard comes first because pair_style hybrid hands a sub-style only those pairs of types that a pair_coeff
    has named: without it there would be no electrostatics between unlike types.
    """
    densities = [f"{sub_style}{es.zeta[s]} {es.n[s]}  # {s}" for s in elements]
    return [f"pair_coeff * * {densities[0]}, and every pair of types"] + [
        f"pair_coeff {i} {i} {density}" for i, density in enumerate(densities[1:], start=2)
    ]
