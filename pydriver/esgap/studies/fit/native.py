"""The engine native: esgap.gapfit on the labels of a study."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.stress import voigt_6_to_full_3x3_stress

from esgap.calculators import GAP
from esgap.errors import EsgapError
from esgap.gapfit import e0
from esgap.gapfit.committee import calibrate, coverage, members, posterior_stddev, write_members
from esgap.gapfit.fit import Fit, predict
from esgap.gapfit.sparse import choose
from esgap.gapfit.targets import Target
from esgap.gapfit.terms import Sparse
from esgap.gapfit.xml import read_model, write_model
from esgap.lammps.static import Labels
from esgap.studies.common.potentials import POSTERIOR
from esgap.studies.fit.accuracy import summary
from esgap.studies.fit.engine import Fitted, Task
from esgap.studies.fit.gap_files import XML
from esgap.studies.fit.study import Study

SAME = 1e-7  # eV/atom: the file must give what was fitted
E0 = {"average": e0.average, "least_squares": e0.least_squares}
PERCENTILE = 95


def fit(task: Task, say: Callable[[str], None] = lambda line: print(line, flush=True)) -> Fitted:
    """Choose sparse points, fit, write the XML files and test them.

    Raises EsgapError: e0 that the data do not determine, no term with data, labels that cannot be fitted.
    """
    fitted = np.flatnonzero(~task.held)
    targets = [target(task, i) for i in fitted]
    atomic = isolated_atoms(task, targets)
    sparse = sparse_points(task.study, [t.atoms for t in targets], say)
    total = sum(len(s) for s in sparse)
    say(f"{sum(t.count for t in targets)} labels, {total} sparse points in {len(sparse)} terms")
    found = Fit(targets, sparse, atomic, jitter=task.study.sparse_jitter, progress=_progress(say))
    xml, *files = write_model(task.work / XML, found.model(task.label), "esgap fit, engine native")
    predicted = evaluate(xml, task.configurations)
    _check_file(found, task, predicted)
    largest, smallest = found.factor.singular_values()
    record = {"sparse_points": total, "log_evidence": round(found.factor.log_evidence(), 3), "singular_values": [float(f"{largest:.3e}"), float(f"{smallest:.3e}")]}
    if task.study.posterior:
        np.save(task.folder / POSTERIOR, found.factor.r)
    drawn, names = committee(task, found, xml, files, predicted) if task.study.committee else ({}, ())
    return Fitted(predicted, record | drawn, ("numpy", "scipy"), names, left_out(task, found))


def target(task: Task, i: int) -> Target:
    """Configuration `i` as the fit takes it; expected errors follow the reference force, so that models of one study get equal weights."""
    atoms, label = task.configurations[i], task.targets[i]
    return Target(atoms, label.energy, label.forces, label.virial, **task.study.sigma.of(atoms, task.labels[i].forces))


def isolated_atoms(task: Task, targets: list[Target]) -> dict[int, float]:
    """Energy of each isolated atom, less the baseline, by atomic number."""
    method = task.study.e0
    if isinstance(method, dict):
        return {atomic_numbers[symbol]: energy for symbol, energy in method.items()}
    if method == "isolated":  # held-out configurations too: they are looked up, not fitted
        return e0.isolated(task.configurations, [t.energy for t in task.targets])
    return E0[method]([t.atoms for t in targets], [t.energy for t in targets])


def sparse_points(study: Study, configurations, say: Callable[[str], None]) -> list[Sparse]:
    """The sparse points of all terms: those of a given file, or chosen from the data and rounded as the files will hold them."""
    if study.sparse_from:
        return read_model(study.sparse_from).sparse
    chosen = []
    for number, (term, count) in enumerate(study.native_terms()):
        choice = choose(term, configurations, count, study.sparse_method, study.seed + number)
        if choice.remark:
            say(choice.remark)
        if choice.sparse is not None:
            s = choice.sparse
            chosen.append(s if term.kind != "soap" else Sparse(term, s.points.round(study.sparse_decimals), s.method, s.factors))
    if not chosen:
        raise EsgapError("no term has data within its cutoff: enlarge the cutoffs or correct the data")
    return chosen


def evaluate(xml: Path, configurations) -> list[Labels]:
    """Energy, forces and virial of each configuration by the GAP of a file, as pair_style gap evaluates it."""
    calculator, out = GAP(xml), []
    for atoms in configurations:
        atoms = atoms.copy()
        atoms.calc = calculator
        virial = -atoms.get_stress(voigt=False) * atoms.get_volume() if atoms.cell.rank == 3 else None
        out.append(Labels(atoms.get_potential_energy(), atoms.get_forces(), virial))
    return out


def _check_file(found: Fit, task: Task, predicted: list[Labels]) -> None:
    """The first configuration by the kernel matrix must be what the file gives."""
    atoms = task.configurations[0]
    difference = abs(predict(found.kernel, found.weights, atoms, found.e0)[0] - predicted[0].energy) / len(atoms)
    if not difference < SAME:
        raise EsgapError(f"the file of the fit gives an energy that is off by {difference:.1e} eV/atom from the fit: report this as a fault of esgap")


def prediction_error(found: Fit, task: Task, i: int) -> Labels:
    """Predicted less reference for configuration `i`, which `found` need not have seen."""
    energy, forces, virial = predict(found.kernel, found.weights, task.configurations[i], found.e0)
    return Labels(float(energy), forces, voigt_6_to_full_3x3_stress(virial)) - task.targets[i]


def left_out(task: Task, found: Fit) -> dict:
    """Errors of each fitted configuration by a fit to the others with the same sparse points, as `accuracy.summary` gives them."""
    errors = found.left_out()
    rows = []
    for t, energy, forces, i in zip(found.targets, errors.energy, errors.forces, np.flatnonzero(~task.held), strict=True):
        rows.append((t.atoms, task.labels[i], Labels(None if np.isnan(energy) else energy * len(t.atoms), forces, None)))
    return summary(rows)


def committee(task: Task, found: Fit, xml: Path, files: list[Path], predicted: list[Labels]) -> tuple[dict, tuple[str, ...]]:
    """Write the members; the record of their factor, from energies and forces of every other held-out configuration, and their coverage of the rest.

    The larger of two factors counts. A few energies tell theirs poorly; forces are many, and they are what an energy difference
    between similar cells is made of, such as a barrier.
    """
    study = task.study
    held = [i for i in np.flatnonzero(task.held) if task.targets[i].energy is not None]
    if len(held) < 2:
        raise EsgapError("a committee is calibrated and tested on energies that are not fitted, two at least: hold more configurations out")
    rows = np.array([found.kernel.rows(task.configurations[i], False, False).energy for i in held])
    errors = np.array([predicted[i].energy - task.targets[i].energy for i in held])
    stddevs = posterior_stddev(found, rows)
    factors = {"energies": calibrate(errors[::2], stddevs[::2]), "forces": _factor_of_forces(task, found, held[::2], predicted)}
    factor = max(factors.values())
    tested = coverage(errors[1::2], factor * stddevs[1::2])
    cells = factor * stddevs
    per_atom = cells / [len(task.configurations[i]) for i in held]
    names = [path.name for path in write_members(found, members(found, study.committee, factor, study.seed), task.label, xml, files)]
    record = {
        "members": study.committee,
        "factor": round(factor, 4),
        "factors": {name: round(value, 4) for name, value in factors.items() if value},
        "calibrated_on": len(errors[::2]),
        "tested_on": tested.frames,
        "coverage": {f"{100 * level:g} %": round(share, 3) for level, share in tested.share.items()},
        "stddev_95": float(f"{np.percentile(1e3 * per_atom, PERCENTILE):.4g}"),  # meV/atom
        "stddev_95_cell": float(f"{np.percentile(1e3 * cells, PERCENTILE):.4g}"),  # meV
    }
    return {"error_bars": record}, tuple(names)


def _factor_of_forces(task: Task, found: Fit, chosen: list[int], predicted: list[Labels]) -> float:
    """As `calibrate` for the force components of these configurations; 0 where none has forces."""
    errors, stddevs = [], []
    for i in chosen:
        if task.targets[i].forces is not None:
            errors.append((predicted[i].forces - task.targets[i].forces).ravel())
            stddevs.append(posterior_stddev(found, found.kernel.rows(task.configurations[i], True, False).forces))
    return calibrate(np.concatenate(errors), np.concatenate(stddevs)) if errors else 0.0


def _progress(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """A line every tenth of the way."""

    def tell(done: int, total: int) -> None:
        if done * 10 // total > (done - 1) * 10 // total:
            say(f"fit: {done} of {total} configurations")

    return tell
