"""What potentials with induced dipoles cannot be used for yet."""

from collections.abc import Iterable

from esgap.errors import EsgapError
from esgap.potential import Potential


def refuse_dipoles(potentials: Iterable[Potential]) -> None:
    """Raise EsgapError for a potential with induced dipoles: in a field the decks of the studies report the dipole of the charges alone."""
    for potential in potentials:
        if potential.electrostatics and potential.electrostatics.dipoles:
            raise EsgapError(
                f"the potential {potential.material}/{potential.name} has induced dipoles, and studies in a field report the dipole of charges alone: "
                "take a potential without dipoles, leave the field out, or use ASE (`esgap.calculators.ESGAP`)"
            )
