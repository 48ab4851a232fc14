"""Induced forces and the charge fit on made-up cells with known answers."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from esgap.physics.locality import Induced, charges_with_intervals, fit_charges, induced, magnitude, pair_forces, products, unit_charges
from esgap.studies.locality.analyse import shells, unlabelled

COUNTS = (7, 3, 11)


def made(charges, noise=0.0, groups=12, atoms=30, seed=1):
    """Induced forces of random G_ab with known charges, and what no charges explain."""
    random = np.random.default_rng(seed)
    parts = random.normal(size=(groups * atoms, 6, 3))
    change = np.einsum("p,npc->nc", products(charges), parts) + noise * random.normal(size=(groups * atoms, 3))
    group = np.repeat(np.arange(groups), atoms)
    return Induced(group, np.arange(len(group)), np.full(len(group), 6.5), change, parts)


@settings(deadline=None, max_examples=20)
@given(li=st.floats(0.2, 1.2), p=st.floats(-2.0, 3.0))
def test_known_charges_come_back(li, p):
    charges = np.array([li, p, -(7 * li + 3 * p) / 11])
    np.testing.assert_allclose(fit_charges(made(charges), COUNTS), charges, rtol=0, atol=1e-6)


def test_interval_holds_the_truth_and_charges_are_neutral():
    truth = np.array([0.55, 1.2, -(7 * 0.55 + 3 * 1.2) / 11])
    found = charges_with_intervals(made(truth, noise=2.0), COUNTS)
    assert all(q.low <= x <= q.high for q, x in zip(found, truth))
    assert 0.02 < found[0].high - found[0].low < 0.6
    assert np.dot([q.value for q in found], COUNTS) == pytest.approx(0, abs=1e-9)


def test_pair_forces_are_those_of_a_quadratic_form():
    random = np.random.default_rng(2)
    truth = random.normal(size=(6, 4, 3))
    runs = np.array([np.einsum("p,pnc->nc", products(row), truth) for row in unit_charges(3)])
    np.testing.assert_allclose(pair_forces(runs, 3), truth, rtol=0, atol=1e-14)


def test_only_atoms_far_from_every_displaced_one_count():
    """A row of atoms 2 Angstrom apart in a periodic cell of 20: number 0 moves, also when its image is given."""
    base = Atoms("Li10", positions=[[2.0 * k, 0, 0] for k in range(10)], cell=[20, 30, 30], pbc=True)
    moved = base.copy()
    moved.positions[0] += [0.3 + 20, 0, 0]
    found = induced(base, [moved], np.ones((1, 10, 3)), np.ones((1, 1, 10, 3)), radius=5.0)
    assert list(found.atom) == [3, 4, 5, 6, 7]
    np.testing.assert_allclose(found.distance, [6, 8, 10, 8, 6], rtol=0, atol=1e-12)


def test_no_interval_from_two_forces():
    assert magnitude(np.eye(3)[:2]).low is None and magnitude(np.eye(3)).low == pytest.approx(1.0)


def test_a_reference_of_short_range_has_no_ratio():
    data = made([0.0, 0.0, 0.0], groups=2)
    row, *others = shells(SimpleNamespace(elements=["Li"], radii=[6.0]), data, np.full(60, "Li"), [0.0, 0.0, 0.0])
    assert not others and row.ratio is None and row.induced.value == 0 and row.verdict == "the reference has no forces there"


def test_cells_without_a_label_are_named(tmp_path):
    jobs = [SimpleNamespace(name=name, tags={"configuration": name}) for name in ("one", "two")] + [SimpleNamespace(name="pairs", tags={"what": "pairs"})]
    for name, label in (("one", {"energy": -1.0}), ("two", {"reason": "SCF not converged in 80 steps"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "label.json").write_text(json.dumps(label))
    assert unlabelled(SimpleNamespace(folder=tmp_path, select=lambda: jobs)) == ["the cell two has no label and is left out: SCF not converged in 80 steps"]
