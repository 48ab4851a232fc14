"""An ion that hops between two wells over the periodic boundary, in a field: a NEB with known barriers."""

from pathlib import Path

import numpy as np
import pytest
from harness import launch

NEB = """units metal
atom_style charge
atom_modify map array
region box block 0 12 0 8 0 8
create_box 2 box
create_atoms 1 single 8.0 3.0 3.0
create_atoms 2 single 1.0 7.0 7.0
mass * 7.0
set type 1 charge 1.0
set type 2 charge -1.0
pair_style zero 3.0
pair_coeff * *
group ion type 1
group rest type 2
variable energy atom 0.3*(1-cos(PI*x/2))
variable force atom -0.15*PI*sin(PI*x/2)
fix wells ion addforce v_force 0 0 energy v_energy
fix_modify wells energy yes
fix channel all spring/self 3.0 yz
fix rest rest spring/self 3.0
fix_modify channel energy yes
fix_modify rest energy yes
fix field all efield/pbc 0.08 0.02 0.0
fix neb all neb 0.5 parallel neigh
timestep 0.002
min_style fire
neb 0.0 1.0e-3 500 500 100 final end.xyz
variable image uloop 3
print "IMAGE ${image} $(pe:%.12g) $(f_field:%.12g) $(f_field[1]:%.12g)" file image.${image}
"""


def check_neb_over_the_boundary(tmp_path: Path, ranks: int, layout: str) -> None:
    """An ion hops along x from the well at 8 to that at 12, which is 0: barriers of A/2 (1 - cos(2 pi x/a)) - q E x, from its extrema."""
    a, height, field = 4.0, 0.6, 0.08
    shift = a / (2 * np.pi) * np.arcsin(field / (height * np.pi / a))  # of the minima, and back from a/2 of the maxima
    potential = lambda x: height / 2 * (1 - np.cos(2 * np.pi * x / a)) - field * x  # noqa: E731
    forward = potential(a / 2 - shift) - potential(shift)
    (tmp_path / "end.xyz").write_text("1\n1 0.0 3.0 3.0\n")
    done = launch(NEB, tmp_path, ranks, args=("-partition", layout))
    assert "ERROR" not in done.stdout, done.stdout
    last = [line.split() for line in (tmp_path / "log.test").read_text().splitlines() if line.strip()][-1]
    assert float(last[6]) == pytest.approx(forward, abs=1e-4)
    assert float(last[7]) == pytest.approx(forward + field * a, abs=1e-4)
    ends = [(tmp_path / f"image.{k}").read_text().split()[2:] for k in (1, 3)]
    energies, fields, dipoles = np.array(ends, dtype=float).T
    assert dipoles[1] - dipoles[0] == pytest.approx(a, abs=1e-2)
    assert energies[1] - energies[0] == pytest.approx(-field * a, abs=1e-4)
    assert fields[1] - fields[0] == pytest.approx(-field * a, abs=1e-3)
