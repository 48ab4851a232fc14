"""fix efield/pbc: differences, image flags and origin, ranks, stock fix efield, references, files, on the triclinic crystal."""

import numpy as np
import pytest
from harness import difference_forces, difference_stress, energies_of, evaluate, launch

# Springs to the starting places make the crystal stable without a pair style's cost; charges as in the data file.
HEAD = "units metal\natom_style charge\nread_data data.test\npair_style zero 5.0\npair_coeff * *\n"
FIELD = "fix field all efield/pbc 0.05 -0.11 0.07 {}\n"
# Random displacements from the reference, so that energy, dipole and stress are not zero.
SHAKE = "displace_atoms all random 0.3 0.2 0.25 4711 units box\n"
VECTOR = "f_field f_field[1] f_field[2] f_field[3] f_field[4] f_field[5] f_field[6] f_field[7] f_field[8] f_field[9] f_field[10]"
E = np.array([0.05, -0.11, 0.07])


def shaken(options="", tail=""):
    return HEAD + FIELD.format(options) + SHAKE + tail


def dipole(result):
    return np.array([result.thermo[f"f_field[{k}]"] for k in (1, 2, 3)])


@pytest.fixture
def cell(li7p3s11, data_file):
    data_file(li7p3s11)
    return li7p3s11


@pytest.mark.parametrize("mode", ["E", "D"])
def test_energy_and_dipole_are_those_of_the_formula(cell, tmp_path, mode):
    """p = sum q (u - u_ref); U = -E.p, or Omega eps0 E^2/2 with E = D/eps0 - p/(eps0 Omega)."""
    plain = evaluate(HEAD + "run 0 post no\n", tmp_path)
    result = evaluate(shaken(f"mode {mode}"), tmp_path, columns=VECTOR)
    charges = np.array([{"Li": 0.5, "P": 2.5, "S": -1.0}[s] for s in cell.symbols])
    p = charges @ (result.positions - plain.positions)
    np.testing.assert_allclose(dipole(result), p, rtol=0, atol=1e-11)
    assert np.abs(p).min() > 0.01
    eps0 = 0.0055263493  # e/(V Angstrom)
    field = E if mode == "E" else E - p / (eps0 * cell.get_volume())
    expected = -field @ p if mode == "E" else 0.5 * eps0 * cell.get_volume() * field @ field
    assert result.energy == pytest.approx(expected, rel=2e-7)
    np.testing.assert_allclose([result.thermo[f"f_field[{k}]"] for k in (4, 5, 6)], p / cell.get_volume(), rtol=1e-9)
    np.testing.assert_allclose([result.thermo[f"f_field[{k}]"] for k in (7, 8, 9)], field, rtol=2e-7)
    np.testing.assert_allclose(result.forces, charges[:, None] * field, rtol=0, atol=2e-7)


@pytest.mark.parametrize("options", ["", "mode D", "lattice yes", "lattice yes mode D"])
def test_forces_and_stress_by_central_differences(cell, tmp_path, options):
    script = shaken(options)
    result = evaluate(script, tmp_path)
    np.testing.assert_allclose(result.forces[[0, 16, 30]], difference_forces(script, tmp_path, ids=(1, 17, 31)), rtol=0, atol=1e-7)
    # `lattice yes` turns the field with the box: its stress is that at a fixed Cartesian field, checked without the option.
    if "lattice" not in options:
        np.testing.assert_allclose(result.stress, difference_stress(script, tmp_path), rtol=0, atol=1e-9)
        assert np.abs(result.stress).max() > 1e-6


@pytest.mark.parametrize("options", ["", "mode D", "reference ref.dump"])
def test_image_flags_and_origin_do_not_matter(cell, data_file, tmp_path, options):
    write_reference = "write_dump all custom ref.dump id xu yu zu modify format float %.17g\n"
    read = HEAD.replace("pair_style", write_reference + "pair_style")
    flags = "set atom 3 image 1 0 -2\nset atom 20 image 0 5 0\n"
    # Moves by atom: those of `displace_atoms random` depend on the positions.
    move = "".join(f"group one id {i}\ndisplace_atoms one move {d}\ngroup one delete\n" for i, d in ((3, "2 1 0"), (17, "0.3 0 -0.5"), (30, "0 -1 1")))
    base = evaluate(read + FIELD.format(options) + move, tmp_path, columns=VECTOR)
    imaged = evaluate(read + flags + FIELD.format(options) + move, tmp_path, columns=VECTOR)
    origin = "" if "ref" in options else "displace_atoms all move 3.1 -20.7 5.5 units box\n"
    shifted = evaluate(read + origin + "set group all image 0 0 0\n" + FIELD.format(options) + move, tmp_path, columns=VECTOR)
    for other in (imaged, shifted):
        assert other.energy == pytest.approx(base.energy, abs=1e-10)
        np.testing.assert_allclose(other.stress, base.stress, rtol=0, atol=1e-12)
    assert abs(base.energy) > 0.01


