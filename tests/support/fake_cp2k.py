"""Stands in for cp2k.psmp in a field: known Born charges by element and a known permittivity, in CP2K's words.

It names each run in ../runs, and does not converge those that ../unconverged names.
"""

import re
import sys
from pathlib import Path

import numpy as np

BOHR, DEBYE = 0.529177211, 0.208194334  # Angstrom, e Angstrom
EPS = np.array([[3.5, 0.1, 0.0], [0.1, 3.2, 0.0], [0.0, 0.0, 2.9]])
CHARGES = {"Li": 1.1, "P": 2.5, "S": -(7 * 1.1 + 3 * 2.5) / 11}
SKEW = 0.2  # of the force along x in a field along y


def main() -> None:
    here, text = Path.cwd(), Path("cp2k.inp").read_text()
    with open("../runs", "a") as file:
        file.write(f"{here.name}\n")
    cell = np.array(re.findall(r"^ +[ABC] (\S+) (\S+) (\S+)$", text, flags=re.M), dtype=float)
    symbols = re.findall(r"^ +(Li|P|S) \S+ \S+ \S+$", text, flags=re.M)
    found = re.search(r"INTENSITY (\S+)\s+POLARISATION (\d) (\d) (\d)", text)
    field = float(found[1]) * np.array(found.groups()[1:], dtype=float) if found else np.zeros(3)  # atomic units
    if found and not Path("../zero/zero.wfn").is_file():
        sys.exit("no wave functions")
    Path("fake-RESTART.wfn").write_text("wave functions")
    lines = [" CP2K| version string:   CP2K version 0.0"]
    marked = Path("../unconverged")
    if marked.is_file() and here.name in marked.read_text().split():
        lines += ["    25 OT LS  0.1  1.0  -740.0103463865", " *** SCF run NOT converged ***"]
    volume = abs(np.linalg.det(cell)) / BOHR**3
    dipole = volume / (4 * np.pi) * (EPS - np.eye(3)) @ field
    lines += ["  Dipole vectors are based on the periodic (Berry phase) operator.", "  Dipole moment [Debye]"]
    lines += ["    " + " ".join(f"{name}= {value:.8E}" for name, value in zip("XYZ", dipole * BOHR / DEBYE)) + "   Total= 0.0", ""]
    lines += [f" ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:   {-10 - dipole @ field / 2:.15f}", "", " ATOMIC FORCES in [a.u.]", ""]
    tensor = np.eye(3)
    for number, symbol in enumerate(symbols, start=1):
        tensor[0, 1] = SKEW * {"Li": 3, "P": -7, "S": 0}[symbol] / CHARGES[symbol]  # sums to zero over Li7P3S11
        force = 1e-3 * number * np.array([1, -1, 0]) + CHARGES[symbol] * tensor @ field
        lines.append(f" {number:6d}      1      {symbol}  " + " ".join(f"{one:.10f}" for one in force))
    lines += [" PROGRAM ENDED AT"]
    Path("cp2k.out").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
