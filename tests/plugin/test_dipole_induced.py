"""pair_style dipole/induced on the triclinic crystal: against the formula in numpy, as derivatives, on ranks, in a field, in moving boxes."""

from functools import partial

import numpy as np
import pytest
from ase.io import read
from harness import difference_forces, difference_stress, evaluate, launch

from esgap.lammps.frame import from_lammps_vector
from esgap.physics import induced
from esgap.physics.induced import Ions
from esgap.physics.polarisable import Model

Q_S = -(7 * 0.8 + 3 * 2.95) / 11
MODEL = Model({"Li": 0.8, "P": 2.95, "S": Q_S}, {"S": 5.2}, 0.56)
HEAD = "units metal\natom_style charge\nread_data data.test\n"
DIPOLES = "pair_style dipole/induced 0.56 tolerance 1.0e-10\npair_coeff * * 0.0\npair_coeff 3 3 5.2\n"
FIELD = "fix field all efield/pbc 0.05 -0.1 0.15\n"


@pytest.fixture
def script(li7p3s11, data_file):
    data_file(li7p3s11, charges=(0.8, 2.95, Q_S))
    return HEAD + DIPOLES


@pytest.fixture
def ions(li7p3s11) -> Ions:
    return MODEL.ions(li7p3s11.symbols)


@pytest.fixture
def formula(monkeypatch):
    """The sum over all reciprocal vectors that have weight, with the Coulomb constant of LAMMPS: what is left is the error of the mesh."""
    monkeypatch.setattr(induced, "COULOMB", 14.399645)
    monkeypatch.setattr(induced, "waves", partial(induced.waves, accuracy=1e-12))
    return partial(induced.respond, of_charges=False)


def relative(value, expected) -> float:
    return float(np.linalg.norm(value - expected) / np.linalg.norm(expected))


def with_accuracy(script, accuracy):
    return script.replace("tolerance 1.0e-10", f"tolerance 1.0e-11 accuracy {accuracy}")


@pytest.mark.parametrize("accuracy", [1e-4, 1e-5, 1e-6, 1e-7, 1e-8])
def test_is_the_formula_within_accuracy(script, li7p3s11, ions, formula, accuracy, tmp_path):
    """Root mean squares of the error of forces and dipoles to those of forces and dipoles; measured up to 2.3, and not less than a tenth, as a finer mesh costs time."""
    result = evaluate(with_accuracy(script, accuracy) + "fix mu all pair 1 dipole/induced mu 0\n", tmp_path, peratom="f_mu[1] f_mu[2] f_mu[3]")
    expected = formula(li7p3s11.positions, li7p3s11.cell.array, ions)
    assert expected.energy < -10
    assert result.energy == pytest.approx(expected.energy, rel=accuracy)
    assert 0.1 * accuracy < relative(from_lammps_vector(result.forces, li7p3s11.cell), expected.forces) < 4 * accuracy
    assert relative(from_lammps_vector(result.peratom, li7p3s11.cell), expected.dipoles) < 4 * accuracy


def test_is_the_formula_for_504_atoms(li7p3s11, data_file, formula, tmp_path):
    cell = li7p3s11.repeat((2, 3, 2))
    cell.rattle(0.05, seed=11)
    data_file(cell, charges=(0.8, 2.95, Q_S))
    result = evaluate(HEAD + DIPOLES, tmp_path)
    expected = formula(cell.positions, cell.cell.array, MODEL.ions(cell.symbols))
    assert len(cell) == 504
    assert result.energy == pytest.approx(expected.energy, rel=1e-6)
    assert relative(from_lammps_vector(result.forces, cell.cell), expected.forces) < 4e-6