def test_energy_is_smooth_when_atoms_cross_the_boundary(cell, tmp_path):
    """Every atom moves by two cells in ten steps: charges of both signs, so that the energy stays at that of the start."""
    moves = ["displace_atoms all move 2.5 1.1 -2.2 units box"] * 10
    energies = energies_of(shaken(), tmp_path, ["", *moves])
    np.testing.assert_allclose(energies, energies[0], rtol=0, atol=1e-10)
    assert abs(energies[0]) > 0.01
    # One ion alone, by two lattice vectors: the energy falls by q E.d, with no jump back.
    alone = energies_of(shaken() + "group one id 5\n", tmp_path, ["displace_atoms one move 2.5 0 0 units box"] * 10)
    np.testing.assert_allclose(np.diff(alone), -0.5 * E[0] * 2.5, rtol=1e-9)


def test_ranks(cell, tmp_path):
    one, two, four = (evaluate(shaken("mode D"), tmp_path, ranks, columns=VECTOR) for ranks in (1, 2, 4))
    for other in (two, four):
        assert other.energy == pytest.approx(one.energy, rel=1e-10)
        np.testing.assert_allclose(other.forces, one.forces, rtol=0, atol=1e-12)
        np.testing.assert_allclose(other.stress, one.stress, rtol=0, atol=1e-12)


def test_stock_fix_efield_where_it_is_well_defined(cell, tmp_path):
    """No atom leaves the cell and no net charge: energy differences, forces and pressure differences are stock's."""
    small = "displace_atoms all random 1.0e-3 1.0e-3 1.0e-3 4711 units box\n"
    stock_fix = "fix field all efield 0.05 -0.11 0.07\nfix_modify field energy yes virial yes\n"
    stock0, stock1 = (evaluate(HEAD + stock_fix + tail, tmp_path) for tail in ("", small))
    ours0, ours1 = (evaluate(HEAD + FIELD.format("") + tail, tmp_path) for tail in ("", small))
    assert ours0.energy == pytest.approx(0.0, abs=1e-12)
    assert ours1.energy - ours0.energy == pytest.approx(stock1.energy - stock0.energy, abs=1e-10)
    np.testing.assert_allclose(ours1.forces, stock1.forces, rtol=0, atol=1e-14)
    np.testing.assert_allclose(ours1.stress - ours0.stress, stock1.stress - stock0.stress, rtol=0, atol=1e-10)


def test_two_cells_share_a_reference_file(cell, tmp_path):
    """Positions moved before the fix starts count from the file, not from where they are."""
    read = HEAD.replace("pair_style", "write_dump all custom ref.dump id xu yu zu modify format float %.17g\npair_style")
    move = "group one id 5\ndisplace_atoms one move 3.0 0 0 units box\n"
    result = evaluate(read + move + FIELD.format("reference ref.dump"), tmp_path, columns=VECTOR)
    np.testing.assert_allclose(dipole(result), [1.5, 0, 0], rtol=0, atol=1e-11)
    assert result.energy == pytest.approx(-1.5 * E[0], rel=1e-10)


def test_restart_keeps_the_reference(cell, tmp_path):
    before = evaluate(shaken() + "run 0 post no\nwrite_restart saved\n", tmp_path, columns=VECTOR)
    again = "read_restart saved\npair_style zero 5.0\npair_coeff * *\n" + FIELD.format("")
    after = evaluate(again, tmp_path, ranks=2, columns=VECTOR)
    assert after.energy == pytest.approx(before.energy, abs=1e-11) and abs(before.energy) > 0.01


def test_reference_migrates_with_the_atoms(cell, tmp_path):
    """Some steps of a field-driven run on 4 ranks and on 1: same dipole at the end, and -E.p is the work done."""
    tail = "velocity all create 3000 1 loop geom\nfix nve all nve\ntimestep 0.002\nneigh_modify every 1 delay 0\nrun 50 post no\n"
    one, four = (evaluate(HEAD + FIELD.format("") + tail, tmp_path, ranks, columns=VECTOR) for ranks in (1, 4))
    np.testing.assert_allclose(dipole(four), dipole(one), rtol=1e-8)
    assert np.abs(dipole(one)).max() > 0.1
    assert one.thermo["f_field[10]"] == pytest.approx(-one.thermo["f_field"], rel=1e-9)


