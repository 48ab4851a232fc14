"""Constants and conversions, once. Units: eV, Angstrom, e, ps, K; conductivities in mS/cm, moduli and pressures in GPa."""

from math import pi

from scipy.constants import angstrom, bar, centi, e, epsilon_0, giga, k, milli, pico

BOLTZMANN = k / e  # eV/K
COULOMB = e / (4 * pi * epsilon_0 * angstrom)  # eV Angstrom/e^2, 1/(4 pi eps0)
EV_PER_A3_IN_GPA = e / angstrom**3 / giga
GPA_IN_BAR = giga / bar

# e^2/(V kB T) x D with D in Angstrom^2/ps, V in Angstrom^3, kB T in eV: e Angstrom^2 / (Angstrom^3 ps V) = e/(Angstrom ps V) -> mS/cm
_CONDUCTIVITY = e / (angstrom * pico) * centi / milli


def conductivity(mobility: float, volume: float, temperature: float) -> float:
    """e^2 x mobility / (V kB T) in mS/cm.

    `mobility`: N z^2 D* or the slope of the squared charge displacement / 6, e^2 taken out (Angstrom^2/ps);
    `volume`: Angstrom^3; `temperature`: K.
    """
    return mobility / (volume * BOLTZMANN * temperature) * _CONDUCTIVITY
