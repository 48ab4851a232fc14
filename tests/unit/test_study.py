"""Study files: defaults, paths, examples, and one sentence for each kind of mistake."""

import os
import tomllib
from pathlib import Path

import pytest

from esgap.errors import EsgapError
from esgap.studies.example import example
from esgap.studies.kinds import kinds
from esgap.studies.load import load_study

MINIMAL = 'kind = "frenkel"\nstructure = "cell.cif"\npotential = "li7p3s11/es-gap"\n'

NEB = 'kind = "neb"\npotential = "p"\n[endpoints]\n'
FIT = 'kind = "fit"\nmaterial = "Li2S"\nelements = ["Li", "S"]\ndata = ["d"]\n[sigma]\nenergy = 0.001\nforce = 0.1\nvirial = 0.1\n[distance_2b]\ncutoff = 5.0\nn_sparse = 5\ndelta = 1.0\ntheta = 1.0\n[[model]]\nname = "a"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "study.toml"
    file.write_text(text)
    return file


def test_defaults_and_structure_beside_the_study(tmp_path):
    study = load_study(write(tmp_path, MINIMAL))
    assert study.structure == tmp_path / "cell.cif"
    assert study.field.values == (-0.2, -0.1, 0.0, 0.1, 0.2)
    assert study.relax.force == 0.01
    assert study.run.ranks == 1 and study.run.available() == len(os.sched_getaffinity(0))


def test_potential_beside_the_study_comes_before_a_name(tmp_path):
    assert load_study(write(tmp_path, MINIMAL)).potential == "li7p3s11/es-gap"
    (tmp_path / "li7p3s11/es-gap").mkdir(parents=True)
    (tmp_path / "li7p3s11/es-gap/potential.toml").touch()
    assert load_study(write(tmp_path, MINIMAL)).potential == str(tmp_path / "li7p3s11/es-gap")


