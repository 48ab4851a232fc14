"""The tables of kind frenkel."""

from typing import Annotated

from esgap.studies.contract import Column, Quantity, Row

DIRECTION = Column("along", meaning="direction of the field: x, y, z of the structure file, cell vectors a, b, c, or a vector; - without field")
FIELD = Column("field", "{:+.3g}", "V/Angstrom")
POTENTIAL, SUPERCELL, PAIR = Column("potential"), Column("cell", meaning="supercell"), Column("pair", meaning="vacancy, interstitial site, distance in Angstrom")


class Candidate(Row):
    """One kind of pair, as many as the space group makes of it."""

    pair: Annotated[str, PAIR]
    vacancy: Annotated[str, Column("vacancy", meaning="kind of the ion that leaves, numbered in the order of the structure file", shown=False)]
    site: Annotated[str, Column("site", meaning="kind of interstitial site, numbered as in sites.csv", shown=False)]
    multiplicity: Annotated[int, Column("pairs", meaning="of this kind, for each image of the structure")]
    distance: Annotated[Quantity, Column("distance", "{:.2f}", "Angstrom")]
    dipole_x: Annotated[Quantity, Column("dp_x", "{:.2f}", "e Angstrom", "charge of the ion times its displacement")]
    dipole_y: Annotated[Quantity, Column("dp_y", "{:.2f}", "e Angstrom")]
    dipole_z: Annotated[Quantity, Column("dp_z", "{:.2f}", "e Angstrom")]
    unrelaxed: Annotated[Quantity | None, Column("unrelaxed", "{:.3f}", "eV", "energy when only this ion is moved")]
    formation_energy: Annotated[Quantity | None, Column("E_f", "{:.3f}", "eV", "relaxed, without field, in the first supercell")]


class FormationEnergy(Row):
    """One pair of relaxed cells."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    pair: Annotated[str, PAIR]
    direction: Annotated[str, DIRECTION]
    field: Annotated[float, FIELD]
    sweep: Annotated[str, Column("sweep", meaning="out from zero field, or back")]
    formation_energy: Annotated[Quantity, Column("E_f", "{:.3f}", "eV", "energy of the pair, -E.p included")]
    frozen: Annotated[Quantity, Column("frozen", "{:.3f}", "eV", "with the dipole of the pair at zero field: E_f(0) - dp(0).E", shown=False)]
    relaxation: Annotated[Quantity, Column("relaxed", "{:+.3f}", "eV", "what the response of the ions to the field adds")]
    dipole_x: Annotated[Quantity, Column("dp_x", "{:.3f}", "e Angstrom", "dipole of the pair", shown=False)]
    dipole_y: Annotated[Quantity, Column("dp_y", "{:.3f}", "e Angstrom", "dipole of the pair", shown=False)]
    dipole_z: Annotated[Quantity, Column("dp_z", "{:.3f}", "e Angstrom", "dipole of the pair", shown=False)]
    max_force: Annotated[Quantity, Column("force", "{:.4f}", "eV/Angstrom", "the largest on an atom", shown=False)]
    state: Annotated[str, Column("state", meaning="intact: that of the pair that was made; others as in the table of states", shown=False)]


class Equilibrium(Row):
    """The lowest state known in a field."""

    printed = False

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    direction: Annotated[str, DIRECTION]
    field: Annotated[float, FIELD]
    formation_energy: Annotated[
        Quantity, Column("E_f", "{:.3f}", "eV", "lowest defect cell known less lowest perfect cell known; the interval: what states do that were not followed there, by their dipoles")
    ]
    pair: Annotated[str, PAIR]
    state: Annotated[str, Column("state")]


class State(Row):
    """A minimum that was met, other than the cell that was made."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    cell: Annotated[str, Column("of", meaning="a pair, or the perfect cell")]
    state: Annotated[str, Column("state", meaning="a letter, and which places changed")]
    direction: Annotated[str, DIRECTION]
    field: Annotated[float, Column("met at", "{:+.3g}", "V/Angstrom")]
    points: Annotated[int, Column("points", meaning="of the sweeps that are in this state")]
    energy: Annotated[Quantity | None, Column("energy", "{:+.3f}", "eV", "above the cell as it was made, in the smallest field in which both are known")]
    at_field: Annotated[float | None, Column("in", "{:.3g}", "V/Angstrom", "that field")]
    file: Annotated[str, Column("geometry", meaning="file in the run folder", shown=False)]


