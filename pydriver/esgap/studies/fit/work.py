"""The process of one fit: labels minus baseline -> an engine -> a potential folder with its errors on held-out configurations.

`python -m esgap.studies.fit.work SETTINGS.json FOLDER DATA_NAME`, started in the run folder by `esgap run`.
"""

import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from esgap.errors import EsgapError
from esgap.lammps.static import BASELINE_KSPACE, baseline
from esgap.potential import Gap, Potential, densities, write_toml
from esgap.record import sha256, write_json
from esgap.studies.fit import gap_fit, native
from esgap.studies.fit.accuracy import parity, rmse
from esgap.studies.fit.card import model_card
from esgap.studies.fit.data import counts, groups, held_out, read_labels
from esgap.studies.fit.engine import Fitted, Task
from esgap.studies.fit.gap_files import XML
from esgap.studies.fit.learning import learning_curve
from esgap.studies.fit.study import Study

ENGINES = {"native": native.fit, "gap_fit": gap_fit.fit}


def fit_model(study: Study, folder: Path, data_name: str) -> Potential:
    """Fit the one model of `study` and write its folder: the GAP, README.md, parity.json, potential.lmp and, last, potential.toml."""
    model = study.model[0]
    configurations, labels = read_labels(study)
    held = held_out(study, configurations)
    print(f"{len(configurations)} configurations: {np.sum(~held)} to fit, {np.sum(held)} held out; {counts(labels)}", flush=True)
    es = baseline(configurations, study.elements, model.electrostatics)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    label = f"{study.material}_{model.name}".replace("-", "_")
    targets = [label - part for label, part in zip(labels, es, strict=True)]
    started = time.monotonic()
    task = Task(study, configurations, labels, targets, held, work, folder, label)
    fitted = ENGINES[study.engine](task)
    seconds = round(time.monotonic() - started, 1)
    learning = {"learning_curve": learning_curve(task)} if study.learning else {}
    files = sorted(work.glob(f"{XML.removesuffix('.xml')}.*"))
    for file in files:
        file.replace(folder / file.name)
    shutil.rmtree(work)
    predicted = [gap + part for gap, part in zip(fitted.predicted, es, strict=True)]
    errors = rmse(configurations, labels, predicted, held, groups(study, configurations)) | ({"left_out": fitted.left_out} if fitted.left_out else {})
    potential = Potential(
        name=model.name,
        material=study.material,
        elements=study.elements,
        origin=study.origin,
        gap=Gap(file=XML, label=label, cutoff=study.cutoff, files={file.name: sha256(folder / file.name) for file in files}, members=fitted.members),
        electrostatics=model.electrostatics,
        fit={
            "configurations": int(np.sum(~held)),
            "seconds": seconds,
            "bytes": sum((folder / file.name).stat().st_size for file in files),
            **fitted.record,
            **learning,
            **record(study, data_name, fitted),
        },
        errors=errors,
    )
    write_json(folder / "parity.json", parity(configurations, labels, predicted, held))
    (folder / "README.md").write_text(model_card(potential))
    write_toml(potential, folder)
    return potential


def record(study: Study, data_name: str, fitted: Fitted) -> dict:
    """The record of a fit for `potential.toml`: every setting, the data by hash, the versions."""
    left = {"kind", "title", "run", "material", "elements", "origin", "model", "data", "publish", "sparse_from"}
    return {
        "data": data_name,
        "data_sha256": sha256(study.data),
        "baseline_kspace": BASELINE_KSPACE,
        "baseline": densities(study.model[0].electrostatics),
        "versions": {package: metadata.version(package) for package in ("esgap", "lammps", *fitted.packages)},
        **({"sparse_from_sha256": sha256(study.sparse_from)} if study.sparse_from else {}),
        **study.model_dump(mode="json", exclude=left, exclude_none=True),
    }


def main(settings: str, folder: str, data_name: str) -> None:
    """Entry point of the process."""
    fit_model(Study.model_validate_json(Path(settings).read_text()), Path(folder), data_name)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
