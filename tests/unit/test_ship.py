"""inputs/ship.py on a small repository: what a case ships is replaced, nothing else, and no run that is not that of the case."""

import sys

import pytest
from places import ROOT

from esgap.errors import EsgapError
from esgap.jobs.job import Job
from esgap.plan import Plan
from esgap.studies.load import load_study

sys.path.insert(0, str(ROOT / "inputs"))
import ship  # noqa: E402

EVALUATE = 'kind = "evaluate"\ntitle = "Eval"\nconfigurations = "a.extxyz"\npotential = "li7p3s11/gap"\n[keys]\nenergy = "E"\n'
STUDIES = {
    "inputs/one/study.toml": 'kind = "relax"\ntitle = "One"\nstructure = "a.cif"\npotential = "li7p3s11/es-gap"\n[relax]\nforce = 0.01\n',
    "inputs/one/other.toml": 'kind = "relax"\ntitle = "Other"\nstructure = "a.cif"\npotential = "li7p3s11/gap"\n',
    "inputs/single/study.toml": 'kind = "relax"\ntitle = "Single"\nstructure = "a.cif"\npotential = "li7p3s11/gap"\n',
    "inputs/silent/study.toml": 'kind = "relax"\ntitle = "Silent"\nstructure = "a.cif"\npotential = "li7p3s11/gap"\n',
}
PAPER = """
title = "T"
source = "S"
figure = []
[[case]]
name = "one"
study = "../one/study.toml"
set = { cell = { relax = "volume" } }
[[case]]
name = "other"
study = "../one/other.toml"
expected = "../one/expected/other-{table}.csv"
"""
BEFORE = {"one": ("relaxed.csv", "figure.png", "other-relaxed.csv"), "single": ("relaxed.csv",)}
TABLE = "pressure,volume,verdict\n0,880.5,ok\n1,840.1,ok\n"


@pytest.fixture
def root(tmp_path):
    """A repository of four studies, two of them cases of a paper, three of which ship something."""
    for file, text in (STUDIES | {"inputs/paper/paper.toml": PAPER, "potentials/li7p3s11/gap/potential.toml": "new"}).items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    for case, files in BEFORE.items():
        (tmp_path / "inputs" / case / "expected").mkdir()
        for file in files:
            (tmp_path / "inputs" / case / "expected" / file).write_text(TABLE)
    return tmp_path


def run(root, name, study, more=None, files=("relaxed.csv", "figure.png"), potential="new", jobs=()):
    """A run folder, finished unless it has jobs; its tables have another volume than the shipped ones, and there is one that is not shipped."""
    folder = root / "runs" / name
    (folder / "potentials/li7p3s11/gap").mkdir(parents=True)
    (folder / "potentials/li7p3s11/gap/potential.toml").write_text(potential)
    plan = load_study(root / study, more=more).model_dump(mode="json")
    elsewhere = {"structure": "a.cif", "potential": f"/elsewhere/{plan['potential']}"}
    Plan(kind="relax", study=plan | elsewhere | {"run": plan["run"] | {"cores": 7}}, jobs=jobs).save(folder)
    for file in ("result.json", "further.csv", *files):
        (folder / file).write_text(TABLE.replace("840.1", f"{name} 840.2"))
    return folder


ONE = {"cell": {"relax": "volume"}}  # `set` of the case


def shipped(root) -> dict[str, str]:
    return {str(file.relative_to(root / "inputs")): file.read_text() for file in sorted(root.glob("inputs/*/expected/*"))}


def test_all_runs_of_a_paper_and_a_single_one(root, capsys):
    run(root, "paper/one", "inputs/one/study.toml", ONE)
    run(root, "paper/other", "inputs/one/other.toml")
    run(root, "mine", "inputs/single/study.toml")
    names = set(shipped(root))
    ship.main([str(root / "runs/paper"), str(root / "runs/mine")], root)
    after = shipped(root)
    assert set(after) == names, "nothing is added"
    for name, origin in (("one/expected/relaxed.csv", "paper/one"), ("one/expected/figure.png", "paper/one"), ("one/expected/other-relaxed.csv", "paper/other"), ("single/expected/relaxed.csv", "mine")):
        assert f"{origin} 840.2" in after[name]
    said = capsys.readouterr().out
    assert said.count("replaced ") == 4 and "one/expected/other-relaxed.csv: volume of 1 rows" in said

    ship.main([str(root / "runs/paper")], root)
    assert capsys.readouterr().out.count("same ") == 3 and shipped(root) == after


@pytest.mark.parametrize(
    "study, changes, sentence",
    [
        ("inputs/one/study.toml", {}, r"was made with other settings than its case \(cell.relax\)"),
        ("inputs/one/study.toml", {"more": ONE | {"relax": {"force": 0.3}}}, r"other settings than its case \(relax.force\)"),
        ("inputs/silent/study.toml", {}, 'is a run of "Silent" of kind relax, which is no case'),
        ("inputs/single/study.toml", {"potential": "old"}, "was made by another li7p3s11/gap than that of"),
        ("inputs/single/study.toml", {"files": ()}, "has no relaxed.csv, which its case ships"),
        ("inputs/single/study.toml", {"jobs": (Job(name="a", command=("lmp",), inputs={}, outputs=("a/log",)),)}, "is not finished .0 of 1 jobs"),
    ],
)
def test_what_must_not_be_shipped_is_refused_and_the_others_are_shipped(root, study, changes, sentence):
    run(root, "all/a", study, **changes)
    run(root, "all/b", "inputs/one/other.toml")
    before = shipped(root)
    with pytest.raises(EsgapError, match=sentence):
        ship.main([str(root / "runs/all")], root)
    assert [name for name, text in shipped(root).items() if text != before[name]] == ["one/expected/other-relaxed.csv"]


def test_a_folder_without_runs_is_refused(root):
    with pytest.raises(EsgapError, match="holds no run folder"):
        ship.main([str(root / "inputs")], root)


def test_what_changed_in_a_table(tmp_path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text(TABLE)
    new.write_text("pressure,volume,verdict\n0,880.5,ok\n")
    assert ship.table_changes(new, old) == "2 -> 1 rows"
    new.write_text(TABLE.replace("volume", "cell").replace("ok", "not converged"))
    assert ship.table_changes(new, old) == "+cell, -volume, verdict of 2 rows"


def test_every_shipped_file_belongs_to_one_case():
    """But those of a chain of studies, inputs/li2s, whose tables a test of their own compares."""
    found = [file for case in ship.cases(ROOT).values() for file in case.files]
    assert sorted(found) == sorted(file for file in ROOT.glob("inputs/*/expected/*") if (file.parents[1] / "study.toml").is_file())


def test_settings_of_a_study_with_a_table_called_keys(tmp_path):
    """A model with a field `keys` looks like a mapping to dict()."""
    (tmp_path / "study.toml").write_text(EVALUATE)
    assert ship.asked(load_study(tmp_path / "study.toml"))["keys"] == {"energy": "E", "forces": None, "virial": None}