def test_is_the_formula_in_a_skewed_cell(li7p3s11, data_file, formula, tmp_path):
    """Edges at 33 degrees: the waves beside which aliases stand are twice as long as in an upright cell."""
    cell, volume = li7p3s11.copy(), li7p3s11.get_volume()
    cell.set_cell([1, 1, 1, 33, 33, 33], scale_atoms=True)
    cell.set_cell(cell.cell.array * (volume / cell.get_volume()) ** (1 / 3), scale_atoms=True)
    data_file(cell, charges=(0.8, 2.95, Q_S))
    result = evaluate(with_accuracy(HEAD + DIPOLES, 1e-5), tmp_path)
    expected = formula(cell.positions, cell.cell.array, MODEL.ions(cell.symbols))
    assert result.energy == pytest.approx(expected.energy, rel=1e-5)
    assert relative(from_lammps_vector(result.forces, cell.cell), expected.forces) < 4e-5


def test_a_charge_that_is_no_number_is_refused(script, tmp_path):
    run = launch(script + "variable lost atom id*1.0e308*10.0-id*1.0e308*10.0\nset atom 3 charge v_lost\nrun 0\n", tmp_path)
    assert run.returncode != 0 and "a dipole is still off by" in run.stdout


@pytest.mark.parametrize("accuracy", [1e-3, 1e-6])
def test_forces_and_stress_are_the_derivatives(script, accuracy, tmp_path):
    """Of the energy on the mesh, however coarse that is."""
    script = with_accuracy(script, accuracy)
    result = evaluate(script, tmp_path)
    np.testing.assert_allclose(difference_forces(script, tmp_path, [1, 16, 30]), result.forces[[0, 15, 29]], rtol=0, atol=1e-8)
    np.testing.assert_allclose(difference_stress(script, tmp_path), result.stress, rtol=0, atol=1e-9)


@pytest.mark.parametrize("accuracy", [1e-3, 1e-6])
def test_stress_in_a_field_is_the_derivative(script, accuracy, tmp_path):
    """Shears included, in which a field turns the dipoles. The charges do not feel it here: the fix acts on a charge of nothing."""
    script = with_accuracy(script, accuracy) + "fix field all efield/pbc 0.1 -0.2 0.3 scale 1.0e-12\n"
    result = evaluate(script, tmp_path)
    np.testing.assert_allclose(difference_stress(script, tmp_path), result.stress, rtol=0, atol=1e-9)


def test_a_new_accuracy_counts(script, tmp_path):
    coarse = script.replace("tolerance 1.0e-10", "accuracy 0.5") + "run 0 post no\n"
    again, once = (evaluate(text, tmp_path).energy for text in (coarse + DIPOLES, script))
    assert again == pytest.approx(once, rel=1e-12)


def test_one_two_and_four_ranks_agree(script, tmp_path):
    one, *others = [evaluate(script + FIELD, tmp_path, ranks) for ranks in (1, 2, 4)]
    for other in others:
        assert other.energy == pytest.approx(one.energy, rel=1e-10)
        np.testing.assert_allclose(other.forces, one.forces, rtol=0, atol=1e-9)
        np.testing.assert_allclose(other.stress, one.stress, rtol=0, atol=1e-10)


def test_dipoles_follow_a_field(script, li7p3s11, ions, formula, tmp_path):
    """Energy, forces and the dipole of the cell; the field acts on charges too, by fix efield/pbc, whose energy at the reference is nothing."""
    commands = with_accuracy(script, 1e-8) + FIELD + "compute dipole all pair dipole/induced\n"
    result = evaluate(commands, tmp_path, columns="c_dipole[1] c_dipole[2] c_dipole[3]")
    rotated = from_lammps_vector(np.array([[0.05, -0.1, 0.15]]), li7p3s11.cell)[0]
    expected = formula(li7p3s11.positions, li7p3s11.cell.array, ions, rotated)
    assert result.energy == pytest.approx(expected.energy, rel=1e-8)
    forces = expected.forces + ions.charges[:, None] * rotated
    np.testing.assert_allclose(from_lammps_vector(result.forces, li7p3s11.cell), forces, rtol=0, atol=1e-6)
    whole = np.array([[result.thermo[f"c_dipole[{k}]"] for k in (1, 2, 3)]])
    np.testing.assert_allclose(from_lammps_vector(whole, li7p3s11.cell)[0], expected.dipoles.sum(axis=0), rtol=0, atol=1e-6)
    moved = commands + "run 0 post no\ngroup lithium type 1\ndisplace_atoms lithium move 0.2 -0.1 0.3\n"
    np.testing.assert_allclose(difference_forces(moved, tmp_path, [1, 30]), evaluate(moved, tmp_path).forces[[0, 29]], rtol=0, atol=1e-8)


