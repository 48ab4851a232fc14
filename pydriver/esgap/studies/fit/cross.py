"""The processes of a scan: a baseline by pairs of elements, and the cross-validation of one point.

`python -m esgap.studies.fit.cross baseline SETTINGS.json OUT.npz`
`python -m esgap.studies.fit.cross point SETTINGS.json OUT.json [BASELINE.npz]`
"""

import sys
from pathlib import Path

import numpy as np

from esgap.errors import EsgapError
from esgap.gapfit.fit import Fit, predict
from esgap.lammps.pairwise import PairwiseBaseline, pairwise_baseline
from esgap.lammps.static import Labels, baseline
from esgap.record import write_json
from esgap.studies.fit.accuracy import summary
from esgap.studies.fit.data import held_out, read_labels
from esgap.studies.fit.engine import Task
from esgap.studies.fit.native import isolated_atoms, sparse_points, target
from esgap.studies.fit.study import Study


def cross_validate(study: Study, es: list[Labels] | None = None) -> dict:
    """Errors of all configurations that are not held out, each predicted by a fit to the other folds; fold k has every
    folds-th from the k-th. Sparse points and e0 are those of the fold's own data. Held-out configurations are not looked at.

    Returns what `accuracy.summary` gives, and the log marginal likelihood a label, mean over the folds.
    """
    configurations, labels = read_labels(study)
    es = es or baseline(configurations, study.elements, study.model[0].electrostatics)
    used = np.flatnonzero(~held_out(study, configurations))
    configurations, labels, es = ([values[i] for i in used] for values in (configurations, labels, es))
    targets = [label - part for label, part in zip(labels, es, strict=True)]
    rows, evidence = [], []
    for fold in range(study.folds):
        held = np.arange(len(used)) % study.folds == fold
        task = Task(study, configurations, labels, targets, held, Path("."), Path("."), "scan")
        found = _fit(task)
        evidence.append(found.factor.log_evidence() / found.factor.rows)
        rows += [(configurations[i], labels[i], _error(found, task, i)) for i in np.flatnonzero(held)]
        print(f"fold {fold + 1} of {study.folds}", flush=True)
    return summary(rows) | {"log_evidence": float(np.mean(evidence))}


def _fit(task: Task) -> Fit:
    fitted = [target(task, i) for i in np.flatnonzero(~task.held)]
    atomic = isolated_atoms(task, fitted)
    return Fit(fitted, sparse_points(task.study, [t.atoms for t in fitted], lambda remark: None), atomic, jitter=task.study.sparse_jitter)


def _error(found: Fit, task: Task, i: int) -> Labels:
    energy, forces, v = predict(found.kernel, found.weights, task.configurations[i], found.e0)
    return Labels(float(energy), forces, np.array([[v[0], v[5], v[4]], [v[5], v[1], v[3]], [v[4], v[3], v[2]]])) - task.targets[i]


def main(what: str, settings: str, out: str, given: str = "") -> None:
    """Entry point of the processes."""
    study = Study.model_validate_json(Path(settings).read_text())
    if what == "baseline":
        configurations, _ = read_labels(study)
        pairwise_baseline(configurations, study.elements, study.model[0].electrostatics).save(Path(out))
    else:
        es = PairwiseBaseline.load(Path(given)).labels(study.model[0].electrostatics.charges) if given else None
        write_json(Path(out), cross_validate(study, es))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EsgapError as error:
        sys.exit(f"esgap: {error}")
