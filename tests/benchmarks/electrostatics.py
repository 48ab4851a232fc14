"""What the electrostatics of the shipped ES-GAP cost in an MD step of 504 atoms, with the split that the deck generator chooses.

Same input with and without `pair_style gap`, NVE at 300 K on one rank; times are LAMMPS's own, the least of several rounds.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from ase.io import read

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from harness import launch, loop_seconds  # noqa: E402

from esgap.lammps.coulomb import describe, split, variables  # noqa: E402
from esgap.lammps.data import write_data  # noqa: E402
from esgap.potential import Potential  # noqa: E402
from esgap.potential_lmp import slater_coefficients  # noqa: E402

HEAD = "units metal\natom_style charge\nread_data data.bench\n"
MD = "neighbor 1.0 bin\nvelocity all create 300 1\nfix nve all nve\ntimestep 0.001\nrun {steps}\n"


def seconds(script: str, folder: Path, **kw) -> dict[str, float]:
    """Part of the loop -> seconds."""
    done = launch(script, folder, **kw)
    assert done.returncode == 0, done.stdout
    return loop_seconds(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accuracy", type=float, nargs="+", default=(1e-5, 1e-6))
    options = parser.parse_args()
    potential = Potential.load(ROOT / "potentials/li7p3s11/es-gap")
    atoms = read(ROOT / "inputs/structures/li7p3s11-relaxed.extxyz").repeat((2, 3, 2))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.bench", atoms, potential.elements, potential.electrostatics.charges)
        for accuracy in options.accuracy:
            report(potential, atoms, accuracy, folder, options)


def report(potential, atoms, accuracy, folder, options):
    best = split(potential, atoms, accuracy).iloc[0]
    chosen = variables(best, accuracy)
    md = MD.format(steps=options.steps)
    whole = HEAD + f"include {potential.folder}/potential.lmp\n" + md
    style = f"pair_style coul/slater/long slater {best.cutoff}\n" + "\n".join(slater_coefficients(potential.elements, potential.electrostatics))
    alone = HEAD + f"{style}\nkspace_style pppm {accuracy}\nkspace_modify order {best.order}\n" + md
    given = chosen | {"potential": potential.folder, "engine": "native"}
    rounds = [(seconds(whole, folder, variables=given), seconds(alone, folder)) for _ in range(options.rounds)]
    step = min(w["Loop"] for w, _ in rounds)
    parts = {key: min(a[key] for _, a in rounds) for key in ("Pair", "Kspace")}
    print(f"{len(atoms)} atoms, accuracy {accuracy:g}: {describe(best, accuracy)}")
    print(f"  step of ES-GAP {1e3 * step / options.steps:.2f} ms; of it " + ", ".join(f"{k} {1e3 * v / options.steps:.2f} ms" for k, v in parts.items()))
    print(f"  electrostatics (pair and mesh): {sum(parts.values()) / step:.1%} of the step")


if __name__ == "__main__":
    main()