def test_overlay_is_the_sum_of_its_parts(script, tmp_path):
    slater = "pair_style coul/slater/long slater 9.0\npair_coeff * * 1.2\nkspace_style ewald 1.0e-6\n"
    both = (
        "pair_style hybrid/overlay coul/slater/long slater 9.0 dipole/induced 0.56 tolerance 1.0e-10\npair_coeff * * coul/slater/long 1.2\n"
        "pair_coeff * * dipole/induced 0.0\npair_coeff 3 3 dipole/induced 5.2\nkspace_style ewald 1.0e-6\n"
    )
    one, other, overlay = (evaluate(HEAD + part, tmp_path) for part in (slater, DIPOLES, both))
    assert overlay.energy == pytest.approx(one.energy + other.energy, rel=1e-9)
    np.testing.assert_allclose(overlay.forces, one.forces + other.forces, rtol=0, atol=1e-8)
    np.testing.assert_allclose(overlay.stress, one.stress + other.stress, rtol=0, atol=1e-9)


def test_energies_of_atoms_sum_to_the_whole(script, tmp_path):
    result = evaluate(script + FIELD + "compute atomic all pe/atom pair\n", tmp_path, peratom="c_atomic")
    assert result.peratom.sum() == pytest.approx(result.energy, rel=1e-9)
    assert np.abs(result.peratom[:20]).max() == 0  # Li and P


MOVING = "mass 1 6.94\nmass 2 30.97\nmass 3 32.06\nvelocity all create 300 4711\ntimestep 0.0005\n"
PUSHED = "pair_style hybrid/overlay lj/cut 6.0 coul/slater/long slater 9.0 {dipoles}\npair_coeff * * lj/cut 0.02 2.2\npair_coeff * * coul/slater/long 1.2\n"


def test_energy_is_conserved(script, tmp_path):
    """Dipoles that end at their minimum in every step."""
    whole = PUSHED.format(dipoles="dipole/induced 0.56") + "pair_coeff * * dipole/induced 0.0\npair_coeff 3 3 dipole/induced 5.2\nkspace_style ewald 1.0e-5\n"
    done = launch(HEAD + whole + MOVING + "fix go all nve\nthermo_style custom step ke etotal\nthermo 20\nrun 400\n", tmp_path)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    head = next(i for i, line in enumerate(lines) if line.split()[:1] == ["Step"])
    rows = np.array([list(map(float, line.split())) for line in lines[head + 1 : head + 22]])
    assert np.ptp(rows[:, 1]) > 0.3  # eV: the atoms do move
    assert np.ptp(rows[:, 2]) < 0.01 * np.ptp(rows[:, 1])


def test_moving_box(script, tmp_path):
    """npt changes the box, and with it the reciprocal vectors: at the end energy and forces are those of that box from the start."""
    whole = PUSHED.format(dipoles="dipole/induced 0.56 tolerance 1.0e-9") + "pair_coeff * * dipole/induced 0.0\npair_coeff 3 3 dipole/induced 5.2\nkspace_style ewald 1.0e-5\n"
    moved = HEAD + whole + MOVING + "fix go all npt temp 300 300 0.1 tri 0 0 1.0\nrun 20\nunfix go\nwrite_data moved.data nocoeff\npair_style none\nkspace_style none\n"
    run = evaluate(moved + DIPOLES, tmp_path)
    again = evaluate(HEAD.replace("data.test", "moved.data") + DIPOLES, tmp_path)
    assert again.energy == pytest.approx(run.energy, rel=1e-8)
    np.testing.assert_allclose(again.forces, run.forces, rtol=0, atol=1e-6)


