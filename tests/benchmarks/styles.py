"""Milliseconds per atom and step of the plugin's pair styles on 1 and 2 ranks: `make bench`. Prints ratios, asserts nothing.

Short NVE runs at 300 K; times are LAMMPS's own (loop time, CPU use and the average column of its breakdown). On a busy machine
they mean little: the column `CPU %` tells. Compare the numbers of one table only.
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ase.data import atomic_numbers
from ase.io import read, write

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from harness import launch, loop_seconds  # noqa: E402
from places import ROOT, TRAINING  # noqa: E402
from small_fits import fit_gap, gap_command  # noqa: E402

from esgap.errors import EsgapError  # noqa: E402
from esgap.potential import Electrostatics, Potential  # noqa: E402
from esgap.potential_lmp import slater_coefficients  # noqa: E402

ELEMENTS = ("Li", "P", "S")
CHARGES = {"Li": 0.5, "P": 2.5, "S": -1.0}
PROVISIONAL = Electrostatics(charges=CHARGES, zeta={"Li": 1.0, "P": 1.3, "S": 1.2}, n=dict.fromkeys(ELEMENTS, 1), cutoff=10.0)

SCRIPT = """
units metal
atom_style charge
read_data data.bench
{styles}
velocity all create 300 1
fix 1 all nve
timestep 0.0005
run {steps}
"""


@dataclass
class Timing:
    milliseconds: float  # per atom and step, wall time
    cpu: float  # per cent of a core that each rank got; below 95 other programs were in the way
    share: dict  # part of the loop -> per cent of it


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs=3, default=(1, 2, 1), help="repeat the 42-atom crystal (default 1 2 1)")
    parser.add_argument("--seconds", type=float, default=5.0, help="aimed length of each timed run")
    parser.add_argument("--ranks", type=int, nargs="+", default=(1, 2))
    parser.add_argument("--potential", default="li7p3s11/es-gap", help="a potential of esgap; a tiny GAP is fitted when it is not there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        atoms = read(ROOT / "inputs" / "structures" / "li7p3s11.cif").repeat(options.cells)
        gap, electrostatics = find_potential(options.potential, folder)
        write_data(folder, atoms, electrostatics)
        print(f"{len(atoms)} atoms, electrostatics: cutoff {electrostatics.cutoff} Å, {electrostatics.kspace}\n")
        table(cases(gap, electrostatics), folder, len(atoms), options)


def find_potential(name: str, folder: Path) -> tuple[Path, Electrostatics]:
    """XML file and electrostatics of the potential `name`, or of one fitted here in seconds."""
    try:
        potential = Potential.load(name)
    except EsgapError as error:
        print(f"{error}\ninstead: a tiny GAP (SOAP 4/2, 20 sparse points an element), far cheaper than a real one")
        return fit_gap(folder, read(TRAINING, "::8"), gap_command()), PROVISIONAL
    print(f"potential: {potential.folder}")
    return potential.xml, potential.electrostatics or PROVISIONAL


def write_data(folder: Path, atoms, electrostatics: Electrostatics):
    atoms.set_initial_charges([electrostatics.charges[s] for s in atoms.get_chemical_symbols()])
    style = dict(format="lammps-data", atom_style="charge", specorder=list(ELEMENTS), masses=True, units="metal")
    write(folder / "data.bench", atoms, **style)


def cases(xml: Path, es: Electrostatics) -> dict[str, str]:
    """Name of a table row -> the LAMMPS commands that set it."""
    label = re.search(r"<Potential label=\"(\S+)\"", xml.read_text())[1]
    numbers = " ".join(str(atomic_numbers[s]) for s in ELEMENTS)
    sources = {"quip": f'{xml} "Potential xml_label={label}" {numbers}', "gap": f"{xml} {' '.join(ELEMENTS)}"}
    coulomb = f"coul/slater/long slater {es.cutoff}"
    kspace = f"kspace_style {es.kspace}\n"
    rows = {name: f"pair_style {name}\npair_coeff * * {source}\n" for name, source in sources.items()}
    rows["coul/slater/long + pppm"] = "\n".join([f"pair_style {coulomb}", *slater_coefficients(ELEMENTS, es), kspace])
    for name, source in sources.items():
        lines = [f"pair_style hybrid/overlay {name} {coulomb}", f"pair_coeff * * {name} {source}"]
        lines += slater_coefficients(ELEMENTS, es, "coul/slater/long ")
        rows[f"{name} + coul/slater/long + pppm"] = "\n".join([*lines, kspace])
    return rows


def table(rows: dict[str, str], folder: Path, natoms: int, options):
    """Print a line for each row and rank count as it is measured; `x quip` is the time of quip on as many ranks over this one's."""
    head = f"{'':32} {'ranks':>5} {'ms/atom/step':>12} {'x quip':>7} {'x 1 rank':>8} {'CPU %':>6}   share of the loop"
    print(head, "-" * len(head), sep="\n")
    reference = {}
    for name, styles in rows.items():
        single = None
        for ranks in options.ranks:
            timing = measure(styles, folder, ranks, natoms, options.seconds)
            if isinstance(timing, str):
                print(f"{name:32} {ranks:5} {timing}", flush=True)
                continue
            reference.setdefault(ranks, timing.milliseconds)
            single = single or timing.milliseconds
            parts = ", ".join(f"{part} {percent:.0f} %" for part, percent in timing.share.items() if percent >= 1)
            ratios = f"{reference[ranks] / timing.milliseconds:7.2f} {single / timing.milliseconds:8.2f} {timing.cpu:6.0f}"
            print(f"{name:32} {ranks:5} {timing.milliseconds:12.4f} {ratios}   {parts}", flush=True)


def measure(styles: str, folder: Path, ranks: int, natoms: int, seconds: float) -> Timing | str:
    """Time `styles`: two steps to learn their length, then about `seconds`. LAMMPS's error line when it refuses them."""
    steps = 2
    for _ in range(2):
        done = launch(SCRIPT.format(styles=styles, steps=steps), folder, ranks)
        if done.returncode != 0:
            errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
            return errors[0] if errors else f"lmp ended with exit code {done.returncode}"
        parts = loop_seconds(done.stdout)
        loop = parts.pop("Loop")
        cpu = float(re.search(r"^(\S+)% CPU use", done.stdout, flags=re.MULTILINE)[1])
        timing = Timing(1e3 * loop / steps / natoms, cpu, {part: 100 * seconds / loop for part, seconds in parts.items()})
        steps = max(5, min(2000, int(seconds / (loop / steps))))
    return timing


if __name__ == "__main__":
    main()
