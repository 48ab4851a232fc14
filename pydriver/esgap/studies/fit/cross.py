"""The processes of a scan: a baseline by pairs of elements, and the cross-validation of points that have their rows of the kernel matrix in common.

`python -m esgap.studies.fit.cross baseline SETTINGS.json FOLDER`
`python -m esgap.studies.fit.cross points SETTINGS.json FOLDER`
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from esgap.errors import EsgapError
from esgap.gapfit.fit import Fit
from esgap.gapfit.kernel import KeptRows
from esgap.lammps.pairwise import PairwiseBaseline, pairwise_baseline
from esgap.lammps.static import Labels, baseline
from esgap.record import write_json
from esgap.studies.fit.accuracy import summary
from esgap.studies.fit.data import held_out, read_labels
from esgap.studies.fit.engine import Task
from esgap.studies.fit.native import isolated_atoms, prediction_error, sparse_points, target
from esgap.studies.fit.scan import BASELINE, result
from esgap.studies.fit.study import Study


def cross_validate(studies: Sequence[Study], folds: int, es: Sequence[list[Labels] | None] | None = None) -> list[dict]:
    """Errors of all configurations that are not held out, each predicted by a fit to the other folds; fold k has every
    folds-th from the k-th. Sparse points and e0 are those of the fold's own data. Held-out configurations are not looked at.

    `studies` may differ in sigmas, charges, e0 and jitter alone: sparse points and rows of the kernel matrix are computed once a fold.
    `es`: the baseline of each. Returns for each what `accuracy.summary` gives, and the log marginal likelihood a label, mean over the folds.
    """
    configurations, labels = read_labels(studies[0])
    es = [given or baseline(configurations, study.elements, study.model[0].electrostatics) for study, given in zip(studies, es or [None] * len(studies))]
    used = np.flatnonzero(~held_out(studies[0], configurations))
    configurations, labels = ([values[i] for i in used] for values in (configurations, labels))
    rows: list[list] = [[] for _ in studies]
    evidence: list[list[float]] = [[] for _ in studies]
    for fold in range(folds):
        held = np.arange(len(used)) % folds == fold
        kernel = None
        for k, study in enumerate(studies):
            targets = [label - es[k][i] for label, i in zip(labels, used, strict=True)]
            task = Task(study, configurations, labels, targets, held, Path("."), Path("."), "scan")
            fitted = [target(task, i) for i in np.flatnonzero(~held)]
            kernel = kernel or KeptRows(sparse_points(study, [t.atoms for t in fitted], lambda remark: None))
            found = Fit(fitted, kernel, isolated_atoms(task, fitted), jitter=study.sparse_jitter)
            evidence[k].append(found.factor.log_evidence() / found.factor.rows)
            rows[k] += [(configurations[i], labels[i], prediction_error(found, task, i)) for i in np.flatnonzero(held)]
            print(f"fold {fold + 1} of {folds}, point {k + 1} of {len(studies)}", flush=True)
    return [summary(errors) | {"log_evidence": float(np.mean(known))} for errors, known in zip(rows, evidence)]


def main(what: str, settings: str, folder: str) -> None:
    """Entry point of the processes."""
    content = json.loads(Path(settings).read_text())
    if what == "baseline":
        study = Study.model_validate(content["settings"])
        configurations, _ = read_labels(study)
        pairwise_baseline(configurations, study.elements, study.model[0].electrostatics).save(Path(folder) / BASELINE)
        return
    points = content["points"]
    studies = [Study.model_validate(point["settings"]) for point in points]
    known = {file: PairwiseBaseline.load(Path(file)) for file in {point["baseline"] for point in points} - {""}}
    es = [known[point["baseline"]].labels(study.model[0].electrostatics.charges) if point["baseline"] else None for study, point in zip(studies, points)]
    for point, found in zip(points, cross_validate(studies, content["folds"], es)):
        write_json(Path(folder) / result(point), {key: point[key] for key in ("model", "point", "values")} | found)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
