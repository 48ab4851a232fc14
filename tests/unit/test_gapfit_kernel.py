"""Rows of K_NM against differences and against the evaluator, and the XML that carries the weights."""

import numpy as np
import pytest
from ase import Atoms
from gapfit_toys import PAIRS, SOAPS, configuration, sparse_points
from quippy.potential import Potential as Quippy

from esgap.calculators import GAP, Descriptor
from esgap.errors import EsgapError
from esgap.gapfit.kernel import Kernel
from esgap.gapfit.terms import Pair, Soap, Sparse
from esgap.gapfit.xml import Model, read_model, write_model

E0 = {3: -1.5, 15: -2.25, 16: -0.5}
STEP = 1e-4


@pytest.fixture(scope="module")
def kernel():
    return Kernel(sparse_points(count=27))  # more than one tile of sparse points, the last one not full


def test_energy_rows_are_sums_of_kernels():
    atoms, sparse = configuration(), sparse_points()
    rows = Kernel(sparse).rows(atoms).energy
    pair, soap = sparse[0], sparse[2]
    # The only way to the same number without the core: descriptors of all atoms, pairs of all images by hand.
    p = Descriptor(soap.term.descriptor()).calculate(atoms)
    start = sum(len(s) for s in sparse[:2])
    np.testing.assert_allclose(rows[start : start + len(soap)], soap.term.covariance(p, soap.points).sum(0), rtol=1e-12)
    big = atoms.repeat(3)
    centre, expected = slice(13 * len(atoms), 14 * len(atoms)), np.zeros(len(pair))
    for i in range(len(big))[centre]:
        for j in range(len(big)):
            if i != j and {big.numbers[i], big.numbers[j]} == {3, 16}:
                r = np.array([[big.get_distance(i, j)]])
                expected += (pair.term.cutoff_factors(r) * pair.term.covariance(r, pair.points) * pair.factors)[0]
    np.testing.assert_allclose(rows[: len(pair)], expected, rtol=1e-12, atol=1e-13)


def test_force_rows_are_derivatives(kernel):
    atoms = configuration()
    forces = kernel.rows(atoms).forces
    assert np.abs(forces).max(axis=0).min() > 1e-6, "a sparse point without any force proves nothing"
    for atom in range(len(atoms)):
        for axis in range(3):
            energies = []
            for step in (STEP, -STEP):
                moved = atoms.copy()
                moved.positions[atom, axis] += step
                energies.append(kernel.rows(moved, forces=False, virial=False).energy)
            np.testing.assert_allclose(forces[3 * atom + axis], (energies[1] - energies[0]) / (2 * STEP), rtol=2e-6, atol=5e-7)


def test_virial_rows_are_derivatives(kernel):
    atoms = configuration()
    virial = kernel.rows(atoms).virial
    for row, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        energies = []
        for step in (STEP, -STEP):
            strain = np.eye(3)
            strain[a, b] += step / 2
            strain[b, a] += step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell @ strain, scale_atoms=True)
            energies.append(kernel.rows(strained, forces=False, virial=False).energy)
        np.testing.assert_allclose(virial[row], (energies[1] - energies[0]) / (2 * STEP), rtol=2e-6, atol=2e-6)


def test_what_is_not_asked_for_is_not_made(kernel):
    atoms = configuration()
    all_rows = kernel.rows(atoms)
    only_forces, only_energy = kernel.rows(atoms, virial=False), kernel.rows(atoms, forces=False, virial=False)
    assert only_forces.virial is None and only_energy.forces is None
    np.testing.assert_array_equal(only_forces.forces, all_rows.forces)
    np.testing.assert_array_equal(only_energy.energy, all_rows.energy)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    sparse = sparse_points(count=27)
    weights = np.random.default_rng(3).normal(size=5 * 27)
    path = tmp_path_factory.mktemp("xml") / "gap.xml"
    write_model(path, Model("toy", sparse, weights, E0))
    return path, sparse, weights


def test_rows_times_weights_are_the_evaluators_energy_forces_and_stress(written):
    path, sparse, weights = written
    kernel = Kernel(sparse)
    for atoms in (configuration(1), configuration(2, "LiSPS"), Atoms("LiSP", positions=[[0, 0, 0], [2, 0, 0.5], [0.3, 2.1, 0]])):
        rows = kernel.rows(atoms)
        atoms.calc = GAP(path)
        e0 = sum(E0[z] for z in atoms.numbers)
        assert rows.energy @ weights + e0 == pytest.approx(atoms.get_potential_energy(), abs=1e-10)
        np.testing.assert_allclose((rows.forces @ weights).reshape(-1, 3), atoms.get_forces(), atol=1e-9)
        if atoms.cell.rank == 3:
            np.testing.assert_allclose(rows.virial @ weights, -atoms.get_stress() * atoms.get_volume(), atol=1e-9)


def test_quippy_reads_the_file_and_agrees(written):
    path, *_ = written
    ours, theirs = configuration(4), configuration(4)
    ours.calc, theirs.calc = GAP(path), Quippy(param_filename=str(path))
    assert ours.get_potential_energy() == pytest.approx(theirs.get_potential_energy(), abs=5e-9 * len(ours))
    np.testing.assert_allclose(ours.get_forces(), theirs.get_forces(), atol=1e-7)
    assert np.abs(theirs.get_forces()).max() > 0.1


def test_model_read_again_is_the_model_written(written):
    path, sparse, weights = written
    again = read_model(path)
    assert again.label == "toy" and again.e0 == E0
    np.testing.assert_array_equal(again.weights, weights)
    for a, b in zip(again.sparse, sparse, strict=True):
        assert a.term == b.term
        np.testing.assert_array_equal(a.points, b.points)


@pytest.mark.parametrize("label", ["lithium thiophosphate", "3LiI", "a/b", ""])
def test_label_that_is_no_xml_name_is_refused(label, tmp_path):
    with pytest.raises(EsgapError, match="is no XML name"):
        write_model(tmp_path / "gap.xml", Model(label, sparse_points(), np.zeros(25), E0))
    assert not list(tmp_path.iterdir())


def test_atoms_on_one_place_and_wrong_sparse_points_are_refused(kernel):
    with pytest.raises(EsgapError, match="two atoms of Li2 lie on one place"):
        kernel.rows(Atoms("Li2", positions=[[1, 1, 1]] * 2, cell=[9, 9, 9], pbc=True))
    with pytest.raises(EsgapError, match=r"shape \(3, 7\) for a soap term, expected \(count, 136\)"):
        Sparse(SOAPS[0], np.ones((3, 7)))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Soap(3, (3,), 4, 25, 0.5, 4.0), "l_max = 25"),
        (lambda: Soap(3, (3,), 4, 4, 0.5, 4.0, zeta=0.5), "zeta = 0.5"),
        (lambda: Soap(3, (3,), 4, 4, 0.5, 4.0, 0.001), "cutoff_transition_width = 0.001"),
        (lambda: Soap(3, (15,), 4, 4, 0.5, 4.0), "species = "),
        (lambda: Pair(3, 3, 4.0, theta=0.0), "theta = 0.0"),
        (lambda: Pair(3, 3, -4.0), "cutoff = -4.0"),
    ],
)
def test_terms_that_the_evaluator_would_refuse_are_refused(make, message):
    with pytest.raises(EsgapError, match=message):
        make()


def test_descriptor_lines_name_every_key():
    for term in [*PAIRS, *SOAPS]:
        line = term.line(9, "cur_points")
        assert "n_sparse=9" in line and f"cutoff={term.cutoff}" in line and "add_species=F" in line
