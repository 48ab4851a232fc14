"""The jobs of the Frenkel study side by side: one rank a job on two cores against one after another on one core, in one run.

Usage: python tests/benchmarks/jobs.py. Prints seconds and the ratio; about five minutes.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ESGAP = Path(sys.executable).parent / "esgap"


def study(folder: Path, cores: int) -> Path:
    """The worked case with so many cores, its files by absolute paths."""
    text = (ROOT / "inputs/frenkel/study.toml").read_text()
    text = text.replace("../structures", str(ROOT / "inputs/structures")).replace("[run]", f"[run]\ncores = {cores}")
    file = folder / f"cores-{cores}.toml"
    file.write_text(text)
    return file


def seconds(folder: Path, cores: int) -> float:
    """Wall time of `esgap run`, decks written beforehand."""
    out = folder / f"run-{cores}"
    subprocess.run([ESGAP, "deck", study(folder, cores), "-o", out], check=True, stdout=subprocess.DEVNULL)
    started = time.monotonic()
    subprocess.run([ESGAP, "run", study(folder, cores), "-o", out], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        one, two = (seconds(Path(name), cores) for cores in (1, 2))
    print(f"52 relaxations of 84 atoms, one rank each: {one:.1f} s on one core, {two:.1f} s on two: {one / two:.2f}x")