class LimitRow(Row):
    """Where a sweep left its branch."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    cell: Annotated[str, Column("of", meaning="a pair, or the perfect cell: the crystal gives way, and the sweep along there ends")]
    direction: Annotated[str, DIRECTION]
    held: Annotated[float, Column("holds to", "{:+.3g}", "V/Angstrom")]
    lost: Annotated[float, Column("lost at", "{:+.3g}", "V/Angstrom")]
    what: Annotated[str, Column("what", meaning="how it was told: occupation, dipole or energy")]


class Response(Row):
    """A pair without field, and what fields do to it while it is intact: E_f(E) = E_f(0) - dp.E - E.alpha.E/2."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    pair: Annotated[str, PAIR]
    points: Annotated[int, Column("points", meaning="of the branch, the one without field among them")]
    formation_energy: Annotated[Quantity, Column("E_f(0)", "{:.3f}", "eV")]
    dipole_x: Annotated[Quantity, Column("dp_x", "{:.3f}", "e Angstrom")]
    dipole_y: Annotated[Quantity, Column("dp_y", "{:.3f}", "e Angstrom")]
    dipole_z: Annotated[Quantity, Column("dp_z", "{:.3f}", "e Angstrom")]
    alpha_xx: Annotated[Quantity | None, Column("alpha_xx", "{:.2f}", "e Angstrom^2/V", "polarisability of the pair")]
    alpha_yy: Annotated[Quantity | None, Column("alpha_yy", "{:.2f}", "e Angstrom^2/V")]
    alpha_zz: Annotated[Quantity | None, Column("alpha_zz", "{:.2f}", "e Angstrom^2/V")]
    alpha_yz: Annotated[Quantity | None, Column("alpha_yz", "{:.2f}", "e Angstrom^2/V", shown=False)]
    alpha_xz: Annotated[Quantity | None, Column("alpha_xz", "{:.2f}", "e Angstrom^2/V", shown=False)]
    alpha_xy: Annotated[Quantity | None, Column("alpha_xy", "{:.2f}", "e Angstrom^2/V", shown=False)]


class ZeroEnergy(Row):
    """The field along a direction at which the pair costs nothing, from its response to second order."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    pair: Annotated[str, PAIR]
    direction: Annotated[str, Column("along", meaning="with its sign")]
    field: Annotated[Quantity | None, Column("E_f = 0 at", "{:.3f}", "V/Angstrom", "where the pair would cost nothing if it stayed intact")]


class SizeRow(Row):
    """A pair without field in one supercell, and what larger ones tend to."""

    potential: Annotated[str, POTENTIAL]
    pair: Annotated[str, PAIR]
    supercell: Annotated[str, SUPERCELL]
    volume: Annotated[float | None, Column("volume", "{:.0f}", "Angstrom^3")]
    perfect: Annotated[Quantity | None, Column("perfect", "{:.4f}", "eV", "energy of the relaxed perfect cell for each image of the structure, above that of the first supercell")]
    formation_energy: Annotated[Quantity | None, Column("E_f", "{:.3f}", "eV")]
    image_energy: Annotated[Quantity | None, Column("images", "{:+.3f}", "eV", "energy of the pair's dipole with its periodic images in the crystal, which screens")]
    corrected: Annotated[Quantity | None, Column("corrected", "{:.3f}", "eV", "with that taken off")]
    sound: Annotated[bool, Column("sound", meaning="whether this is the pair as it was made, in the state of the first supercell: what the line in 1/V goes through", shown=False)]


class ReferenceRow(Row):
    """A pair without field, by a potential and by the reference method on the same geometries."""

    potential: Annotated[str, POTENTIAL]
    supercell: Annotated[str, SUPERCELL]
    pair: Annotated[str, PAIR]
    formation_energy: Annotated[Quantity, Column("E_f", "{:.3f}", "eV", "by the potential")]
    reference: Annotated[Quantity | None, Column("reference", "{:.3f}", "eV", "single points on the cells that the potential relaxed")]
    difference: Annotated[Quantity | None, Column("difference", "{:+.3f}", "eV", "potential less reference")]
