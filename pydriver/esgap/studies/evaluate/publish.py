"""The predictions as files that other programs read."""

from collections.abc import Iterator
from pathlib import Path

from ase.io import read, write

from esgap.studies.evaluate.analyse import predictions
from esgap.studies.evaluate.configurations import FILE
from esgap.studies.evaluate.deck import OUT
from esgap.studies.evaluate.study import Study


def publish(study: Study, folder: Path) -> Iterator[str]:
    """Write predictions.extxyz beside each evaluation: potential_energy, _virial, _forces, _stddev (eV, eV/Angstrom); yield a line for each."""
    for summary in sorted((folder / "evaluations").glob(f"**/{OUT}.csv")):
        configurations = read(folder / FILE, ":")
        label = str(summary.parent.relative_to(folder / "evaluations"))
        for atoms, found in zip(configurations, predictions(folder, label, configurations)):
            atoms.info |= {"potential_energy": found.energy, "potential_virial": found.virial}
            atoms.arrays["potential_forces"] = found.forces
            if found.stddev is not None:
                atoms.arrays["potential_stddev"] = found.stddev
        file = summary.with_name("predictions.extxyz")
        write(file, configurations, format="extxyz")
        yield f"{file}: {len(configurations)} configurations by {label}"
