"""Labels of the start; then for each generation fits, sampling and choice, and, when these are finished, labels. Each round goes as far as is known."""

from collections.abc import Iterator
from pathlib import Path

from ase import Atoms
from ase.io import read, write

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.lammps.data import read_structure
from esgap.potential import read_toml
from esgap.record import read_json, write_text
from esgap.studies.common.reference import ENERGY, FORCES, VIRIAL, bare, label_job, write_reference
from esgap.studies.contract import Workspace
from esgap.studies.load import load_study, module
from esgap.studies.train.explore import STARTS
from esgap.studies.train.generation import CELLS, FILES, OBSERVED, RELAXED, SPLIT, TEST, TRAIN, Generation, failed, known, write_settings
from esgap.studies.train.start import distributions, generated
from esgap.studies.train.stop import finished
from esgap.studies.train.study import Study

FIT = "fit.toml"  # the copy in the run folder
FEWEST_HELD_OUT = 2  # energies: the standard deviation is calibrated on one part, tested on the other


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Write what is known so far; yield the jobs of the start and of each generation.

    Raises EsgapError: a fit study that cannot be repeated here, unreadable files, a start with too few held-out energies.
    """
    fit, driver = read_fit(study, study.fit)
    write_text(work.stage / FIT, study.fit.read_text())
    reference = write_reference(study, work.stage)
    write_settings(study, work.stage)
    crystal = read_structure(study.structure, study.supercell)
    starts = write_cells(study, crystal, work.stage)
    jobs = start_jobs(study, crystal, reference, work)
    yield from jobs
    if not all(work.finished(job) for job in jobs):
        return
    frames, vain = started(study, fit, known(jobs, work.folder)), failed(jobs, work.folder)
    passed: list[Generation] = []
    for number in range(study.generations):
        generation = Generation(number, study, fit, driver)
        first = [*generation.fits(frames, work), *generation.observation()]
        yield from first
        passed.append(generation)
        if generation.finished(first, work) and over(study, passed, work.folder) or number + 1 == study.generations:
            return
        sampling = list(generation.sampling(starts, vain, work.stage))
        yield from sampling
        if not generation.finished(sampling, work):
            return
        labels = generation.labels(reference, work)
        yield from labels
        if not generation.finished(labels, work):
            return
        frames, vain = frames + fitted(known(labels, work.folder)), vain + failed(labels, work.folder)


def read_fit(study: Study, file: Path):
    """The study of kind fit in `file` and the name of the model that explores."""
    fit = load_study(file, "fit")
    if fit.scan or fit.sparse_from or fit.engine != "native":
        raise EsgapError(f'{file} has scan, sparse_from or engine = "gap_fit": the fits of a training choose sparse points anew and need the engine native; remove it')
    names = [model.name for model in fit.model]
    if study.driver and study.driver not in names:
        raise EsgapError(f"driver = {study.driver!r} is no model of {file} ({', '.join(names)}): correct one of the two")
    charged = [model.name for model in fit.model if model.electrostatics]
    return fit, study.driver or (charged or names)[-1]


def write_cells(study: Study, crystal: Atoms, stage: Path) -> int:
    """Write the cells that generations start from; how many the dynamics have."""
    starts = [crystal, *(distributions(crystal, study.generate) if study.generate else [])]
    write(stage / STARTS, [bare(atoms) for atoms in starts], format="extxyz")
    if study.relax:
        write(stage / RELAXED, [bare(atoms) for atoms in [*starts, *(frame for file in study.relax.cells for frame in frames_of(file))]], format="extxyz")
    if study.candidates:
        write(stage / FILES, [bare(atoms) for file in study.candidates.files for atoms in frames_of(file)], format="extxyz")
    if study.observable:
        cells = frames_of(study.observable.cells)
        if len(cells) < 2:
            raise EsgapError(f"{study.observable.cells} has {len(cells)} cell: the observable is the energy of the last less that of the first, so give two")
        write(stage / CELLS, [bare(atoms) for atoms in cells], format="extxyz")
    return len(starts)


def frames_of(file: Path) -> list[Atoms]:
    """The configurations of a file. Raises EsgapError when there is none, or one is not periodic."""
    if not file.is_file():
        raise EsgapError(f"no file {file}: files are relative to the study file")
    try:
        found = read(file, ":")
    except Exception as error:  # each of ASE's readers has its own errors
        raise EsgapError(f"{file} cannot be read ({type(error).__name__}: {error}): give a file that ASE reads, such as extxyz") from error
    if not found or any(atoms.cell.rank < 3 or not atoms.pbc.all() for atoms in found):
        raise EsgapError(f"{file} holds no configuration, or one that is not periodic in three directions: give cells")
    return found


def start_jobs(study: Study, crystal: Atoms, reference: dict[str, str], work: Workspace) -> list[Job]:
    """The calculations of the generated configurations."""
    frames = generated(crystal, study.generate) if study.generate else ()
    jobs = [label_job(study, reference, atoms, i, work.stage, "start/") for i, atoms in enumerate(frames)]
    return [job.model_copy(update={"tags": job.tags | {"part": "label", "generation": -1}}) for job in jobs]


def started(study: Study, fit, generated_labels: list[Atoms]) -> list[Atoms]:
    """All labelled configurations of the start with the keys dft_*, each marked split=train or split=test, unless it was: fixed before the first fit.

    Raises EsgapError when fewer than two energies are held out, or nothing is left to fit.
    """
    frames = [atoms for file in study.start for atoms in labels_of(file, fit)] + generated_labels
    unmarked = [atoms for atoms in frames if SPLIT not in atoms.info]
    for i, atoms in enumerate(unmarked):
        tested = not study.held_out and i % study.holdout_every == study.holdout_every - 1
        atoms.info[SPLIT] = TEST if tested else TRAIN
    for atoms in (apart := [atoms for file in study.held_out for atoms in labels_of(file, fit)]):
        atoms.info[SPLIT] = TEST
    frames += apart
    held = sum(atoms.info[SPLIT] == TEST and ENERGY in atoms.info for atoms in frames)
    if held < FEWEST_HELD_OUT or all(atoms.info[SPLIT] == TEST for atoms in frames):
        raise EsgapError(f"{held} of {len(frames)} labelled configurations of the start are held out: at least {FEWEST_HELD_OUT} with energies, and some to fit; give more or change holdout_every")
    return frames


def fitted(frames: list[Atoms]) -> list[Atoms]:
    """What is chosen later is fitted."""
    for atoms in frames:
        atoms.info[SPLIT] = TRAIN
    return frames


def labels_of(file: Path, fit) -> list[Atoms]:
    """The labelled configurations of a file, by the keys of the fit study, under the keys dft_*."""
    found = []
    for atoms, label in zip(*module("fit", "data").read_files(fit.model_copy(update={"data": file})), strict=True):
        out = bare(atoms)
        out.info |= {key: value for key, value in ((ENERGY, label.energy), (VIRIAL, label.virial)) if value is not None}
        if label.forces is not None:
            out.arrays[FORCES] = label.forces
        found.append(out)
    return found


def over(study: Study, passed: list[Generation], folder: Path) -> bool:
    """True when two generations brought nothing."""
    errors, observables = history(passed, folder)
    return finished(errors, study.stop, observables if study.observable else None, study.observable.tolerance if study.observable else 0.0)


def history(passed: list[Generation], folder: Path) -> tuple[list[dict[str, float]], list[float | None]]:
    """Held-out errors of the driver (energy, and forces by element) and the observable of each generation."""
    errors, observables = [], []
    for generation in passed:
        held = read_toml(folder / generation.model(generation.driver) / "potential.toml").errors["held_out"]
        errors.append({"energy": held["energy"]} | held["force"])
        file = folder / generation.name / "observable" / OBSERVED
        observables.append(read_json(file, "delete the folder to compute it again")["value"] if file.is_file() else None)
    return errors, observables
