"""The tests of the styles and of the GAP core once more with the plugin under AddressSanitizer and UndefinedBehaviorSanitizer."""

import os
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1"
TESTS = ("tests/plugin", "tests/unit/test_gap_core.py")
# The first compiles a file by itself and runs nothing of the plugin; the others take many steps or large models through code that small ones go through, too.
OUTSIDE = "not refused_64_bit_ids and not molecular_dynamics and not shipped"


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A clone with an environment of its own, in which esgap is compiled with the sanitizers."""
    folder = tmp_path_factory.mktemp("sanitized") / "esgap"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    venv.create(folder / ".venv", with_pip=True)
    pip = [folder / ".venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ".[test]"]
    subprocess.run(pip, cwd=folder, env=dict(os.environ, CXXFLAGS=FLAGS), check=True)
    return folder


def runtime(name: str) -> str:
    """Path of a sanitizer's library, which has to be loaded before lmp."""
    return subprocess.run(["g++", f"-print-file-name=lib{name}.so"], text=True, capture_output=True, check=True).stdout.strip()


def test_no_memory_error_and_no_undefined_behaviour(clone):
    styles = next(clone.glob(".venv/lib/*/site-packages/esgap/plugin/libesgap_styles.so"))
    assert b"__asan_report" in styles.read_bytes() and b"__ubsan_handle" in styles.read_bytes()
    # Python and QUIP leave memory behind at exit: leaks are not looked for.
    env = dict(os.environ, LD_PRELOAD=f"{runtime('asan')} {runtime('ubsan')}", ASAN_OPTIONS="detect_leaks=0", UBSAN_OPTIONS="print_stacktrace=1")
    words = [clone / ".venv/bin/python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-k", OUTSIDE, *TESTS]
    done = subprocess.run(words, cwd=clone, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-5000:]
    print(done.stdout.splitlines()[-1])
