"""The equation of state against curves whose parameters are known, ASE's fit, and noise."""

import numpy as np
import pytest
from ase.eos import EquationOfState

from esgap.errors import EsgapError
from esgap.physics.eos import birch_murnaghan, fit, pressure
from esgap.studies.contract import OK
from esgap.studies.eos.analyse import Point, _branch, curve
from esgap.studies.load import load_study

TRUE = (-10068.0, 850.0, 0.16, 5.5)  # eV, Angstrom^3, eV/Angstrom^3, 1
VOLUMES = TRUE[1] * np.linspace(0.92, 1.07, 8)


def test_parameters_come_back():
    found = fit(VOLUMES, birch_murnaghan(VOLUMES, *TRUE))
    for estimate, value in zip((found.energy, found.volume, found.bulk_modulus, found.derivative), TRUE):
        assert estimate.value == pytest.approx(value, rel=1e-6)
    assert np.abs(found.residuals).max() < 1e-8


def test_pressure_is_the_derivative_of_the_energy():
    h = 1e-3
    slope = (birch_murnaghan(VOLUMES + h, *TRUE) - birch_murnaghan(VOLUMES - h, *TRUE)) / (2 * h)
    np.testing.assert_allclose(pressure(VOLUMES, *TRUE[1:]), -slope, rtol=0, atol=1e-8)
    assert pressure(TRUE[1], *TRUE[1:]) == 0
    np.testing.assert_allclose(-TRUE[1] * (pressure(TRUE[1] + h, *TRUE[1:]) - pressure(TRUE[1] - h, *TRUE[1:])) / (2 * h), TRUE[2], rtol=1e-7)


def test_ase_finds_the_same_curve():
    energies = birch_murnaghan(VOLUMES, *TRUE) + 1e-3 * np.random.default_rng(1).standard_normal(len(VOLUMES))
    found = fit(VOLUMES, energies)
    volume, energy, modulus = EquationOfState(VOLUMES, energies, eos="birchmurnaghan").fit()
    assert found.volume.value == pytest.approx(volume, rel=1e-5)
    assert found.energy.value == pytest.approx(energy, abs=1e-6)
    assert found.bulk_modulus.value == pytest.approx(modulus, rel=1e-4)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 400 fits to noisy energies 95 % have the bulk modulus in the interval; 92.5 ... 97.5 % is +-2.3 standard deviations."""
    random = np.random.default_rng(2)
    clean = birch_murnaghan(VOLUMES, *TRUE)
    found = [fit(VOLUMES, clean + 2e-3 * random.standard_normal(len(VOLUMES))).bulk_modulus for _ in range(400)]
    inside = np.mean([estimate.low < TRUE[2] < estimate.high for estimate in found])
    assert 0.925 <= inside <= 0.975


def test_what_cannot_be_fitted():
    with pytest.raises(EsgapError, match="4 volumes cannot give the 4 parameters"):
        fit(VOLUMES[:4], birch_murnaghan(VOLUMES[:4], *TRUE))
    with pytest.raises(EsgapError, match="no minimum near the volumes"):
        fit(VOLUMES, -birch_murnaghan(VOLUMES, *TRUE))


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("volumes = [0.9, 1.0, 1.1, 1.2]", "volumes"),
        ("volumes = [0.9, 1.0, 1.0, 1.1, 1.2]", "volumes has 1.0 twice"),
        ("volumes = [-0.9, 1.0, 1.05, 1.1, 1.2]", "volumes"),
        ('compare = ["li7p3s11/gap"]', "twice"),
    ],
)
def test_study_refuses(tmp_path, text, sentence):
    (tmp_path / "study.toml").write_text(f'kind = "eos"\nstructure = "a.cif"\npotential = "li7p3s11/gap"\n{text}\n')
    with pytest.raises(EsgapError, match=sentence):
        load_study(tmp_path / "study.toml")


def made_of(volumes, energies) -> list[Point]:
    rows = zip(np.asarray(volumes) / TRUE[1], volumes, energies)
    return [Point(potential="m/p", ratio=r, volume=v, energy=e, difference=e - min(energies), pressure=0.0, jump=0.0, max_force=0.0) for r, v, e in rows]


def test_verdicts_of_a_curve():
    good = curve("m/p", made_of(VOLUMES, birch_murnaghan(VOLUMES, *TRUE)), 42)
    assert good.verdict == OK and good.points == 8
    assert good.bulk_modulus.value == pytest.approx(TRUE[2] * 160.2177, rel=1e-5) and good.bulk_modulus.unit == "GPa"
    far = VOLUMES * 1.2
    assert "extrapolated" in curve("m/p", made_of(far, birch_murnaghan(far, *TRUE)), 42).verdict
    kinked = birch_murnaghan(VOLUMES, *TRUE) + np.where(VOLUMES < TRUE[1], 0.3, 0.0)
    assert "scatter by" in curve("m/p", made_of(VOLUMES, kinked), 42).verdict
    few = curve("m/p", made_of(VOLUMES[:4], birch_murnaghan(VOLUMES[:4], *TRUE)), 42)
    assert few.bulk_modulus is None and "4 volumes cannot give" in few.verdict


def test_points_beyond_a_jump_are_another_minimum():
    """Steps between six volumes, the lowest energy at the third: a jump before the second and after the fifth."""
    steps = [0.6, 0.1, 0.1, 0.1, 0.9]
    assert [_branch(steps, 2, i) for i in range(6)] == [(0.6, False), (0.1, True), (0.0, True), (0.1, True), (0.1, True), (0.9, False)]
