"""Time of pair_style coul/slater/long against LAMMPS's own: the Pair section of the same MD steps, one rank, a ratio for each form.

The stock style has one form only (a point charge and a 1s density of one exponent), so both forms of ours stand against that.
Rounds alternate between the styles and the least time of each counts: the machine may be busy with other work.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from ase.io import read, write

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from harness import launch, loop_seconds  # noqa: E402

SCRIPT = """
units metal
atom_style charge
read_data data.bench
{style}
kspace_style pppm 1.0e-5
timestep 0.0001
velocity all create 10 1
fix nve all nve
thermo {steps}
run {steps}
"""
STOCK = "pair_style coul/slater/long 1.0 10.0\npair_coeff * *\n"
SLATER = "pair_style coul/slater/long slater 10.0\npair_coeff 1 1 1.0\npair_coeff 2 2 1.3\npair_coeff 3 3 1.2\n"
FORMS = {  # name -> (style, with the plugin)
    "stock": (STOCK, False),
    "ours, stock's form": (STOCK, True),
    "ours, 1s densities of three exponents": (SLATER, True),
    "ours, stock's form, pair_modify table 0": (STOCK + "pair_modify table 0\n", True),
}


def pair_seconds(form: str, steps: int, folder: Path) -> float:
    style, plugin = FORMS[form]
    done = launch(SCRIPT.format(style=style, steps=steps), folder, plugin=plugin)
    assert done.returncode == 0, done.stdout
    return loop_seconds(done.stdout)["Pair"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    atoms = read(ROOT / "inputs" / "structures" / "li7p3s11.cif").repeat((2, 3, 2))
    charges = {"Li": 0.5, "P": 2.5, "S": -1.0}
    atoms.set_initial_charges([charges[s] for s in atoms.get_chemical_symbols()])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "data.bench", atoms, format="lammps-data", atom_style="charge", specorder=list(charges), masses=True, units="metal")
        times = {form: [] for form in FORMS}
        for _ in range(options.rounds):
            for form in FORMS:
                times[form].append(pair_seconds(form, options.steps, folder))
    print(f"{len(atoms)} atoms, cutoff 10 Angstrom, {options.steps} steps, least of {options.rounds} rounds")
    for form, seconds in times.items():
        micro = min(seconds) / options.steps / len(atoms) * 1e6
        print(f"{form:42} {micro:8.3f} us/atom/step   {min(seconds) / min(times['stock']):5.2f} x stock   (worst round {max(seconds) / min(seconds):.2f} x)")


if __name__ == "__main__":
    main()
