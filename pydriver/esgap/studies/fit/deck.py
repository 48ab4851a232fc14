"""One job a model: baseline, fit and check, in a process of its own that leaves a potential folder. Or the jobs of a scan."""

from collections.abc import Iterator
from pathlib import Path

from esgap.gap_file import check_xml
from esgap.gapfit.xml import read_model, write_model
from esgap.jobs.job import Job
from esgap.lammps.static import check_neutral
from esgap.record import write_text
from esgap.studies.contract import Workspace
from esgap.studies.fit.data import names, read_labels
from esgap.studies.fit.scan import scan_deck
from esgap.studies.fit.study import Study

DATA = "labels.extxyz"
SPARSE = "sparse.xml"
LEFT = ("gap.xml", "README.md", "parity.json", "potential.lmp", "potential.toml")


def deck(study: Study, work: Workspace) -> Iterator[Job]:
    """Check the labels, write them and the settings of each model; yield the fits.

    Raises EsgapError for labels that cannot be fitted (see esgap.studies.fit.data), or a net charge.
    """
    configurations, _ = read_labels(study)
    for model in study.model:
        if model.electrostatics:
            check_neutral(configurations, model.electrostatics)
    (work.stage / DATA).write_bytes(b"".join(_lines(path) for path in study.files))
    if study.sparse_from:
        check_xml(study.sparse_from)
        write_model(work.stage / SPARSE, read_model(study.sparse_from))
    # The data by its name in the run folder, so that the settings are the same on every machine.
    given = {"data": Path(DATA)} | ({"sparse_from": Path(SPARSE)} if study.sparse_from else {})
    if study.scan:
        yield from scan_deck(study, work, given)
        return
    for model in study.model:
        settings = study.model_copy(update={"model": (model,), "title": "", **given})
        write_text(work.stage / f"{model.name}.json", settings.model_dump_json(indent=1, exclude={"run"}) + "\n")
        yield Job(
            name=f"models/{model.name}",
            command=("python", "-m", "esgap.studies.fit.work", f"{model.name}.json", f"models/{model.name}", names(study)),
            inputs={"settings": f"{model.name}.json", "data": DATA} | ({"sparse": SPARSE} if study.sparse_from else {}),
            outputs=tuple(f"models/{model.name}/{file}" for file in LEFT),
            tags={"part": "fit", "model": model.name},
            tools=("lmp", "plugin") if study.engine == "native" else ("quippy-ase", "lmp", "plugin"),
        )


def _lines(path: Path) -> bytes:
    """The content of an extxyz file, ended by a line end, so that files can follow one another."""
    content = path.read_bytes()
    return content if content.endswith(b"\n") else content + b"\n"
