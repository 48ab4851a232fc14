"""`[scan]` of a study, or `esgap fit --scan`: each combination of listed values, judged by cross-validation. Nothing is published.

    [scan]
    folds = 5
    [scan.values]
    "sigma.energy" = [0.001, 0.003]
    "soap.0.cutoff" = [5.0, 6.0]
    "electrostatics.charges" = [{ Li = 0.4, P = 2.4, S = -0.9091 }, { Li = 0.5, P = 2.5, S = -1.0 }]
"""

import json
import tomllib
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.record import write_json
from esgap.studies.contract import Workspace
from esgap.studies.fit.study import Study, varied

BASELINE = "baseline.npz"
ROWS_DO_NOT_CARE = {"sigma", "e0", "sparse_jitter", "model", "committee", "run"}  # sections that leave the kernel matrix as it is


def asked(words: Sequence[str]) -> dict[str, Any]:
    """The section `scan` of words of the command line: files of TOML with its keys, and KEY=[VALUE, ...]. Raises EsgapError for others."""
    out: dict[str, Any] = {"values": {}}
    for word in words:
        key, equals, values = word.partition("=")
        try:
            found = tomllib.loads(f"values.{json.dumps(key.strip())} = {values}" if equals else Path(word).read_text())
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise EsgapError(f"--scan {word} is neither a file of TOML nor KEY=[VALUE, ...] ({error}): for example --scan 'sigma.energy=[0.001, 0.003]'") from error
        found = found.get("scan", found)
        out |= found | {"values": out["values"] | found.get("values", {})}
    return out


def points(study: Study) -> Iterator[dict[str, Any]]:
    """Key -> value of each combination."""
    for values in product(*study.scan.values.values()):
        yield dict(zip(study.scan.values, values, strict=True))


def words(point: dict[str, Any]) -> str:
    """A point as a user would write it."""
    shown = {key: ", ".join(f"{s} {q:+g}" for s, q in value.items()) if isinstance(value, dict) else value for key, value in point.items()}
    return "; ".join(f"{key} {value}" for key, value in shown.items())


def scan_deck(study: Study, work: Workspace, given: dict[str, Path]) -> Iterator[Job]:
    """A job for the points that have their rows of the kernel matrix in common, and before them one for each baseline: densities alone decide it, not charges."""
    baselines: dict[str, str] = {}  # densities -> file
    groups: dict[str, list[dict]] = {}
    for model in study.model:
        for number, point in enumerate(points(study), start=1):
            settings = varied(study, model.name, point).model_copy(update={"title": "", "scan": None, **given})
            found = {"model": model.name, "point": number, "values": words(point), "settings": settings.model_dump(mode="json", exclude={"run"}), "baseline": ""}
            if es := settings.model[0].electrostatics:
                densities = json.dumps([es.zeta, es.n, es.cutoff, es.dipoles and es.dipoles.model_dump()], sort_keys=True)
                if densities not in baselines:
                    name = f"baseline/{len(baselines) + 1}"
                    baselines[densities] = f"{name}/{BASELINE}"
                    yield _job(name, "baseline", work, found, given, (BASELINE,))
                found["baseline"] = baselines[densities]
            groups.setdefault(settings.model_dump_json(exclude=ROWS_DO_NOT_CARE), []).append(found)
    for number, group in enumerate(groups.values(), start=1):
        needed = sorted({found["baseline"] for found in group} - {""})
        yield _job(f"scan/{number:03d}", "points", work, {"folds": study.folds, "points": group}, given, [f"{result(found)}" for found in group], needed)


def result(point: dict[str, Any]) -> str:
    """The file of a point."""
    return f"{point['model']}-{point['point']:03d}.json"


def _job(name: str, task: str, work: Workspace, content: dict, given: dict[str, Path], left: Sequence[str], needed: Sequence[str] = ()) -> Job:
    settings = f"{name.replace('/', '-')}.json"
    write_json(work.stage / settings, content)
    inputs = {"settings": settings} | {key: str(file) for key, file in given.items()} | {f"baseline {k}": file for k, file in enumerate(needed, start=1)}
    command = ("python", "-m", "esgap.studies.fit.cross", task, settings, name)
    return Job(name=name, command=command, inputs=inputs, outputs=tuple(f"{name}/{file}" for file in left), tags={"part": task})
