"""`[scan]` of a fit: cross-validation of listed settings, and the baseline by pairs of elements that serves all charges."""

import numpy as np
import pytest
from ase.io import read
from places import TRAINING
from tiny_fit import FIT, tiny_fit

from esgap import pipeline
from esgap.errors import EsgapError
from esgap.gapfit.kernel import Kernel
from esgap.lammps.pairwise import PairwiseBaseline, pairwise_baseline
from esgap.lammps.static import Labels, baseline
from esgap.studies.fit.cross import cross_validate
from esgap.studies.fit.scan import asked
from esgap.studies.fit.study import varied
from esgap.studies.load import load_study

SCAN = """
[scan]
folds = 2
[scan.values]
"sigma.force" = [0.03, 3.0]
"electrostatics.charges" = [{ Li = 0.5, P = 2.5, S = -1.0 }, { Li = 0.7, P = 2.0333333333333333, S = -1.0 }]
"""


def test_baseline_by_pairs_is_the_baseline_of_any_neutral_charges(tmp_path):
    study = load_study(FIT, "fit")
    es = study.model[1].electrostatics
    frames = read(TRAINING, "1:8:3")
    pairwise = pairwise_baseline(frames, study.elements, es)
    assert pairwise.basis.shape == (3, 2) and pairwise.energies.shape == (3, 3)
    pairwise.save(tmp_path / "baseline.npz")
    for charges in (es.charges, {"Li": -0.3, "P": 1.8, "S": -0.3}):
        ours = PairwiseBaseline.load(tmp_path / "baseline.npz").labels(charges)
        theirs = baseline(frames, study.elements, es.model_copy(update={"charges": charges}))
        for a, b in zip(ours, theirs, strict=True):
            assert a.energy == pytest.approx(b.energy, abs=1e-5)  # sums of Ewald energies at 1e-8 relative force accuracy
            assert np.allclose(a.forces, b.forces, atol=5e-6) and np.abs(b.forces).max() > 0.1
            assert np.allclose(a.virial, b.virial, atol=5e-4)
    with pytest.raises(EsgapError, match=r"the charges Li \+0.6, P \+2.5, S -1 leave configurations with a net charge"):
        pairwise.labels(es.charges | {"Li": 0.6})


def test_scan_of_sigma_and_charges(esgap, tmp_path):
    tiny_fit(tmp_path, (r"\n\[\[model\]\]\nname = \"gap\"", ""), frames=8)
    (tmp_path / "scan.toml").write_text(SCAN)
    done = esgap("fit", "fit.toml", "--scan", "scan.toml", "-o", "run")
    assert done.returncode == 0, done.stderr
    result = pipeline.read_result(tmp_path / "run")
    rows = result.rows("scan")
    assert [row.values for row in rows[:2]] == ["sigma.force 0.03; electrostatics.charges Li +0.5, P +2.5, S -1", "sigma.force 0.03; electrostatics.charges Li +0.7, P +2.03333, S -1"]
    assert len(rows) == 4 and [path.name for path in (tmp_path / "run/scan").iterdir()] == ["001"], "one kernel matrix serves all points"
    assert len(list((tmp_path / "run" / "baseline").iterdir())) == 1
    # forces that count for nothing are predicted worse, and other charges are another potential
    assert rows[2].force_rmse.value > 1.1 * rows[0].force_rmse.value
    assert abs(rows[0].energy_rmse.value - rows[1].energy_rmse.value) > 1e-3
    best = min(rows, key=lambda row: row.energy_rmse.value)
    assert "energy" in best.best and sum("energy" in row.best for row in rows) == 1
    assert (tmp_path / "run" / "scan.png").is_file() and pipeline.publish(tmp_path / "run") == []
    assert not (tmp_path / "es-gap").exists()


def test_rows_of_the_kernel_matrix_are_computed_once_for_points_that_share_them(tmp_path, monkeypatch):
    study = load_study(tiny_fit(tmp_path, (r"\n\[\[model\]\]\nname = \"gap\"", ""), frames=8), "fit")
    asked, rows = [], Kernel.rows
    monkeypatch.setattr(Kernel, "rows", lambda self, atoms, *which: asked.append(atoms) or rows(self, atoms, *which))
    points = [varied(study, "es-gap", {"sigma.force": sigma}) for sigma in (0.03, 0.3)]
    es = [Labels(0.0, np.zeros((42, 3)), np.zeros((3, 3)))] * 8
    together = cross_validate(points, 2, [es, es])
    assert len(asked) == 2 * 4, "four configurations that are not held out, each in two folds"
    for point, found in zip(points, together):
        (alone,) = cross_validate([point], 2, [es])
        assert alone == found
    assert together[0]["force"] != together[1]["force"]


def test_words_of_the_command_line(tmp_path):
    (tmp_path / "scan.toml").write_text('folds = 3\n[values]\n"sigma.force" = [0.1]\n')
    assert asked([str(tmp_path / "scan.toml"), "soap.0.n_max=[3, 4]"]) == {"folds": 3, "values": {"sigma.force": [0.1], "soap.0.n_max": [3, 4]}}
    assert asked(["electrostatics.charges=[{ Li = 0.5, P = 2.5, S = -1.0 }]"]) == {"values": {"electrostatics.charges": [{"Li": 0.5, "P": 2.5, "S": -1.0}]}}
    with pytest.raises(EsgapError, match=r"--scan sigma.force=0.1,0.2 is neither a file of TOML nor KEY=\[VALUE, ...\]"):
        asked(["sigma.force=0.1,0.2"])
    with pytest.raises(EsgapError, match="--scan nowhere.toml is neither"):
        asked(["nowhere.toml"])


@pytest.mark.parametrize(
    "line, message",
    [
        ('"sigma.forces" = [1.0]', "scan.values names 'sigma.forces'"),
        ('"soap.7.cutoff" = [1.0]', "scan.values names 'soap.7.cutoff'"),
        ('"soap.0.l_max" = [3, 40]', "l_max"),
        ('"electrostatics.charges" = [{ Li = 1.0 }]', "names 'electrostatics.charges', which the study of model gap lacks"),
    ],
)
def test_scan_of_what_the_study_lacks_is_one_sentence(tmp_path, line, message):
    study = tiny_fit(tmp_path)
    study.write_text(study.read_text() + f"\n[scan.values]\n{line}\n")
    with pytest.raises(EsgapError, match=message) as caught:
        load_study(study, "fit")
    assert "\n" not in str(caught.value)
