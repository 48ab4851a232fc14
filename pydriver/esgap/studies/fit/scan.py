"""`[scan]` of a study: each combination of listed values, judged by cross-validation. Nothing is published.

    [scan]
    folds = 5
    [scan.values]
    "sigma.energy" = [0.001, 0.003]
    "soap.0.cutoff" = [5.0, 6.0]
    "electrostatics.charges" = [{ Li = 0.4, P = 2.4, S = -0.9091 }, { Li = 0.5, P = 2.5, S = -1.0 }]
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from esgap.jobs.job import Job
from esgap.record import write_text
from esgap.studies.contract import Workspace
from esgap.studies.fit.study import Study, varied

BASELINE = "baseline.npz"
FOUND = "scan.json"


def points(study: Study) -> Iterator[dict[str, Any]]:
    """Key -> value of each combination."""
    for values in product(*study.scan.values.values()):
        yield dict(zip(study.scan.values, values, strict=True))


def words(point: dict[str, Any]) -> str:
    """A point as a user would write it."""
    shown = {key: ", ".join(f"{s} {q:+g}" for s, q in value.items()) if isinstance(value, dict) else value for key, value in point.items()}
    return "; ".join(f"{key} {value}" for key, value in shown.items())


def scan_deck(study: Study, work: Workspace, given: dict[str, Path]) -> Iterator[Job]:
    """One job a model and point, and before them one for each baseline: densities alone decide it, not charges."""
    made: dict[str, str] = {}  # densities -> file of the baseline
    for model in study.model:
        for number, point in enumerate(points(study), start=1):
            settings = varied(study, model.name, point).model_copy(update={"title": "", "scan": None, **given})
            name = f"scan/{model.name}-{number:03d}"
            file = f"scan-{model.name}-{number:03d}.json"
            write_text(work.stage / file, settings.model_dump_json(indent=1, exclude={"run"}) + "\n")
            inputs = {"settings": file, "data": str(given["data"])}
            es = settings.model[0].electrostatics
            if es:
                densities = json.dumps([es.zeta, es.n, es.cutoff], sort_keys=True)
                if densities not in made:
                    made[densities] = f"baseline/{len(made) + 1}"
                    yield _job(made[densities], "baseline", file, BASELINE, {**inputs}, {"part": "baseline"})
                inputs["baseline"] = f"{made[densities]}/{BASELINE}"
            words_of = {"part": "scan", "model": model.name, "point": number, "values": words(point)}
            yield _job(name, "point", file, FOUND, inputs, words_of)


def _job(name: str, task: str, settings: str, left: str, inputs: dict[str, str], tags: dict) -> Job:
    command = ("python", "-m", "esgap.studies.fit.cross", task, settings, f"{name}/{left}", *([inputs["baseline"]] if "baseline" in inputs else []))
    return Job(name=name, command=command, inputs=inputs, outputs=(f"{name}/{left}",), tags=tags)