def test_counts_in_minimisation(cell, tmp_path):
    """Ions on springs in a field move by q E / k, without fix_modify."""
    tail = "fix spring all spring/self 2.0\nfix_modify spring energy yes\nminimize 0 1.0e-10 200 2000\n"
    start = evaluate(HEAD, tmp_path).positions
    result = evaluate(HEAD + FIELD.format("") + tail, tmp_path)
    charges = np.array([{"Li": 0.5, "P": 2.5, "S": -1.0}[s] for s in cell.symbols])
    np.testing.assert_allclose(result.positions - start, charges[:, None] * E / 2.0, rtol=0, atol=1e-8)


@pytest.mark.parametrize("mode", ["E", "D"])
def test_ideal_ionic_dielectric(cell, tmp_path, mode):
    """Ions on springs k: chi eps0 = sum q^2/(k Omega), so p = chi eps0 Omega E at constant E, and E = (D/eps0)/(1 + chi) at constant D."""
    tail = "fix spring all spring/self 40.0\nfix_modify spring energy yes\nminimize 0 1.0e-11 500 5000\n"
    result = evaluate(HEAD + FIELD.format(f"mode {mode}") + tail, tmp_path, columns=VECTOR)
    charges = np.array([{"Li": 0.5, "P": 2.5, "S": -1.0}[s] for s in cell.symbols])
    eps0, volume = 0.0055263493, cell.get_volume()
    chi = (charges**2).sum() / (40.0 * eps0 * volume)
    assert chi > 0.3
    field = E if mode == "E" else E / (1 + chi)
    np.testing.assert_allclose(dipole(result), chi * eps0 * volume * field, rtol=1e-6)


def test_per_atom_energy_and_switches(cell, tmp_path):
    for options in ("", "mode D"):
        result = evaluate(shaken(options) + "compute pea all pe/atom fix\n", tmp_path, peratom="c_pea")
        assert result.peratom.sum() == pytest.approx(result.energy, rel=1e-10)
    off = evaluate(shaken("energy no virial no"), tmp_path, columns="f_field")
    assert off.energy == 0.0 and np.abs(off.stress).max() == 0.0 and abs(off.thermo["f_field"]) > 0.01


def test_variable_field_and_group(cell, tmp_path):
    script = HEAD + "group li type 1\nvariable ramp equal 0.02*2\nfix field li efield/pbc v_ramp 0 0\n"
    forces = evaluate(script, tmp_path).forces
    np.testing.assert_allclose(forces[:14, 0], 0.02, rtol=1e-12)
    assert np.abs(forces[14:]).max() == 0.0


def test_lattice_directions(cell, tmp_path):
    forces = evaluate(HEAD + "fix field all efield/pbc 0 0 0.1 lattice yes\n", tmp_path).forces
    c = cell.cell.array[2]
    np.testing.assert_allclose(forces[0], 0.5 * 0.1 * c / np.linalg.norm(c), rtol=1e-9)


def test_net_charge_warns(cell, tmp_path):
    log = evaluate(HEAD + "group li type 1\nfix field li efield/pbc 0.1 0 0\n", tmp_path).log
    assert "group li has a net charge of 7 e" in log
    assert "net charge" not in evaluate(HEAD + FIELD.format(""), tmp_path).log


@pytest.mark.parametrize(
    "line, message",
    [
        ("fix f all efield/pbc 0.1 0", "three field components"),
        ("fix f all efield/pbc 0.1 0 0 colour red", "does not know the keyword colour"),
        ("fix f all efield/pbc 0.1 0 0 mode P", "mode is E (constant field) or D"),
        ("fix f all efield/pbc v_none 0 0", "there is no variable none"),
        ("fix f all efield/pbc 0.1 0 0 reference nowhere", "nowhere cannot be opened"),
        ("fix f all efield/pbc 0.1 0 0 reference data.test", "is not a LAMMPS text dump"),
        ("write_dump all custom bad id x y z\nfix f all efield/pbc 0.1 0 0 reference bad", "has no column xu"),
        ("group few id 1 2\nwrite_dump few custom bad id xu yu zu\nfix f all efield/pbc 0.1 0 0 reference bad", "has 2 atoms but none with id"),
    ],
)
def test_refusals(cell, tmp_path, line, message):
    done = launch(HEAD + line + "\nrun 0\n", tmp_path)
    assert done.returncode != 0 and message in done.stdout, done.stdout[-400:]
