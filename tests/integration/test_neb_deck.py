"""in.neb on a potential whose barriers are known: an ion between two wells, over the periodic boundary, with and without a field."""

import shutil
import subprocess

import numpy as np
import pytest
from places import ENV, ROOT

from esgap.lammps.neb import read_history, read_images, read_matrix, write_images
from esgap.physics import barrier as b
from esgap.physics.modes import THZ, frequencies, unstable

CELL, WELLS, HEIGHT = np.diag([12.0, 8.0, 8.0]), 4.0, 0.6  # Angstrom, Angstrom between wells along x, eV

DATA = """two ions

2 atoms
2 atom types
0 12 xlo xhi
0 8 ylo yhi
0 8 zlo zhi

Masses

1 7.0
2 7.0

Atoms # charge

1 1 1.0 8.2 3.0 3.0
2 2 -1.0 1.0 7.0 7.0
"""

# In place of a potential: wells along x for ion 1, springs in its channel, and ion 2 held.
POTENTIAL = """pair_style zero 3.0
pair_coeff * *
group ion type 1
group rest type 2
variable energy atom 0.3*(1-cos(PI*x/2))
variable pull atom -0.15*PI*sin(PI*x/2)
fix wells ion addforce v_pull 0 0 energy v_energy
fix_modify wells energy yes
fix channel all spring/self 3.0 yz
fix_modify channel energy yes
fix held rest spring/self 3.0
fix_modify held energy yes
"""


def lmp(folder, deck, *words, ranks=1):
    """A deck of inputs/ in `folder`, on the two ions."""
    shutil.copy(ROOT / "inputs" / deck, folder)
    (folder / "data.hop").write_text(DATA)
    (folder / "potential.lmp").write_text(POTENTIAL)
    argv = ["mpirun", "-n", str(ranks), "lmp", "-in", deck, "-var", "potential", ".", *words]
    done = subprocess.run(argv, cwd=folder, env=ENV, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]


def run(folder, images, *variables):
    """The band of in.neb."""
    lmp(folder, "in.neb", "-partition", f"{images}x1", "-var", "force", "0.001", *variables, ranks=images)
    return read_images(folder, images)


def path_of(band):
    return b.Path(b.unwrap(band.positions, CELL), band.energies, band.forces)


@pytest.mark.parametrize("field", [0.0, 0.08])
def test_barrier_over_the_boundary(tmp_path, field):
    """From the well at 8 to that at 12, which is 0: barriers of A/2 (1 - cos(2 pi x/a)) - q E x, from its extrema."""
    shift = WELLS / (2 * np.pi) * np.arcsin(field / (HEIGHT * np.pi / WELLS))  # of the minima; the maxima go back by as much
    energy = lambda x: HEIGHT / 2 * (1 - np.cos(2 * np.pi * x / WELLS)) - field * x  # noqa: E731
    forward = energy(WELLS / 2 - shift) - energy(shift)
    (tmp_path / "hop.final").write_text("1\n1 -0.3 3.0 3.0\n")
    band = run(tmp_path, 3, "-var", "ex", str(field), "-var", "ey", "0.02" if field else "0")
    found = b.barrier(path_of(band))
    assert found.forward == pytest.approx(forward, abs=1e-4)
    assert found.back == pytest.approx(forward + field * WELLS, abs=1e-4)
    assert found.length == pytest.approx(WELLS, abs=2e-3)
    assert b.problems(path_of(band), 0.002, CELL, np.array([3, 9])) == []
    assert b.field_part(np.array([field, 0, 0]), band.dipoles, found.saddle) == pytest.approx(-field * (WELLS / 2 - 2 * shift), abs=2e-3)
    np.testing.assert_allclose(band.field_energies, -band.dipoles @ [field, 0.02 if field else 0, 0], rtol=0, atol=1e-12)
    assert not list(tmp_path.glob("*.restart")) and not (tmp_path / "tmp.lammps.variable").exists()

    history, climber = read_history(tmp_path / "log.lammps")
    last = history.iloc[-1]
    assert climber == found.saddle == 1
    assert (last.forward, last.back, last.length) == pytest.approx((found.forward, found.back, found.length), abs=1e-6)
    moving = history.force < 0.999 * history.force_image  # ion 2 moves a little
    np.testing.assert_allclose(history.force[~moving], history.force_image[~moving], rtol=1e-3)
    assert last.force <= 0.001


def test_a_file_for_each_image_gives_the_same_path(tmp_path):
    """From a crooked first path, its files not wrapped: the dumps are one path over the boundary."""
    straight = b.linear(np.array([[8.0, 3, 3], [1.0, 7, 7]]), np.array([[12.0, 3, 3], [1.0, 7, 7]]), 3)
    straight[1:-1, 0, 1] += 0.5
    assert write_images(tmp_path, "path", straight) == ["path.02", "path.03"]
    band = run(tmp_path, 3, "-var", "path", "each", "-var", "file", "path")
    found = b.barrier(path_of(band))
    assert (found.forward, found.back) == pytest.approx((HEIGHT, HEIGHT), abs=1e-4)
    np.testing.assert_allclose(path_of(band).positions[:, 0, 0], [8, 10, 12], rtol=0, atol=0.02)

    # The modes at the top of the well's cosine, and of the springs: k/m, with -A/2 (2 pi/a)^2 along the channel.
    lmp(tmp_path, "in.modes", "-var", "image", "02")
    found = frequencies(read_matrix(tmp_path / "modes.dynmat"))
    expected = np.array([-HEIGHT / 2 * (2 * np.pi / WELLS) ** 2, 3, 3, 3, 6, 6]) / 7
    np.testing.assert_allclose(found, np.sign(expected) * np.sqrt(np.abs(expected)) * THZ, rtol=1e-3)
    assert unstable(found) == 1

    # Evaluated as they are, the images have the energies and forces that they had in the band.
    lmp(tmp_path, "in.images", "-var", "image", "01", "02", "03")
    again = read_images(tmp_path, 3, out="images")
    np.testing.assert_allclose(again.energies, band.energies, rtol=0, atol=1e-10)
    np.testing.assert_allclose(again.forces, band.forces, rtol=0, atol=1e-10)
