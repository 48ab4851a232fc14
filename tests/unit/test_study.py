"""Study files: defaults, and one sentence for each kind of mistake."""

from pathlib import Path

import pytest

from esgap.errors import EsgapError
from esgap.studies.load import load_study

MINIMAL = 'kind = "frenkel"\nstructure = "cell.cif"\npotential = "li7p3s11/es-gap"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "study.toml"
    file.write_text(text)
    return file


def test_defaults_and_structure_beside_the_study(tmp_path):
    study = load_study(write(tmp_path, MINIMAL))
    assert study.structure == tmp_path / "cell.cif"
    assert study.field.values == (-0.2, -0.1, 0.0, 0.1, 0.2)
    assert study.relax.force == 0.01


@pytest.mark.parametrize(
    "text, message",
    [
        (MINIMAL + "[defect]\nseperation = 3.0\n", r"unknown key 'defect\.seperation': did you mean 'separation'\?"),
        (MINIMAL + "potentail = 'x'\n", r"unknown key 'potentail': did you mean 'potential'\?"),
        (MINIMAL + "zzz = 1\n", "unknown key 'zzz': known keys here: kind, title, run, structure"),
        ('kind = "frenkel"\nstructure = "cell.cif"\n', "key 'potential' is missing"),
        (MINIMAL + "[relax]\nforce = -1\n", r"key 'relax\.force' = -1: input should be greater than 0"),
        (MINIMAL + '[field]\ndirections = ["w"]\n', r"key 'field\.directions\.0' = 'w'"),
        ("kind = frenkel", "is not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(EsgapError, match=message):
        load_study(write(tmp_path, text))


def test_missing_file(tmp_path):
    with pytest.raises(EsgapError, match="no study file"):
        load_study(tmp_path / "nothing.toml")
