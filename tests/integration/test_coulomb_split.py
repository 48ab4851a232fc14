"""The deck generator's split of the Coulomb sum: shown, within its accuracy, and open to the user's own."""

import json

import numpy as np
import pandas as pd
import pytest
from ase.io import read
from places import CIF, ROOT

from esgap.doctor import static
from esgap.errors import EsgapError
from esgap.jobs.resources import Resources
from esgap.lammps.coulomb import split, variables
from esgap.potential import Electrostatics, Potential

UNIT_FORCE = 14.4  # eV/Angstrom, of two unit charges 1 Angstrom apart, to which the accuracy is relative
INCLUDE = "include      ${potential}/potential.lmp"


@pytest.fixture(scope="module")
def potential() -> Potential:
    """The shipped ES-GAP with densities of the test's own."""
    own = Electrostatics(charges={"Li": 0.5, "P": 2.5, "S": -1.0}, zeta={"Li": 1.0, "P": 1.3, "S": 1.2}, n={"Li": 1, "P": 1, "S": 1}, cutoff=10.0, kspace="pppm 1.0e-6")
    return Potential.load(ROOT / "potentials/li7p3s11/es-gap").model_copy(update={"electrostatics": own})


@pytest.fixture(scope="module")
def atoms():
    atoms = read(CIF)
    atoms.rattle(0.05, seed=1)
    return atoms


def electrostatics_alone(potential, values: dict[str, str], kspace: str | None = None) -> str:
    """The text of potential.lmp without the GAP and with the variables given; `kspace` replaces its last two lines."""
    lines = potential.lammps_include().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("if "))
    end = next(i for i, line in enumerate(lines) if line.startswith("pair_coeff"))
    style = ["pair_style coul/slater/long slater ${coulomb_cutoff}"]
    text = "\n".join(lines[:start] + style + [line.replace("coul/slater/long ", "") for line in lines[end:]])
    if kspace:
        text = text.split("kspace_style")[0] + kspace
    return "".join(f"variable {key} index {value}\n" for key, value in values.items()) + text + "\n"


@pytest.mark.parametrize("accuracy", [1e-4, 1e-5, 1e-6])
def test_forces_are_within_the_accuracy(potential, atoms, accuracy):
    """RMS error of the chosen split against a converged Ewald sum; a tenth of the accuracy would not hold."""
    trials = split(potential, atoms, accuracy)
    chosen = static(potential, atoms, Resources(), include=electrostatics_alone(potential, variables(trials.iloc[0], accuracy)))
    exact = static(
        potential, atoms, Resources(), include=electrostatics_alone(potential, {"coulomb_cutoff": "16.0"}, "kspace_style ewald 1.0e-10")
    )
    error = np.sqrt(np.mean(np.sum((chosen.forces - exact.forces) ** 2, axis=1)))
    assert 0.01 * accuracy * UNIT_FORCE < error < accuracy * UNIT_FORCE
    assert chosen.energy == pytest.approx(exact.energy, rel=10 * accuracy)
    assert not trials.screening_cut_off[0] and trials.milliseconds[0] == trials.milliseconds[~trials.screening_cut_off].min()


def test_given_values_leave_no_choice(potential, atoms):
    trials = split(potential, atoms, 1e-6, cutoff=9.0, order=5)
    assert len(trials) == 1 and trials.cutoff[0] == 9.0 and trials.order[0] == 5


def test_a_mesh_that_lammps_refuses_is_one_sentence(potential, atoms):
    with pytest.raises(EsgapError, match=r"at accuracy 1e-06 failed: .*grid3d.*; change \[electrostatics\] of the study: a larger order") as error:
        split(potential, atoms, 1e-6, order=2)
    assert "log.trial" not in str(error.value), "that file is deleted by then"


def test_densities_too_wide(potential, atoms):
    wide = potential.electrostatics.model_copy(update={"zeta": {"Li": 0.5, "P": 1.3, "S": 1.2}})
    with pytest.raises(EsgapError, match=r"overlap beyond 14 Angstrom \(smallest zeta 0.5/Angstrom\): give `cutoff`"):
        split(potential.model_copy(update={"electrostatics": wide}), atoms, 1e-6)


def test_deck_shows_and_uses_the_choice(esgap, study, tmp_path):
    """Also where the study's own lmp is not to be had: decks are written at home and run on a cluster."""
    file = study(("cutoff = 10.0", "accuracy = 1e-5"), ("[run]", '[run]\nlmp = "/on/the/cluster/lmp"'))
    done = esgap("deck", file, "-o", "deck")
    assert done.returncode == 0, done.stderr
    trials = pd.read_csv(tmp_path / "deck/potentials/li7p3s11/es-gap/electrostatics.csv")
    assert set(trials.order) == {7} and len(trials) > 3 and trials.milliseconds[0] == trials.milliseconds[~trials.screening_cut_off].min()
    cutoff = f"{trials.cutoff[0]:g}"
    assert f"long-range sum of es-gap: cutoff {cutoff} Angstrom, pppm 1e-05 of order 7, mesh " in done.stdout
    jobs = json.loads((tmp_path / "deck/plan.json").read_text())["jobs"]
    with_charges = [variables_of(job) for job in jobs if job["name"].startswith("points/li7p3s11/es-gap/")]
    assert with_charges and all(v["coulomb_cutoff"] == cutoff and v["coulomb_accuracy"] == "1e-05" for v in with_charges)
    assert not any("coulomb_cutoff" in variables_of(job) for job in jobs if job["name"].startswith("points/li7p3s11/gap/"))
    assert f"-var coulomb_cutoff {cutoff} -var coulomb_accuracy 1e-05 -var coulomb_order 7" in (tmp_path / "deck/commands.sh").read_text()


def variables_of(job: dict) -> dict[str, str]:
    """The values of -var in a job's command."""
    words = job["command"]
    return {words[i + 1]: words[i + 2] for i, word in enumerate(words) if word == "-var"}
