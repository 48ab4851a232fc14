"""Arrows between modules point down only; kinds of study know neither each other nor are they known."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from esgap.studies.kinds import kinds

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("esgap", cache_dir=None)


def test_layers():
    """The contracts of [tool.importlinter] in pyproject.toml."""
    done = subprocess.run([Path(sys.executable).parent / "lint-imports", ROOT / "pyproject.toml", "--no-cache"], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout


def test_kinds_are_independent(graph):
    for one in kinds():
        for other in set(kinds()) - {one}:
            assert not graph.direct_import_exists(importer=f"esgap.studies.{one}", imported=f"esgap.studies.{other}", as_packages=True), (one, other)


def test_no_module_knows_a_kind(graph):
    """They are found by their folder, so a further one touches nothing else."""
    for module in graph.modules:
        if not any(f"{module}.".startswith(f"esgap.studies.{kind}.") for kind in kinds()):
            known = {name for name in graph.find_modules_directly_imported_by(module) if name.split(".")[2:3] and name.split(".")[2] in kinds() and name.startswith("esgap.studies.")}
            assert not known, (module, known)


def test_drawing_is_in_report_modules_only(graph):
    """matplotlib is slow to import; the other verbs stay fast without it."""
    done = subprocess.run([sys.executable, "-c", "import esgap.cli, esgap.pipeline, sys; sys.exit('matplotlib' in sys.modules)"])
    assert done.returncode == 0
