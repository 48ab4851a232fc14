"""Energy against volume by CP2K beside the potentials': `python inputs/li2s/volumes.py runs/tutorial`, after `volumes` and `eos` there.

Leaves volumes.csv (energies from that at the volume of the CIF, meV/atom), curves.csv (best volume and bulk modulus) and volumes.png in that folder.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from ase.io import read

from esgap.physics import eos
from esgap.report import figure
from esgap.units import EV_PER_A3_IN_GPA


def energies(folder: Path) -> tuple[dict[str, np.ndarray], int]:
    """Volume (Angstrom^3) and energy (eV) of each method, (points, 2), by rising volume; and the number of atoms."""
    labels = read(folder / "volumes/labels.extxyz", ":")
    found = {"PBE": np.array([[atoms.get_volume(), atoms.info["dft_energy"]] for atoms in labels])}
    for name, rows in pd.read_csv(folder / "eos/volumes.csv").groupby("potential", sort=False):
        found[name] = rows[["volume", "energy"]].to_numpy()
    return {name: points[np.argsort(points[:, 0])] for name, points in found.items()}, len(labels[0])


def main(folder: Path) -> None:
    found, count = energies(folder)
    volumes = found["PBE"][:, 0]
    middle = volumes[len(volumes) // 2]  # of the CIF
    table, curves = pd.DataFrame({"volume": volumes}), []
    fig, axes = figure.new()
    for number, (name, (v, e)) in enumerate((name, points.T) for name, points in found.items()):
        relative = 1e3 * (e - np.interp(middle, v, e)) / count
        table[name] = np.interp(volumes, v, relative)  # the potentials have every volume of PBE
        curve = eos.fit(v, e)
        curves.append({"method": name, "volume": curve.volume.value, "bulk_modulus": curve.bulk_modulus.value * EV_PER_A3_IN_GPA})
        axes.plot(v, relative, "o" if name == "PBE" else "-", color="k" if name == "PBE" else f"C{number}", label=name)
    table.round(2).to_csv(folder / "volumes.csv", index=False)
    pd.DataFrame(curves).round(2).to_csv(folder / "curves.csv", index=False)
    axes.set(xlabel="volume (Å³)", ylabel="energy from that of the CIF (meV/atom)", title="Li2S")
    axes.legend(fontsize="small")
    figure.save(fig, folder / "volumes.png")
    print(table.round(1).to_string(index=False), pd.DataFrame(curves).round(1).to_string(index=False), sep="\n\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
