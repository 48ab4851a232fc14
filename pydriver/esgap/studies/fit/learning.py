"""The learning curve: errors on the held-out configurations of fits to a part of the data."""

from dataclasses import replace

import numpy as np

from esgap.gapfit.fit import Fit
from esgap.studies.fit.accuracy import summary
from esgap.studies.fit.engine import Task
from esgap.studies.fit.native import isolated_atoms, prediction_error, sparse_points, target


def learning_curve(task: Task) -> list[dict]:
    """One entry a share of `study.learning`: configurations fitted, and what `accuracy.summary` gives for the held-out ones.

    Each fit has the settings of the whole one, and sparse points and e0 of its own data. The parts are nested: a larger one holds the smaller.
    """
    order = np.random.default_rng(task.study.seed).permutation(np.flatnonzero(~task.held))
    curve = []
    for share in sorted(task.study.learning):
        chosen = np.sort(order[: max(1, round(share * len(order)))])
        curve.append({"fitted": len(chosen)} | _errors(task, chosen))
        print(f"learning curve: {len(chosen)} of {len(order)} configurations", flush=True)
    return curve


def _errors(task: Task, chosen: np.ndarray) -> dict:
    mask = np.ones(len(task.held), dtype=bool)
    mask[chosen] = False
    part = replace(task, held=mask)
    targets = [target(part, i) for i in chosen]
    sparse = sparse_points(task.study, [t.atoms for t in targets], lambda remark: None)
    fit = Fit(targets, sparse, isolated_atoms(part, targets), jitter=task.study.sparse_jitter)
    return summary([(task.configurations[i], task.labels[i], prediction_error(fit, task, i)) for i in np.flatnonzero(task.held)])
