"""in.md in a process group that is killed with -9, and what it leaves."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from places import ENV, ROOT

from esgap.lammps.trajectory import Trajectory, read_trajectory


@dataclass(frozen=True)
class Killable:
    """A short run of in.md on one rank."""

    folder: Path
    variables: dict

    def start(self) -> subprocess.Popen:
        words = ["lmp", "-in", "in.md", "-log", str(self.folder / "log"), "-screen", "none"]
        words += [word for key, value in self.variables.items() for word in ("-var", key, str(value))]
        return subprocess.Popen(words, cwd=ROOT / "inputs", env=ENV, start_new_session=True, stderr=subprocess.STDOUT, stdout=subprocess.PIPE)

    def to_the_end(self) -> None:
        """Run, or go on, to the end."""
        process = self.start()
        said = process.communicate()[0]
        assert process.returncode == 0, said.decode()

    def with_kills(self, random: np.random.Generator, kills: int) -> int:
        """Kill `kills` starts, each at a random moment of the next frames, then run to the end; how many were alive when killed."""
        alive = 0
        for _ in range(kills):
            begun, process = self.written(), self.start()
            frames = random.integers(0, 5)
            while self.written() < begun + frames and process.poll() is None:
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.05))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                alive += 1
            process.communicate()
        self.to_the_end()
        return alive

    def written(self) -> int:
        """Frames in all dumps."""
        return sum(file.read_text().count("ITEM: TIMESTEP") for file in self.folder.glob("md.*.dump"))

    def left(self) -> set[str]:
        """Names of the files that the run leaves."""
        return {file.name for file in self.folder.iterdir()}

    def trajectory(self) -> Trajectory:
        """Its frames; refused when one is lost, doubled or cut."""
        return read_trajectory(sorted(self.folder.glob("md.*.dump")))

    def thermo(self) -> np.ndarray:
        """Step and temperature of its frames."""
        rows = np.concatenate([np.loadtxt(file, skiprows=2, ndmin=2)[:, :2] for file in sorted(self.folder.glob("md.*.thermo"))])
        return rows[np.append(True, np.diff(rows[:, 0]) > 0)]


def same(one: Killable, other: Killable) -> None:
    """The same frames in the same files, up to the rounding of a sum over neighbours in another order."""
    assert one.left() == other.left()
    for trajectory in (one.trajectory(), other.trajectory()):
        assert trajectory.steps.tolist() == list(range(0, 61, 2)) and not trajectory.notes
    np.testing.assert_allclose(one.trajectory().positions, other.trajectory().positions, rtol=0, atol=1e-6)
    np.testing.assert_allclose(one.thermo(), other.thermo(), rtol=1e-6, atol=0)


def killable(folder: Path, **variables) -> Killable:
    """A run of 60 steps in six segments, a frame every 2 steps."""
    folder.mkdir()
    short = dict(potential=ROOT / "potentials" / "li7p3s11" / "gap", equilibration=0.008, production=0.12, sample_every=0.004, segment=0.02, out=folder / "md")
    return Killable(folder, short | variables)
