"""The plugin's Fourier transform against that of numpy."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "lammps-plugin" / "src"


@pytest.fixture(scope="module")
def transforms(tmp_path_factory):
    """A function from a complex mesh to its transform and what the way back makes of that, compiled from the plugin's source."""
    driver = tmp_path_factory.mktemp("fft") / "driver"
    subprocess.run(["c++", "-O2", "-std=c++17", f"-I{SOURCES}", HERE / "fft_driver.cpp", SOURCES / "dipole" / "fft.cpp", "-o", driver], check=True)

    def run(mesh):
        numbers = np.concatenate([mesh.real.ravel(), mesh.imag.ravel()])
        text = " ".join(map(str, mesh.shape)) + "\n" + " ".join(f"{x:.17g}" for x in numbers) + "\n"
        done = subprocess.run([driver], input=text, text=True, capture_output=True, check=True)
        there, back = (np.array(line.split(), float).reshape(2, -1) for line in done.stdout.splitlines())
        planes, rows, columns = mesh.shape
        return (there[0] + 1j * there[1]).reshape(planes, columns, rows).swapaxes(1, 2), (back[0] + 1j * back[1]).reshape(mesh.shape)

    return run


# every radix alone, repeated and beside the others; 15 x 20 points are more than are transformed together
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 5), (4, 8, 9), (25, 16, 10), (12, 15, 20), (60, 6, 1)])
def test_is_that_of_numpy(transforms, shape):
    random = np.random.default_rng(3)
    mesh = random.normal(size=shape) + 1j * random.normal(size=shape)
    there, back = transforms(mesh)
    np.testing.assert_allclose(there, np.fft.fftn(mesh), rtol=0, atol=1e-12)
    np.testing.assert_allclose(back, mesh * mesh.size, rtol=0, atol=1e-10)
