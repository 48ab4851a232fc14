"""Kind born with a stand-in for CP2K whose charges and permittivity are known; runs that do not converge, that are interrupted, that were made elsewhere."""

import shutil
import sys

import pandas as pd
import pytest
from ase.io import read
from fake_cp2k import CHARGES, EPS, SKEW
from outcomes import refused, succeeded
from places import CIF, ROOT

STUDY = f"""
kind = "born"
structure = "{CIF}"
field = 0.03
[cp2k]
template = "zero.template"
field_template = "field.template"
program = "./cp2k"
[fitted]
fit = "fit"
[polyanions]
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("zero.template", "field.template"):
        shutil.copyfile(ROOT / "inputs/born" / name, tmp_path / name)
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit/charges.csv").write_text("element,charge,charge_low,charge_high,verdict\nLi,0.6,0.5,0.7,ok\nS,-0.7,,,ok\n")
    program = tmp_path / "cp2k"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {ROOT}/tests/support/fake_cp2k.py\n")
    program.chmod(0o755)
    (tmp_path / "study.toml").write_text(STUDY.replace("./cp2k", str(program)))
    return tmp_path


def runs(folder) -> list[str]:
    file = folder / "out/runs"
    return file.read_text().split() if file.is_file() else []


def table(folder, name, *index) -> pd.DataFrame:
    return pd.read_csv(folder / "out" / f"{name}.csv", keep_default_na=False, na_values=[""]).set_index(list(index))


def test_known_charges(folder, esgap):
    succeeded(esgap("run", "study.toml", "-o", "out"))
    assert runs(folder)[0] == "zero" and sorted(runs(folder)[1:]) == ["xm", "xp", "ym", "yp", "zm", "zp"]
    born, eps, fitted, atoms = (table(folder, *names) for names in (("born", "element", "environment"), ("dielectric", "field"), ("fitted", "element", "model"), ("atoms", "atom")))
    for symbol, charge in CHARGES.items():
        assert born.loc[(symbol, "all")].born == pytest.approx(charge, rel=1e-5) and born.loc[(symbol, "all")].spread < 1e-4
    assert born.loc[("S", "bridging in P2S7")].atoms == 2
    for axis, name in enumerate("xyz"):
        assert eps.loc[name].eps == pytest.approx(EPS[axis, axis], rel=1e-6) and eps.loc[name].from_energies == pytest.approx(EPS[axis, axis], rel=1e-5)
    root = (EPS.trace() / 3) ** 0.5
    assert eps.loc["mean"].root == pytest.approx(root, rel=1e-6) and eps.loc["y"].eps_x == pytest.approx(0.1, rel=1e-5)
    assert set(eps.verdict) | set(born.verdict) == {"ok"} and eps.sum_rule.max() < 1e-5
    assert fitted.loc[("Li", "fit")].ratio == pytest.approx(1.1 / 0.6, rel=1e-5) and fitted.loc[("S", "fit")].screened == pytest.approx(CHARGES["S"] / root, rel=1e-5)
    symbols = read(CIF).symbols
    assert atoms.xy.tolist() == pytest.approx([SKEW * {"Li": 3, "P": -7, "S": 0}[s] for s in symbols], abs=1e-5) and atoms.yx.abs().max() < 1e-5
    assert (folder / "out/born.png").stat().st_size > 5000
    before = runs(folder)
    succeeded(esgap("run", "study.toml", "-o", "out"))
    assert runs(folder) == before, "finished jobs are kept"


def test_what_does_not_converge_keeps_its_reason(folder, esgap):
    (folder / "out").mkdir()
    (folder / "out/unconverged").write_text("ym")
    succeeded(esgap("run", "study.toml", "-o", "out"))
    eps, born = table(folder, "dielectric", "field"), table(folder, "born", "element", "environment")
    assert eps.loc["y"].verdict.startswith("SCF not converged in") and pd.isna(eps.loc["y"].eps) and eps.loc["z"].verdict == "ok"
    assert set(born.verdict) == {"only of fields along x, z"} == {eps.loc["mean"].verdict}
    assert born.loc[("P", "all")].born == pytest.approx(CHARGES["P"], rel=1e-5)
    assert table(folder, "atoms", "atom").xy.isna().all()


def test_no_wave_functions_without_convergence(folder, esgap):
    (folder / "out").mkdir()
    (folder / "out/unconverged").write_text("zero")
    succeeded(esgap("run", "study.toml", "-o", "out"))
    assert runs(folder) == ["zero"]
    assert table(folder, "dielectric", "field").loc["x"].verdict.startswith("without field: SCF not converged")


def test_too_strong_a_field_is_left_out(folder, esgap):
    from esgap.physics.born import drop

    drops = [drop(0.1, axis, read(CIF).cell.array) for axis in range(3)]
    gap = sorted(drops)[-1] - 0.001
    text = (folder / "study.toml").read_text().replace("field = 0.03", f"field = 0.1\ngap = {gap}")
    (folder / "study.toml").write_text(text)
    succeeded(esgap("run", "study.toml", "-o", "out"))
    strong = "xyz"[drops.index(max(drops))]
    assert not any(name.startswith(strong) for name in runs(folder)) and len(runs(folder)) == 5
    assert "more than the gap" in table(folder, "dielectric", "field").loc[strong].verdict


def test_outputs_of_elsewhere_are_read(folder, esgap):
    """Where input and whole output lie in the folder of a job; half an output is computed again."""
    succeeded(esgap("run", "study.toml", "-o", "out"))
    (folder / "out").rename(folder / "elsewhere")
    for name in ("zero", "xp", "xm", "yp", "ym", "zp", "zm"):
        (folder / "out" / name).mkdir(parents=True)
        for file in ("cp2k.inp", "cp2k.out"):
            shutil.copyfile(folder / "elsewhere" / name / file, folder / "out" / name / file)
    shutil.copyfile(folder / "elsewhere/zero/zero.wfn", folder / "out/zero/zero.wfn")
    half = folder / "out/zm/cp2k.out"
    half.write_text(half.read_text()[:800])
    succeeded(esgap("run", "study.toml", "-o", "out"))
    assert runs(folder) == ["zm"]
    assert (folder / "out/born.csv").read_text() == (folder / "elsewhere/born.csv").read_text()


@pytest.mark.parametrize(
    "file, old, new, words",
    [
        ("field.template", "@FIELD@", "", "no @FIELD@"),
        ("field.template", "../zero/zero.wfn", "zero.wfn", "does not start from the zero field"),
        ("study.toml", "field.template", "none.template", "no CP2K template"),
        ("study.toml", "field = 0.03", "field = 1.0", "less than or equal to 0.1"),
    ],
)
def test_refused(folder, main, file, old, new, words):
    (folder / file).write_text((folder / file).read_text().replace(old, new))
    refused(main("run", "study.toml", "-o", "out"), words)
