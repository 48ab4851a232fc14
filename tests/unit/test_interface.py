"""Kind interface: profiles of the potential, energies between fields, occupation; what is refused. The energies are a quadratic in the field."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from esgap.errors import EsgapError
from esgap.physics.potential_drop import EnergyCurve, exponential, linear, site_fraction, tabulated
from esgap.record import write_json
from esgap.studies.contract import Result, Runs, Workspace
from esgap.studies.interface.analyse import analyse
from esgap.studies.interface.deck import deck
from esgap.studies.interface.report import figures
from esgap.studies.load import load_study, module
from esgap.units import BOLTZMANN

FRENKEL = module("frenkel", "analyse").TABLES["formation_energy"]
E0, DIPOLE, ALPHA = 0.5, 3.0, 8.0
FIELDS = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)


def energy(field):
    return E0 - DIPOLE * field - 0.5 * ALPHA * field**2


def frenkel_row(field, state="intact", verdict="ok", **more):
    """A row of a frenkel result; what does not matter here is zero or "-"."""
    known = {"potential": "a/es-gap", "direction": "x" if field else "-", "field": field, "formation_energy": energy(field), "state": state, "sweep": "out", "verdict": verdict} | more
    rest = {name: 0.0 if FRENKEL.is_quantity(name) else "-" for name in FRENKEL.columns()}
    return FRENKEL(**{name: known.get(name, value) for name, value in rest.items()})


@pytest.fixture
def run(tmp_path):
    """A function: frenkel rows, text of the study -> the result of the interface study."""

    def call(rows, text):
        (tmp_path / "pairs").mkdir(exist_ok=True)
        result = Result(kind="frenkel", title="", tables={"formation_energy": rows})
        write_json(tmp_path / "pairs/result.json", result.model_dump(mode="json", by_alias=True))
        (tmp_path / "study.toml").write_text('kind = "interface"\nfrenkel = "pairs"\ntemperature = 300\n' + text)
        study, out = load_study(tmp_path / "study.toml"), tmp_path / "out"
        out.mkdir(exist_ok=True)
        assert list(deck(study, Workspace(out, out))) == []
        return analyse(study, Runs(out, (), frozenset()))

    return call


EXPONENTIAL = '[drop]\npotential = 2.0\nlength = 12.5\n'  # 0.16 V/Angstrom at the interface


def test_profiles_are_minus_the_slope_of_their_potential():
    depth = np.linspace(0, 40, 4001)
    for found in (exponential(depth, 0.8, 9.0), tabulated(np.linspace(0, 40, 81), 0.8 * np.exp(-np.linspace(0, 40, 81) / 9), 4001)):
        np.testing.assert_allclose(found.potential, 0.8 * np.exp(-depth / 9), atol=2e-4)
        np.testing.assert_allclose(found.field, -np.gradient(found.potential, depth), atol=1e-3 * 0.8 / 9)
    layer = linear(depth, -0.6, 20.0)
    assert layer.field[0] == pytest.approx(-0.03, rel=1e-12) and layer.potential[0] == -0.6
    assert (layer.field[depth >= 20] == 0).all() and (layer.potential[depth >= 20] == 0).all()


def test_a_table_may_not_run_backwards():
    for depth in ([0, 1], [0, 2, 1], [0, 1, np.nan]):
        with pytest.raises(EsgapError, match="increasing depth"):
            tabulated(depth, np.zeros(len(depth)), 10)


def test_curve_between_fields_and_not_beyond():
    curve = EnergyCurve(np.array(FIELDS)[::-1], energy(np.array(FIELDS)[::-1]))
    assert curve(0.137) == pytest.approx(energy(0.137), abs=1e-12)
    assert curve.miss() < 1e-12 and np.isnan(curve(0.201)) and np.isfinite(curve(0.2))
    bent = energy(np.array(FIELDS)) + np.eye(7)[3] * 0.05
    assert EnergyCurve(np.array(FIELDS), bent).miss() > 0.04
    with pytest.raises(EsgapError, match="two fields at least"):
        EnergyCurve(np.array([0.0]), np.array([1.0]))


def test_site_fraction():
    assert site_fraction(0.0, 300) == 0.5
    assert site_fraction(0.3, 300) == pytest.approx(1 / (1 + np.exp(0.3 / (BOLTZMANN * 300))), rel=1e-12)
    assert site_fraction(-900.0, 1) == 1.0 and site_fraction(900.0, 1) == 0.0, "no overflow"


def test_energies_and_fractions_below_the_interface(run):
    result = run([frenkel_row(field) for field in FIELDS], 'directions = ["x", "-x"]\ndepth = 60\npoints = 601\n' + EXPONENTIAL)
    into, out = result.rows("interface")
    assert (into.direction, out.direction) == ("x", "-x") and into.verdict == out.verdict == "ok"
    assert into.field.value == pytest.approx(0.16, rel=1e-12) and into.bulk.value == E0
    assert into.lowest.value == pytest.approx(energy(0.16), abs=1e-9) and into.at.value == 0
    assert into.fraction.value == pytest.approx(1 / (1 + np.exp(energy(0.16) / (BOLTZMANN * 300))), rel=1e-6)
    root = (-DIPOLE + np.sqrt(DIPOLE**2 + 2 * ALPHA * E0)) / ALPHA
    assert into.stable.value == pytest.approx(12.5 * np.log(0.16 / root), abs=0.01) and into.stable.value > 0.3
    assert out.stable.value == 0 and out.lowest.value == pytest.approx(energy(-0.16 * np.exp(-60 / 12.5)), abs=1e-9)
    profile = pd.DataFrame([row.flat() for row in result.rows("profile")])
    np.testing.assert_allclose(profile.field, 0.16 * np.exp(-profile.depth / 12.5), rtol=1e-12)
    sign = profile.direction.map({"x": 1, "-x": -1})
    np.testing.assert_allclose(profile.formation_energy, energy(sign * profile.field), atol=1e-9)
    ((_, figure),) = figures(result, Path())
    assert len(figure.axes[1].get_lines()) == 3


SKEW = ["1,1,0", "-1,1,0"]


def vector_rows(labels):
    """Energies whose slope differs with the direction."""
    return [frenkel_row(0.0)] + [frenkel_row(field, direction=label, formation_energy=energy((1, 0.3)[SKEW.index(label)] * field)) for label in labels for field in FIELDS if field]


def test_directions_that_begin_with_a_minus(run):
    """-1,1,0 is a direction of its own, not the opposite of 1,1,0; opposites are -1,-1,0 or -(1,1,0)."""
    both = run(vector_rows(SKEW), 'directions = ["1,1,0", "-1,1,0", "-1,-1,0", "-(-1,1,0)"]\ndepth = 60\n' + EXPONENTIAL).rows("interface")
    assert [row.verdict for row in both] == ["ok"] * 4
    assert [row.lowest.value for row in both[:2]] == pytest.approx([energy(0.16), energy(0.3 * 0.16)], abs=1e-9)
    assert [row.lowest.value for row in both[2:]] == pytest.approx([energy(-0.16 * np.exp(-60 / 12.5)), energy(-0.3 * 0.16 * np.exp(-60 / 12.5))], abs=1e-9)
    with pytest.raises(EsgapError, match="directions has -1,1,0, but .* has fields along 1,1,0 only"):
        run(vector_rows(SKEW[:1]), 'directions = ["-1,1,0"]\n' + EXPONENTIAL)


def test_verdicts_of_the_energies_come_along(run):
    """Of those within the fields below the interface, and the next ones; not of others."""
    flagged = [frenkel_row(field, verdict="uncertain here" if field == 0.1 else "ok") for field in FIELDS]
    into, out = run(flagged, 'directions = ["x", "-x"]\ndepth = 60\n' + EXPONENTIAL).rows("interface")
    assert into.verdict == "at +0.1 V/Angstrom along x uncertain here" and out.verdict == "ok"
    flagged = [frenkel_row(field, verdict="uncertain here" if field >= 0.1 else "ok") for field in FIELDS]
    (into,) = run(flagged, EXPONENTIAL).rows("interface")
    assert into.verdict == "at +0.1 V/Angstrom along x uncertain here; 1 more such energy of the frenkel run"


def test_intervals_of_the_energies_come_along(run):
    wide = [frenkel_row(field, formation_energy={"value": energy(field), "low": energy(field) - 0.1, "high": energy(field) + 0.1, "unit": "eV"}) for field in FIELDS]
    (row,) = run(wide, EXPONENTIAL).rows("interface")
    assert (row.lowest.low, row.lowest.high) == pytest.approx((energy(0.16) - 0.1, energy(0.16) + 0.1), abs=1e-9)
    assert row.fraction.low < row.fraction.value < row.fraction.high
    assert row.fraction.high == pytest.approx(float(site_fraction(energy(0.16) - 0.1, 300)), rel=1e-6)


def test_beyond_the_fields_is_refused(run):
    rows = [frenkel_row(field) for field in FIELDS]
    with pytest.raises(EsgapError, match=r"fields from 0.0218 to 0.24 V/Angstrom along x, .*pairs from -0.2 to 0.2: nothing is extrapolated"):
        run(rows, "[drop]\npotential = 3.0\nlength = 12.5\n")
    with pytest.raises(EsgapError, match="has fields along x only"):
        run(rows, 'directions = ["z"]\n' + EXPONENTIAL)


def test_beyond_the_branch_there_is_no_energy(run):
    """The pair is another one at +0.2: its energy there is not used, and depths with fields above 0.1 have none."""
    rows = [frenkel_row(field) for field in FIELDS[:-1]] + [frenkel_row(0.2, "recombined", "recombined", formation_energy=-9.0)]
    result = run(rows, EXPONENTIAL)
    (row,) = result.rows("interface")
    assert "no energy at" in row.verdict and "at +0.2 V/Angstrom along x recombined" in row.verdict
    assert energy(0.1) <= row.lowest.value < energy(0.098)
    for one in result.rows("profile"):
        assert (one.formation_energy is None) == (one.field.value > 0.1 + 1e-9)
    (other,) = run([frenkel_row(0.0), frenkel_row(0.2, "recombined", "recombined"), frenkel_row(-0.2)], EXPONENTIAL).rows("interface")
    assert other.lowest is None and "no energy at 301 of 301 depths" in other.verdict, "the fields below the interface have the other sign"
    (none,) = run([frenkel_row(0.0), frenkel_row(0.2, "recombined", "recombined")], EXPONENTIAL).rows("interface")
    assert none.lowest is None and "not what was made in any field" in none.verdict


def test_lowest_states_are_a_curve_of_their_own(run, monkeypatch):
    """Where the results know lower states, straight lines between them: the curve has kinks."""
    from esgap.studies.interface import deck as module

    table = module.read_result

    def with_lowest(folder):
        lowest = [
            frenkel_row(field, direction="x" if field else "-", formation_energy=energy(field) - 10 * max(field - 0.1, 0), verdict="ok" if field else "not followed here")
            for field in FIELDS
        ]
        return table(folder).model_copy(update={"tables": table(folder).tables | {"equilibrium": lowest}})

    monkeypatch.setattr(module, "read_result", with_lowest)
    prepared, lowest = run([frenkel_row(field) for field in FIELDS], EXPONENTIAL).rows("interface")
    assert (prepared.pair, lowest.pair) == ("-", "lowest known")
    assert prepared.verdict == "ok" and lowest.verdict == "without field not followed here"
    assert lowest.lowest.value == pytest.approx(0.4 * energy(0.1) + 0.6 * (energy(0.2) - 1.0), abs=1e-9)
    assert prepared.lowest.value == pytest.approx(energy(0.16), abs=1e-9)


def test_a_table_gives_the_same_as_its_formula(run, tmp_path):
    depth = np.linspace(0, 30, 121)
    pd.DataFrame({"depth": depth, "potential": 2.0 * np.exp(-depth / 12.5)}).to_csv(tmp_path / "drop.csv", index=False)
    rows = [frenkel_row(field) for field in FIELDS]
    (one,) = run(rows, '[drop]\nshape = "table"\ntable = "drop.csv"\n').rows("interface")
    (other,) = run(rows, EXPONENTIAL).rows("interface")
    assert one.lowest.value == pytest.approx(other.lowest.value, abs=2e-3) and one.lowest.value != other.lowest.value


@pytest.mark.parametrize(
    "text, said",
    [
        ('[drop]\nshape = "linear"\npotential = 1.0\n', 'shape = "linear" needs potential and length'),
        ('[drop]\nshape = "table"\n', 'shape = "table" needs table'),
        ('[drop]\nshape = "table"\ntable = "none.csv"\n', "no table"),
        ('directions = ["-"]\n' + EXPONENTIAL, "is no direction"),
        ('directions = ["x", "x"]\n' + EXPONENTIAL, "has x twice"),
    ],
)
def test_wrong_studies_are_one_sentence(run, text, said):
    with pytest.raises(EsgapError, match=said):
        run([frenkel_row(field) for field in FIELDS], text)


def test_other_results_are_refused(run, tmp_path):
    with pytest.raises(EsgapError, match="no formation energy in a field"):
        run([frenkel_row(0.0)], EXPONENTIAL)
    (tmp_path / "pairs/result.json").unlink()
    with pytest.raises(EsgapError, match="holds no result.json"):
        list(deck(load_study(tmp_path / "study.toml"), Workspace(tmp_path, tmp_path)))
    with pytest.raises(EsgapError, match="temperature' is missing"):
        (tmp_path / "study.toml").write_text('kind = "interface"\nfrenkel = "pairs"\n' + EXPONENTIAL)
        load_study(tmp_path / "study.toml")
