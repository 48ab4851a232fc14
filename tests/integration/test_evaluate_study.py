"""Kind evaluate from the command line with the real lmp: against what quippy gave at the fit, and the ASE calculator."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read, write

from esgap.calculators import ESGAP
from esgap.errors import EsgapError
from esgap.studies.evaluate.configurations import labels, read_configurations
from esgap.studies.evaluate.study import Study
from esgap.studies.fit.data import held_out
from esgap.studies.load import load_study

ROOT = Path(__file__).parents[2]
DATA = ROOT / "potentials/li7p3s11/training/li7p3s11-pbe.extxyz"
FIT = ROOT / "potentials/li7p3s11/fit.toml"
STUDY = 'kind = "evaluate"\nconfigurations = "{}"\npotential = "li7p3s11/es-gap"\ncompare = ["li7p3s11/gap"]\n{}\n'


def run(esgap, tmp_path, data, more="") -> Path:
    (tmp_path / "study.toml").write_text(STUDY.format(data, more))
    done = esgap("run", "study.toml", "-o", "out")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_held_out_errors_are_those_of_the_fit(esgap, tmp_path):
    """potential.toml has them from the evaluation after the fit and its baseline."""
    fit = load_study(FIT, "fit")
    everything = [atoms for file in fit.files for atoms in read(file, ":")]
    write(tmp_path / "held.extxyz", [atoms for atoms, tested in zip(everything, held_out(fit, everything)) if tested], format="extxyz")
    out = run(esgap, tmp_path, "held.extxyz")
    table = pd.read_csv(out / "errors.csv").set_index(["potential", "reference", "element"])
    for name in ("es-gap", "gap"):
        held = tomllib.loads((ROOT / f"potentials/li7p3s11/{name}/potential.toml").read_text())["errors"]["held_out"]
        mine = table.loc[(f"li7p3s11/{name}", "labels")]
        assert mine.energy_rmse["all"] == pytest.approx(held["energy"], abs=2e-3)
        assert mine.virial_rmse["all"] == pytest.approx(held["virial"], abs=2e-2)
        for element, value in held["force"].items():
            assert mine.force_rmse[element] == pytest.approx(value, abs=2e-4)
            assert mine.force_rmse_low[element] < value < mine.force_rmse_high[element]
    assert ("li7p3s11/gap", "li7p3s11/es-gap", "Li") in table.index
    uncertain = pd.read_csv(out / "uncertainty.csv")
    assert (uncertain.highest > uncertain["mean"]).all() and (uncertain["mean"] > 0).all() and uncertain.rank_correlation.abs().max() <= 1
    assert (out / "parity-li7p3s11-es-gap-labels.png").stat().st_size > 10_000


def test_configurations_without_labels(esgap, tmp_path):
    """Energies, forces and uncertainties are those of the ASE calculator, in the frame of the file."""
    crystal = read(ROOT / "inputs/structures/li7p3s11-relaxed.extxyz")
    configurations = []
    for seed in range(2):
        atoms = crystal[np.random.default_rng(seed).permutation(len(crystal))]
        atoms.rattle(0.1, seed=seed)
        atoms.rotate(40 * seed, (1, 2, 3), rotate_cell=True)
        configurations.append(atoms)
    write(tmp_path / "some.extxyz", configurations)
    out = run(esgap, tmp_path, tmp_path / "some.extxyz")
    tables = json.loads((out / "result.json").read_text())["tables"]
    assert {row["reference"] for row in tables["errors"]} == {"li7p3s11/es-gap"}
    assert all(row["energy_error"] is None for row in tables["configurations"])
    for atoms, found in zip(configurations, read(out / "evaluations/li7p3s11/es-gap/predictions.extxyz", ":")):
        atoms.calc = ESGAP(ROOT / "potentials/li7p3s11/es-gap", uncertainty=True)
        assert atoms.get_potential_energy() == pytest.approx(found.info["potential_energy"], abs=1e-5 * len(atoms))
        np.testing.assert_allclose(found.arrays["potential_forces"], atoms.get_forces(), rtol=0, atol=1e-4)
        np.testing.assert_allclose(found.info["potential_virial"], -atoms.get_stress(voigt=False) * atoms.get_volume(), rtol=0, atol=1e-2)
        np.testing.assert_allclose(found.arrays["potential_stddev"], atoms.calc.results["energies_stddev"], rtol=1e-5)


def study(path, **more) -> Study:
    return Study(kind="evaluate", configurations=path, potential="li7p3s11/gap", **more)


def test_labels_by_any_name(tmp_path):
    (one,) = read(DATA, ":1")
    energy, forces, virial = one.info["dft_energy"], one.arrays["dft_force"], one.info["dft_virial"]
    for names in (("dft_energy", "dft_force", "dft_virial"), ("E", "F", "W")):
        atoms = one.copy()
        atoms.info, atoms.arrays = {names[0]: energy, names[2]: virial}, {k: v for k, v in one.arrays.items() if k in ("numbers", "positions")} | {names[1]: forces}
        write(tmp_path / "a.extxyz", atoms)
        keys = {} if names[0] == "dft_energy" else {"keys": dict(zip(("energy", "forces", "virial"), names))}
        found = labels(read_configurations(study(tmp_path / "a.extxyz", **keys))[0])
        assert found[0] == pytest.approx(energy)
        np.testing.assert_allclose(found[1], forces, rtol=0, atol=1e-7)
        np.testing.assert_allclose(found[2], virial, rtol=0, atol=1e-6)
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces, stress=-np.asarray(virial).reshape(3, 3) / atoms.get_volume())
    atoms.info = {}
    write(tmp_path / "a.extxyz", atoms)
    found = labels(read_configurations(study(tmp_path / "a.extxyz"))[0])
    assert found[0] == pytest.approx(energy)
    np.testing.assert_allclose(found[2], np.asarray(virial).reshape(3, 3), rtol=0, atol=1e-5)


def test_which_configurations_are_taken(esgap, tmp_path):
    """First those that the file marks, of these a slice."""
    frames = read(DATA, ":6")
    for k, atoms in enumerate(frames):
        atoms.info.update(split="test" if k % 2 else "train", dft_energy=float(k))
    write(tmp_path / "a.extxyz", frames)

    def taken(**keys):
        return [labels(atoms)[0] for atoms in read_configurations(study(tmp_path / "a.extxyz", **keys))]

    assert (taken(), taken(split="test"), taken(split="train", select="1:")) == ([0, 1, 2, 3, 4, 5], [1, 3, 5], [2, 4])
    assert (taken(select="-1"), taken(select="2"), taken(split="test", select="::-1")) == ([5], [2], [5, 3, 1])


def test_series_are_given_from_their_first_configuration(esgap, tmp_path):
    frames = read(DATA, ":5")
    for atoms, (series, along) in zip(frames, [("one", 2.0), ("other", 10.0), ("one", 1.0), (None, None), ("other", 11.0)]):
        if series:
            atoms.info.update(part=series, x=along)
    del frames[4].info["dft_energy"]
    write(tmp_path / "some.extxyz", frames)
    out = run(esgap, tmp_path, tmp_path / "some.extxyz", 'uncertainty = false\n[series]\nkey = "part"\nalong = "x"')
    rows = pd.read_csv(out / "series.csv").set_index(["potential", "series", "along"])
    for name in ("li7p3s11/es-gap", "li7p3s11/gap"):
        calc = ESGAP(ROOT / "potentials" / name)
        energies = []
        for atoms in frames:
            bare = atoms.copy()
            bare.calc = calc
            energies.append(bare.get_potential_energy())
        mine = rows.loc[name]
        assert mine.energy[("one", 2.0)] == 0 and mine.energy[("other", 10.0)] == 0 and len(mine) == 4
        assert mine.energy[("one", 1.0)] == pytest.approx(energies[2] - energies[0], abs=1e-3)
        assert mine.energy[("other", 11.0)] == pytest.approx(energies[4] - energies[1], abs=1e-3)
        labelled = frames[2].info["dft_energy"] - frames[0].info["dft_energy"]
        assert mine.reference[("one", 1.0)] == pytest.approx(labelled, abs=1e-6) and np.isnan(mine.reference[("other", 11.0)])
        assert mine.error[("one", 1.0)] == pytest.approx(energies[2] - energies[0] - labelled, abs=1e-3)
    assert (out / "series.png").stat().st_size > 10_000


def test_refusals(esgap, tmp_path):
    with pytest.raises(EsgapError, match="takes none of the configurations of"):
        read_configurations(study(DATA, select="1000:"))
    with pytest.raises(EsgapError, match="configuration 0 of .* has no 'energie'"):
        read_configurations(study(DATA, select=":1", keys={"energy": "energie"}))
    with pytest.raises(EsgapError, match="no configuration of .* has 'part'"):
        read_configurations(study(DATA, select=":1", series={"key": "part"}))
    with pytest.raises(EsgapError, match="has no number 'x'"):
        read_configurations(study(DATA, select=":1", series={"key": "tag", "along": "x"}))
    atoms = read(DATA, ":1")
    atoms[0].pbc = False
    write(tmp_path / "a.extxyz", atoms)
    with pytest.raises(EsgapError, match="configuration 0 .* is not periodic"):
        read_configurations(study(tmp_path / "a.extxyz"))
    with pytest.raises(ValueError, match='engine = "quip" gives no uncertainty'):
        study(DATA, engine="quip")
    charged = read(DATA, ":1")[0][:-1]
    write(tmp_path / "a.extxyz", charged)
    (tmp_path / "study.toml").write_text(STUDY.format(tmp_path / "a.extxyz", ""))
    done = esgap("deck", "study.toml", "-o", "out")
    assert done.returncode == 1 and "configuration 0 of" in done.stderr and "net charge" in done.stderr
