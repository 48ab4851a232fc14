"""`[scan]` of a fit: cross-validation of listed settings, and the baseline by pairs of elements that serves all charges."""

import numpy as np
import pytest
from ase.io import read
from places import TRAINING
from tiny_fit import FIT, tiny_fit

from esgap import pipeline
from esgap.errors import EsgapError
from esgap.lammps.pairwise import PairwiseBaseline, pairwise_baseline
from esgap.lammps.static import baseline
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


def test_scan_of_sigma_and_charges(tmp_path):
    study = tiny_fit(tmp_path, (r"\n\[\[model\]\]\nname = \"gap\"", ""), frames=8)
    study.write_text(study.read_text() + SCAN)
    result = pipeline.run(study, tmp_path / "run", lambda *arguments, **keywords: None, "fit")
    rows = result.rows("scan")
    assert [row.values for row in rows[:2]] == ["sigma.force 0.03; electrostatics.charges Li +0.5, P +2.5, S -1", "sigma.force 0.03; electrostatics.charges Li +0.7, P +2.03333, S -1"]
    assert len(rows) == 4 and len(list((tmp_path / "run" / "baseline").iterdir())) == 1
    # forces that count for nothing are predicted worse, and other charges are another potential
    assert rows[2].force_rmse.value > 1.1 * rows[0].force_rmse.value
    assert abs(rows[0].energy_rmse.value - rows[1].energy_rmse.value) > 1e-3
    best = min(rows, key=lambda row: row.energy_rmse.value)
    assert "energy" in best.best and sum("energy" in row.best for row in rows) == 1
    assert (tmp_path / "run" / "scan.png").is_file() and pipeline.publish(tmp_path / "run") == []
    assert not (tmp_path / "es-gap").exists()


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
