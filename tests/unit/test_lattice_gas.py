"""Metropolis chains against Boltzmann's distribution of all states, and states that are the same by symmetry."""

from itertools import combinations, islice

import numpy as np
import pytest
from ase.build import bulk

from esgap.errors import EsgapError
from esgap.physics.lattice_gas import metropolis
from esgap.physics.symmetry import canonical
from esgap.studies.load import load_study
from esgap.studies.sites.places import Places

RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.uniform(0, 0.2, 6)  # eV, of an ion on each place
PAIRS = RANDOM.uniform(-0.1, 0.1, (6, 6))


def energy(occupied: tuple[int, ...]) -> float:
    return LEVELS[list(occupied)].sum() + sum(PAIRS[pair] for pair in combinations(occupied, 2))


def test_states_are_distributed_as_boltzmann_says():
    """Three ions on six places; one pair of places is too close to hold two."""
    distances = np.full((6, 6), 3.0)
    distances[1, 4] = distances[4, 1] = 1.0
    kT, steps = 0.1, 40_000
    allowed = [state for state in combinations(range(6), 3) if not {1, 4} <= set(state)]
    weights = np.exp(-np.array([energy(state) for state in allowed]) / kT)
    counts = dict.fromkeys(allowed, 0)
    accepted = 0
    for step in metropolis(np.array([0, 1, 2]), distances, 2.0, energy, kT, steps, seed=1):
        counts[step.occupied] += 1
        accepted += step.accepted
        assert step.energy == pytest.approx(energy(step.occupied), abs=1e-12)
    assert 0.1 < accepted / steps < 0.9
    np.testing.assert_allclose(np.array(list(counts.values())) / steps, weights / weights.sum(), rtol=0, atol=0.012)


def test_the_same_seed_gives_the_same_chain():
    def walk(seed: int) -> list:
        return list(islice(metropolis(np.arange(3), np.full((6, 6), 3.0), 2.0, energy, 0.1, 50, seed), 50))

    assert walk(4) == walk(4) and walk(4) != walk(5)


@pytest.fixture(scope="module")
def places() -> Places:
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    atoms.symbols[atoms.symbols == "Cl"] = "S"
    return Places.find(atoms, "Li", ("S",), 0.01)


def test_distributions_of_rock_salt_distinct_by_symmetry(places):
    """One of 4 ions on one of 8 tetrahedral sites: 32 distributions, all the same; two ions there: by hand, the images add up to 168."""
    crystal = np.arange(4)
    assert canonical(crystal, places.permuted) == ((0, 1, 2, 3), 1)
    one = {canonical(np.sort([*np.delete(crystal, i), 4 + k]), places.permuted) for i in range(4) for k in range(8)}
    assert len(one) == 1 and next(iter(one))[1] == 32
    two = {canonical(np.sort([*ions, *sites]), places.permuted) for ions in combinations(range(4), 2) for sites in combinations(range(4, 12), 2)}
    assert sum(count for _, count in two) == 6 * 28 and len(two) > 1


def test_occupied_places(places, tmp_path):
    atoms = places.occupy((0, 2, 3, 7))
    assert str(atoms.symbols) == str(places.crystal.symbols)
    moved = np.linalg.norm(atoms.positions - places.crystal.positions, axis=1)
    assert np.flatnonzero(moved).tolist() == [places.atoms[1]]
    np.testing.assert_allclose(atoms.positions[places.atoms[1]], places.positions[7], rtol=0, atol=1e-12)
    assert places.names((0, 2, 3, 7)) == "4" and places.names(range(4)) == "-"
    places.write(tmp_path)
    again = Places.read(tmp_path, "Li", 0.01)
    np.testing.assert_allclose(again.positions, places.positions, rtol=0, atol=1e-7)
    assert (again.permuted == places.permuted).all()


def test_monte_carlo_needs_a_potential(tmp_path):
    (tmp_path / "study.toml").write_text('kind = "sites"\nstructure = "a.cif"\n[monte_carlo]\n')
    with pytest.raises(EsgapError, match=r"\[monte_carlo\] needs energies: give `potential`"):
        load_study(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text('kind = "sites"\nstructure = "a.cif"\npotential = "li7p3s11/gap"\n[monte_carlo]\nseeds = [1, 1]\n')
    with pytest.raises(EsgapError, match="monte_carlo.seeds has 1 twice"):
        load_study(tmp_path / "study.toml")