@pytest.mark.parametrize("scale", [1.02, 1.4])
def test_mesh_follows_the_box(script, ions, formula, scale, tmp_path):
    """Within one run: a small change keeps the mesh, with new weights, a large one takes another mesh; the error stays that of `accuracy`, at most four times.

    fix deform changes the box at the end of steps 10 and 20, so that step 25 is all of one box."""
    deform = "fix go all deform 10 " + " ".join(f"{axis} scale {scale}" for axis in "xyz") + " remap x\ndump end all custom 25 end.dump id type x y z fx fy fz\n"
    shown = "dump_modify end sort id format float %.17g\nthermo_style custom step pe\nthermo_modify format float %.17g\n"
    run = launch(with_accuracy(script, 1e-4) + deform + shown + "run 25\n", tmp_path)
    assert run.returncode == 0, run.stdout
    energy = next(float(words[1]) for line in run.stdout.splitlines() if len(words := line.split()) == 2 and words[0] == "25")
    end = read(tmp_path / "end.dump", format="lammps-dump-text", index=-1)
    expected = formula(end.positions, end.cell.array, ions)
    assert energy == pytest.approx(expected.energy, rel=4e-4)
    assert relative(end.get_forces(), expected.forces) < 4 * 4e-4


def test_restart(script, tmp_path):
    """Settings and polarisabilities come back with the atoms."""
    one = evaluate(script + "write_restart restart.test\n", tmp_path)
    again = evaluate("read_restart restart.test\n", tmp_path)
    assert again.energy == pytest.approx(one.energy, rel=1e-12)
    np.testing.assert_allclose(again.forces, one.forces, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("5.2", "40.0", "strengthen each other without end"),
        ("atom_style charge\nread_data data.test", "atom_style atomic\nregion c block 0 9 0 9 0 9\ncreate_box 3 c\nmass * 1.0\ncreate_atoms 3 single 1 1 1", "needs charges"),
        ("units metal", "units real", "needs `units metal`, not real"),
        ("dipole/induced 0.56", "dipole/induced 500.0", "points is too large"),
        ("atom_style charge", "atom_style charge\nboundary p p f", "periodic in three directions"),
        ("dipole/induced 0.56", "dipole/induced -0.5", "ETA must be positive"),
        ("tolerance", "precision", "'precision' is no option, expected accuracy or tolerance"),
        ("tolerance 1.0e-10", "tolerance 2.0", "between 0 and 1"),
        ("pair_coeff 3 3 5.2", "pair_coeff 3 3 -5.2", "must not be negative"),
        ("pair_coeff 3 3 5.2", "pair_coeff 3 3", "takes two types and a polarisability"),
        ("pair_coeff 3 3 5.2", "pair_coeff 3 3 5.2\ncompute s all stress/atom NULL\nthermo_style custom step pe\ndump d all custom 1 s.dump c_s[1]", "no virial of single atoms"),
        ("pair_coeff 3 3 5.2", "pair_coeff 3 3 5.2\nfix d all efield/pbc 0 0 0.1 mode D", "needs the dipole of the charges alone"),
        ("pair_coeff 3 3 5.2", "pair_coeff 3 3 5.2\nfix d all efield/pbc 0 0 0.1 lattice yes", "turns its field with the cell"),
    ],
)
def test_what_is_refused(script, old, new, sentence, tmp_path):
    assert old in script
    done = launch(script.replace(old, new) + "run 0\n", tmp_path)
    assert done.returncode != 0 and sentence in " ".join(done.stdout.split()), done.stdout
