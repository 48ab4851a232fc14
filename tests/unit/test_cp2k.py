"""CP2K's output, of a real calculation of a distorted Li2S cell (lines without numbers that we read are left out)."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from esgap import cp2k
from esgap.errors import EsgapError

OUTPUT = Path(__file__).parent / "data" / "li2s.cp2k.out"
ATOMS = Atoms("SLi2", cell=[[0, 2.86, 2.86], [2.86, 0, 2.86], [2.86, 2.86, 0]], positions=[[0.08, -0.03, -0.03], [1.38, 1.47, 1.31], [4.38, 4.25, 4.31]], pbc=True)


def test_values():
    """Hartree and Bohr become eV and Angstrom; pressure and virial are positive together."""
    found = cp2k.read_output(OUTPUT, ATOMS)
    assert found.energy == pytest.approx(-25.002523317990086 * 27.211386245988, rel=1e-7)
    assert found.forces[0] == pytest.approx([0.496754, -0.289722, 0.198804], abs=1e-5)
    assert found.virial.trace() / 3 / ATOMS.get_volume() * 160.21766 == pytest.approx(28.87, abs=0.01)
    assert found.charges == pytest.approx([-0.621, 0.309, 0.312], abs=1e-9)
    assert found.version.startswith("CP2K version")


def test_unconverged_is_told_with_its_steps(tmp_path):
    text = OUTPUT.read_text().replace("SCF run converged", "SCF run NOT converged")
    (tmp_path / "out").write_text(text)
    with pytest.raises(cp2k.NotConverged, match=r"SCF not converged in \d+ steps"):
        cp2k.read_output(tmp_path / "out", ATOMS)


@given(end=st.integers(0, len(OUTPUT.read_text()) - 1))
def test_any_truncation_is_a_sentence(tmp_path_factory, end):
    file = tmp_path_factory.mktemp("cut") / "out"
    file.write_text(OUTPUT.read_text()[:end])
    try:
        whole = cp2k.read_output(file, ATOMS)
    except EsgapError as error:
        assert "\n" not in str(error)
    else:  # only the last line's end was cut
        np.testing.assert_array_equal(whole.forces, cp2k.read_output(OUTPUT, ATOMS).forces)


def test_template_without_a_place():
    with pytest.raises(EsgapError, match="no @COORD@"):
        cp2k.deck("&CELL\n@CELL@\n&END", ATOMS)