@pytest.mark.parametrize(
    "text, message",
    [
        (MINIMAL + "[defect]\nseperation = 3.0\n", r"unknown key 'defect\.seperation': did you mean 'separation'\?"),
        (MINIMAL + "potentail = 'x'\n", r"unknown key 'potentail': did you mean 'potential'\?"),
        (MINIMAL + "zzz = 1\n", "unknown key 'zzz': known keys here: kind, title, run, .*structure"),
        ('kind = "frenkel"\nstructure = "cell.cif"\n', "key 'potential' is missing"),
        (MINIMAL + "[relax]\nforce = -1\n", r"key 'relax\.force' = -1: input should be greater than 0"),
        (MINIMAL + "[relax]\nforce = inf\n", r"key 'relax\.force' = inf: input should be a finite number"),
        (MINIMAL + '[field]\ndirections = ["w"]\n', r"field\.directions: 'w' is no direction: expected one of x, y, z, a, b, c, or a vector"),
        (MINIMAL + '[field]\ndirections = [[0, 0, 0]]\n', r"\(0\.0, 0\.0, 0\.0\) is no direction"),
        (MINIMAL + "[defect]\nreach = 3.0\n", r"reach = 3 is shorter than separation = 4"),
        (MINIMAL + "[field]\nvalues = [0.1, 0.0, 0.1]\n", "field.values has 0.1 twice: give each once"),
        (MINIMAL + "[field]\nvalues = [0.0, -0.0]\n", "field.values has .* twice: give each once"),
        (MINIMAL + "[field]\nvalues = [0.1, 0.10000]\n", "field.values has 0.1 twice"),
        (MINIMAL + "supercells = [[1, 2, 1], [2, 1, 2]]\n", r"supercells has \[2, 1, 2\] after \[1, 2, 1\], smaller along an axis"),
        (MINIMAL + "supercell = [1, 2, 1]\nsupercells = [[1, 2, 1], [2, 2, 2]]\n", "supercell and supercells are both given"),
        (MINIMAL + '[field]\ndirections = ["x", "y", "x"]\n', "field.directions has x twice: give each once"),
        (MINIMAL + "[field]\nvalues = [nan]\n", r"key 'field\.values\.0' = nan: input should be a finite number"),
        (MINIMAL + "[field]\nvalues = [0.0, inf]\n", r"key 'field\.values\.1' = inf: input should be a finite number"),
        (MINIMAL + 'compare = ["li7p3s11/es-gap"]\n', "potential and compare has li7p3s11/es-gap twice"),
        (MINIMAL + 'compare = ["a", "a"]\n', "potential and compare has a twice"),
        (MINIMAL + "supercell = [1, 0, 1]\n", r"key 'supercell\.1' = 0: input should be greater than or equal to 1"),
        (MINIMAL + "[defect]\npairs = 0\n", r"pairs = 0: expected a number from 1 on"),
        (MINIMAL + "[run]\nranks = 0\n", r"key 'run\.ranks' = 0"),
        (MINIMAL + "[run]\ncores = 0\n", r"key 'run\.cores' = 0"),
        (MINIMAL + '[run]\nlmp = " "\n', "lmp is empty"),
        (NEB + 'initial = "a"\nfinal = "b"\nothers = "keep"\n', "`run` and `others` belong to `from` and `hop`"),
        (NEB + 'from = "md"\nhop = 1\nvia = ["c"]\n', "`via` was given with `from`"),
        (NEB + 'from = "md"\nhop = []\n', "`hop` is empty"),
        (FIT + "[model.electrostatics]\ncharges = { Li = 1.0, S = -2.0 }\nzeta = { Li = 1.0, S = 1.0 }\n", r"key 'model\.0\.electrostatics\.\w+' is missing"),
        (MINIMAL.replace("frenkel", "frenkl"), "kind = 'frenkl', expected one of .*frenkel"),
        (MINIMAL.replace('kind = "frenkel"', "kind = 3"), "kind = 3, expected one of"),
        (MINIMAL.replace('kind = "frenkel"', 'kind = ["frenkel"]'), r"kind = \['frenkel'\], expected one of"),
        ("", "kind = None, expected one of"),
        ("kind = frenkel", "is not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(EsgapError, match=message) as caught:
        load_study(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(EsgapError, match="no study file"):
        load_study(tmp_path / "nothing.toml")
    with pytest.raises(EsgapError, match="no study file"):
        load_study(tmp_path)


def test_study_of_another_kind_than_the_command(tmp_path):
    file = write(tmp_path, MINIMAL)
    assert load_study(file, "frenkel").kind == "frenkel"
    with pytest.raises(EsgapError, match='is a study of kind "frenkel": give it to `esgap run`'):
        load_study(file, "fit")
    assert load_study(write(tmp_path, MINIMAL.replace('kind = "frenkel"\n', "")), "frenkel").kind == "frenkel"


def test_program_of_ones_own_is_relative_to_the_study(tmp_path):
    """Jobs start in the run folder: a path relative to where one happens to be would be found by some of them only."""
    study = load_study(write(tmp_path, MINIMAL + '[run]\nlmp = "bin/lmp"\n'))
    assert study.run.lmp == str(tmp_path / "bin/lmp")
    assert load_study(write(tmp_path, MINIMAL + '[run]\nlmp = "lmp_mpi"\n')).run.lmp == "lmp_mpi"


@pytest.mark.parametrize("kind", kinds())
def test_printed_example_has_the_keys_of_its_kind(tmp_path, kind):
    """What `esgap new` prints is a study as it stands, or needs values in place of "..." and a choice between sections; never a key."""
    file = write(tmp_path, example(kind))
    assert tomllib.loads(file.read_text())["kind"] == kind
    try:
        assert load_study(file).kind == kind
    except EsgapError as error:
        assert "unknown key" not in str(error) and "is missing" not in str(error) and "TOML" not in str(error)


def test_example_of_an_unknown_kind():
    with pytest.raises(EsgapError, match="no kind of study 'mdd': choose one of"):
        example("mdd")
