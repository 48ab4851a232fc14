"""The shipped potentials through pair_style gap: the numbers of pair_style quip on 1, 2 and 4 ranks, and derivatives."""

import re
from pathlib import Path

import numpy as np
import pytest
from harness import difference_forces, difference_stress, evaluate

ROOT = Path(__file__).parents[2]
HEAD = "units metal\natom_style charge\nread_data data.test\n"
NAMES = ("gap", "es-gap", "es-gap-dipoles")
SHIPPED = [ROOT / "potentials" / "li7p3s11" / name / "gap.xml" for name in NAMES]
PEA = "compute pea all pe/atom pair\n"


def native(xml):
    return HEAD + f"pair_style gap\npair_coeff * * {xml} Li P S\n" + PEA


def quip(xml):
    label = re.search(r'<Potential label="([^"]+)"', xml.read_text())[1]
    return HEAD + f'pair_style quip\npair_coeff * * {xml} "Potential xml_label={label}" 3 15 16\n' + PEA


def same(one, two, atoms):
    """To what the two evaluators agree: 5e-9 eV/atom, 1e-7 eV/Angstrom, 1e-6 of the stress."""
    assert one.energy == pytest.approx(two.energy, abs=5e-9 * len(atoms), rel=0)
    np.testing.assert_allclose(one.forces, two.forces, rtol=0, atol=1e-7)
    np.testing.assert_allclose(one.stress, two.stress, rtol=0, atol=1e-6 * np.abs(two.stress).max())
    np.testing.assert_allclose(one.peratom, two.peratom, rtol=0, atol=5e-9 * 240)


@pytest.mark.parametrize("xml", SHIPPED, ids=NAMES)
def test_shipped_potentials(li7p3s11, data_file, tmp_path, xml):
    data_file(li7p3s11)
    oracle = evaluate(quip(xml), tmp_path, peratom="c_pea")
    assert np.abs(oracle.forces).max() > 0.5
    for ranks in (1, 2, 4):
        same(evaluate(native(xml), tmp_path, ranks, peratom="c_pea"), oracle, li7p3s11)


def test_forces_and_stress_by_central_differences(li7p3s11, data_file, tmp_path):
    data_file(li7p3s11)
    script = native(SHIPPED[1])
    result = evaluate(script, tmp_path)
    # Short steps: the cutoff function's second derivative jumps, which is an error of first order in the step.
    differences = difference_forces(script, tmp_path, ids=(1, 17, 31), h=1e-4)
    np.testing.assert_allclose(result.forces[[0, 16, 30]], differences, rtol=0, atol=5e-6)
    np.testing.assert_allclose(result.stress, difference_stress(script, tmp_path), rtol=0, atol=1e-7)
