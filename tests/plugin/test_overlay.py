"""The whole ES-GAP in a field: quip + coul/slater/long + pppm + fix efield/pbc on the triclinic cell, as derivatives and on 1, 2 and 4 ranks."""

import re

import numpy as np
import pytest
from harness import difference_forces, difference_stress, evaluate

# Exponents in 1/Angstrom, large enough that nothing jumps where a pair crosses the cutoff; field in V/Angstrom. The splitting and
# the mesh are fixed, so that the energy is one function of the box: left to itself pppm chooses them anew for each box.
SCRIPT = """
units metal
atom_style charge
read_data data.test
pair_style hybrid/overlay quip coul/slater/long slater 10.0
pair_coeff * * quip {xml} "Potential xml_label={label}" 3 15 16
pair_coeff * * coul/slater/long 1.5
pair_coeff 2 2 coul/slater/long 1.7
pair_coeff 3 3 coul/slater/long 1.6
kspace_style pppm 1.0e-8
kspace_modify gewald 0.45 mesh 48 24 48 order 7
fix field all efield/pbc 0.05 -0.1 0.15
# Away from the reference, where the field has an energy and a stress.
run 0 post no
group lithium type 1
displace_atoms lithium move 0.2 -0.1 0.3
"""


@pytest.fixture
def script(tiny_gap, li7p3s11, data_file):
    data_file(li7p3s11)
    return SCRIPT.format(xml=tiny_gap, label=re.search(r"<(GAP_\w+)>", tiny_gap.read_text())[1])


def test_one_two_and_four_ranks_agree(script, tmp_path):
    one, *others = [evaluate(script, tmp_path, ranks, columns="f_field") for ranks in (1, 2, 4)]
    for other in others:
        assert other.energy == pytest.approx(one.energy, rel=1e-10)
        assert other.thermo["f_field"] == pytest.approx(one.thermo["f_field"], rel=1e-10)
        np.testing.assert_allclose(other.forces, one.forces, rtol=0, atol=1e-10 * np.abs(one.forces).max())
        np.testing.assert_allclose(other.stress, one.stress, rtol=0, atol=1e-10 * np.abs(one.stress).max())


def test_forces_and_stress_are_the_derivatives(script, li7p3s11, tmp_path):
    result = evaluate(script, tmp_path)
    ids = [li7p3s11.get_chemical_symbols().index(s) + 1 for s in ("Li", "P", "S")]
    # What is left is QUIP's noise, as for pair_style quip alone: below 1e-7 eV/Angstrom and 1e-8 eV/Angstrom^3.
    np.testing.assert_allclose(difference_forces(script, tmp_path, ids), result.forces[np.array(ids) - 1], rtol=0, atol=5e-7)
    np.testing.assert_allclose(difference_stress(script, tmp_path), result.stress, rtol=0, atol=1e-7)


def test_each_part_counts(script, tmp_path):
    """The overlay is the sum of its parts, none of them nothing: a part lost on the way would pass the tests above."""
    whole = evaluate(script, tmp_path, columns="f_field")
    no_field = evaluate(script.replace("0.05 -0.1 0.15", "0 0 0"), tmp_path)
    assert whole.energy - no_field.energy == pytest.approx(whole.thermo["f_field"], abs=1e-9)
    charges = -7 * 2 * 0.5 * np.dot([0.05, -0.1, 0.15], [0.2, -0.1, 0.3])  # 14 Li of +0.5 e, moved
    assert whole.thermo["f_field"] == pytest.approx(charges, abs=1e-9)
    overlay = "pair_style hybrid/overlay quip coul/slater/long slater 10.0"
    alone = re.sub(r"pair_coeff . . coul.*\n|kspace.*\n|fix field.*\n|coul/slater/long slater 10.0|hybrid/overlay ", "", script)
    alone = alone.replace("pair_coeff * * quip ", "pair_coeff * * ")
    assert overlay not in alone
    machine_learned = evaluate(alone, tmp_path)
    coulomb = no_field.thermo["E_coul"] + no_field.thermo["E_long"]
    assert abs(coulomb) > 10
    assert no_field.energy == pytest.approx(machine_learned.energy + coulomb, rel=1e-12)
