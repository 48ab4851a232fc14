"""Several potentials in one study: each with its own elements, charges and long-range sum, wherever it lies on the disk."""

import json
import shutil

import pytest
from outcomes import refused, succeeded, table
from places import ROOT

from esgap.potential import Potential, write_toml

ES_GAP = ROOT / "potentials" / "li7p3s11" / "es-gap"
ONE_FIELD = ("[-0.1, 0.0, 0.1]", "[0.0]")
ONE_RANK = ("ranks = 2", "ranks = 1")
COARSE = ("cutoff = 10.0", "accuracy = 1e-5")  # cutoff 10 Angstrom is best for the shipped densities


@pytest.fixture
def changed(tmp_path):
    """A function that makes a copy of the shipped ES-GAP with other settings, in a folder with spaces in its path."""

    def make(**changes) -> str:
        folder = tmp_path / "my potentials" / f"es gap {changes['name']}"
        shutil.copytree(ES_GAP, folder)
        write_toml(Potential.load(ES_GAP).model_copy(update={"fit": {}} | changes), folder)  # no record of a fit that would contradict
        return str(folder)

    return make


def compare(*names: str) -> tuple[str, str]:
    return 'compare = ["li7p3s11/gap"]', f"compare = {json.dumps(list(names))}"


def energies(out) -> dict[str, float]:
    return {row["potential"]: row["formation_energy"] for row in table(out)}


def test_elements_in_another_order_are_the_same_potential(study, esgap, main, changed, tmp_path):
    """It would run on the atom types of the other: E_f wrong by eV. Then: the potentials gone, the folder moved, a part of it lost."""
    reverse = changed(name="reverse", elements=("S", "P", "Li"))
    succeeded(esgap("run", study(ONE_FIELD, ONE_RANK, compare(reverse)), "-o", "my runs/out"))
    out = tmp_path / "my runs/out"
    found = energies(out)
    assert set(found) == {"li7p3s11/es-gap", "li7p3s11/reverse"}
    # The same minimisation up to the order of sums; the force criterion of 0.3 eV/Angstrom is reached in the same step.
    assert found["li7p3s11/reverse"] == pytest.approx(found["li7p3s11/es-gap"], abs=1e-6)
    assert 0.1 < found["li7p3s11/es-gap"] < 3.0

    shutil.rmtree(tmp_path / "my potentials")
    shutil.move(out, tmp_path / "moved")
    succeeded(main("analyse", "moved"))
    assert energies(tmp_path / "moved") == found

    shutil.rmtree(tmp_path / "moved/points/li7p3s11/reverse/1x1x1/perfect")
    done = succeeded(main("analyse", "moved"))
    assert energies(tmp_path / "moved") == {"li7p3s11/es-gap": found["li7p3s11/es-gap"]}
    assert "1 of 4 jobs are not finished: points/li7p3s11/reverse/1x1x1/perfect/zero" in done.stdout
    shutil.rmtree(tmp_path / "moved/points")
    refused(main("analyse", "moved"), "no finished job of 4")


def long_range(out, name: str) -> set[tuple[str, ...]]:
    """The values of coulomb_* in the jobs of a potential."""
    jobs = [job["command"] for job in json.loads((out / "plan.json").read_text())["jobs"] if job["tags"]["potential"] == f"li7p3s11/{name}"]
    assert jobs
    return {tuple(f"{words[i + 1]}={words[i + 2]}" for i in range(len(words) - 2) if words[i] == "-var" and words[i + 1].startswith("coulomb")) for words in jobs}


def test_each_potential_has_its_own_long_range_sum(study, main, changed, tmp_path):
    """Wide densities need a longer cutoff; under `compare` they get the one that they have as the main potential."""
    es = Potential.load(ES_GAP).electrostatics
    wide = changed(name="wide", electrostatics=es.model_copy(update={"zeta": {"Li": 0.75, "P": 1.3, "S": 1.2}}))
    succeeded(main("deck", study(ONE_FIELD, ONE_RANK, COARSE, compare(wide)), "-o", "compared"))
    succeeded(main("deck", study(ONE_FIELD, ONE_RANK, COARSE, compare(), ("li7p3s11/es-gap", wide)), "-o", "alone"))
    own, compared = long_range(tmp_path / "alone", "wide"), long_range(tmp_path / "compared", "wide")
    assert own == compared and len(own) == 1
    assert compared != long_range(tmp_path / "compared", "es-gap")

    too_wide = changed(name="too-wide", electrostatics=es.model_copy(update={"zeta": {"Li": 0.4, "P": 1.3, "S": 1.2}}))
    refused(main("deck", study(COARSE, compare(too_wide)), "-o", "refused"), "too-wide overlap beyond 14 Angstrom", "give `cutoff`")


def test_two_potentials_of_one_name(study, main, changed, tmp_path):
    """Generations of a fit: neither takes the other's place."""
    other = changed(name="es-gap", origin="another generation")
    succeeded(main("deck", study(ONE_FIELD, ONE_RANK, compare(other)), "-o", "out"))
    jobs = {job["name"] for job in json.loads((tmp_path / "out/plan.json").read_text())["jobs"]}
    assert len(jobs) == 4
    origins = {(folder / "potential.toml").read_text().split("origin = ")[1].splitlines()[0] for folder in (tmp_path / "out/potentials/li7p3s11").iterdir()}
    assert len(origins) == 2 and '"another generation"' in origins
    refused(main("deck", study(compare(str(ES_GAP))), "-o", "twice"), "es-gap stands twice in the study")
