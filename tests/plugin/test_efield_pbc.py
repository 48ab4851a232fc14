"""fix efield/pbc: differences, image flags and origin, ranks, stock fix efield, references, files, on the triclinic crystal."""

import re
from pathlib import Path

import numpy as np
import pytest
import tomlkit
from harness import difference_forces, difference_stress, energies_of, evaluate, launch
from neb_in_field import check_neb_over_the_boundary

# Springs to the starting places make the crystal stable without a pair style's cost; charges as in the data file.
HEAD = "units metal\natom_style charge\nread_data data.test\npair_style zero 5.0\npair_coeff * *\n"
FIELD = "fix field all efield/pbc 0.05 -0.11 0.07 {}\n"
VECTOR = "f_field f_field[1] f_field[2] f_field[3] f_field[4] f_field[5] f_field[6] f_field[7] f_field[8] f_field[9] f_field[10]"
E = np.array([0.05, -0.11, 0.07])
CASES = tomlkit.parse(Path(__file__).with_suffix(".toml").with_stem("efield_pbc").read_text())
# Moves by atom, the same wherever they are.
MOVES = "".join(f"group one id {i}\ndisplace_atoms one move {d} units box\ngroup one delete\n" for i, d in ((3, "2 1 0"), (17, "0.3 0 -0.5"), (30, "0 -1 1")))
FLAGS = "set atom 3 image 1 0 -2\nset atom 20 image 0 5 0\n"


def shake(x, y, z):
    """Irregular displacements (Angstrom) from the reference, so that energy, dipole and stress are not zero.

    They follow from the ids: those of `displace_atoms random` and `velocity loop geom` follow from the last bits of the positions, which differ between processors.
    """
    moves = "".join(f"variable shake_{axis} atom {size}*sin({k}*id)\n" for axis, size, k in (("x", x, 12.9898), ("y", y, 78.233), ("z", z, 37.719)))
    return moves + "displace_atoms all move v_shake_x v_shake_y v_shake_z units box\n"


SHAKE = shake(0.3, 0.2, 0.25)


def shaken(options="", tail=""):
    return HEAD + FIELD.format(options) + SHAKE + tail


def dipole(result):
    return np.array([result.thermo[f"f_field[{k}]"] for k in (1, 2, 3)])


@pytest.fixture
def cell(li7p3s11, data_file):
    data_file(li7p3s11)
    return li7p3s11


@pytest.mark.parametrize("mode, scale", [("E", 1), ("D", 1), ("E", 1.7), ("D", 1.7)])
def test_energy_and_dipole_are_those_of_the_formula(cell, tmp_path, mode, scale):
    """p = sum q (u - u_ref); U = -S E.p, or Omega eps0 S^2 E^2/2 with E = (D/eps0 - S p/(eps0 Omega))/S^2; force S q E."""
    plain = evaluate(HEAD + "run 0 post no\n", tmp_path)
    options = f"mode {mode} scale {scale}" if scale != 1 else f"mode {mode}"
    result = evaluate(shaken(options), tmp_path, columns=VECTOR)
    charges = np.array([{"Li": 0.5, "P": 2.5, "S": -1.0}[s] for s in cell.symbols])
    p = charges @ (result.positions - plain.positions)
    np.testing.assert_allclose(dipole(result), p, rtol=0, atol=1e-11)
    assert np.abs(p).min() > 0.01
    eps0 = 0.0055263493  # e/(V Angstrom)
    field = E if mode == "E" else (E - scale * p / (eps0 * cell.get_volume())) / scale**2
    expected = -scale * field @ p if mode == "E" else 0.5 * eps0 * scale**2 * cell.get_volume() * field @ field
    assert result.energy == pytest.approx(expected, rel=2e-7)
    np.testing.assert_allclose([result.thermo[f"f_field[{k}]"] for k in (4, 5, 6)], p / cell.get_volume(), rtol=1e-9)
    np.testing.assert_allclose([result.thermo[f"f_field[{k}]"] for k in (7, 8, 9)], field, rtol=2e-7)
    np.testing.assert_allclose(result.forces, scale * charges[:, None] * field, rtol=0, atol=2e-7)


def test_scaled_displacement_field_is_a_weaker_one_in_the_forces(cell, tmp_path):
    """E = (D/eps0 - S p/(eps0 V))/S^2 on S q is D/S on q, since the charges screen each other as before."""
    scaled = evaluate(shaken("mode D scale 1.7"), tmp_path)
    weaker = evaluate(HEAD + "fix field all efield/pbc {} {} {} mode D\n".format(*(E / 1.7)) + SHAKE, tmp_path)
    np.testing.assert_allclose(scaled.forces, weaker.forces, rtol=0, atol=1e-13)
    assert np.abs(scaled.forces).max() > 0.01


@pytest.fixture(params=CASES)
def case(request, cell):
    """Function of commands put before and after the fix that gives the script of a case, with three atoms moved at the end."""
    table = CASES[request.param]

    def script(before="", after="", shift="", moves=MOVES):
        return HEAD + shift + table.get("setup", "") + "\n" + before + table["fix"] + "\n" + after + moves

    return script


def test_forces_and_stress_are_the_derivatives(case, tmp_path):
    result = evaluate(case(), tmp_path)
    assert abs(result.energy) > 1e-3 and np.abs(result.stress).max() > 1e-6
    np.testing.assert_allclose(result.forces[[0, 2, 30]], difference_forces(case(), tmp_path, ids=(1, 3, 31)), rtol=0, atol=1e-8)
    np.testing.assert_allclose(result.stress, difference_stress(case(), tmp_path), rtol=0, atol=1e-10)


def test_image_flags_and_origin_do_not_matter(case, tmp_path):
    base = evaluate(case(), tmp_path)
    variants = {
        "flags before": case(before=FLAGS),
        "flags after": case(after=FLAGS + "run 0 post no\n"),
        "flags at the end": case() + "run 0 post no\n" + FLAGS,
        "origin": case(shift="displace_atoms all move 3.1 -20.7 5.5 units box\nset group all image 0 0 0\n"),
    }
    for name, script in variants.items():
        other = evaluate(script, tmp_path)
        assert other.energy == pytest.approx(base.energy, abs=1e-10), name
        np.testing.assert_allclose(other.stress, base.stress, rtol=0, atol=1e-12, err_msg=name)


def test_ranks(case, tmp_path):
    one, two, four = (evaluate(case(), tmp_path, ranks, columns=VECTOR) for ranks in (1, 2, 4))
    for other in (two, four):
        assert other.energy == pytest.approx(one.energy, rel=1e-10)
        np.testing.assert_allclose(dipole(other), dipole(one), rtol=0, atol=1e-10)
        np.testing.assert_allclose(other.forces, one.forces, rtol=0, atol=1e-12)
        np.testing.assert_allclose(other.stress, one.stress, rtol=0, atol=1e-12)


def test_restart_keeps_the_reference(case, tmp_path):
    """Written after a run, and with image flags changed once more between run and writing; read on another number of ranks."""
    before = evaluate(case() + "run 0 post no\n" + FLAGS + "write_restart saved\n", tmp_path)
    again = case(moves="").replace(HEAD, "read_restart saved\npair_style zero 5.0\npair_coeff * *\n")
    after = evaluate(re.sub("write_dump.*|group li.*", "", again), tmp_path, ranks=2)
    assert after.energy == pytest.approx(before.energy, abs=1e-10)
    np.testing.assert_allclose(after.stress, before.stress, rtol=0, atol=1e-12)


def test_per_atom_energy_and_stress_add_up(case, tmp_path):
    pieces = "compute pea all pe/atom fix\ncompute sta all stress/atom NULL fix\n"
    result = evaluate(case() + pieces, tmp_path, columns="vol", peratom="c_pea c_sta[*]")
    sums = result.peratom.sum(axis=0)
    assert sums[0] == pytest.approx(result.energy, rel=1e-10)
    np.testing.assert_allclose(-sums[1:] / 1.6021765e6 / result.thermo["Volume"], result.stress, rtol=0, atol=1e-12)


def test_energy_is_smooth_when_atoms_cross_the_boundary(cell, tmp_path):
    """Every atom moves by two cells in ten steps: charges of both signs, so that the energy stays at that of the start."""
    moves = ["displace_atoms all move 2.5 1.1 -2.2 units box"] * 10
    energies = energies_of(shaken(), tmp_path, ["", *moves])
    np.testing.assert_allclose(energies, energies[0], rtol=0, atol=1e-10)
    assert abs(energies[0]) > 0.01
    # One ion alone, by two lattice vectors: the energy falls by q E.d, with no jump back.
    alone = energies_of(shaken() + "group one id 5\n", tmp_path, ["displace_atoms one move 2.5 0 0 units box"] * 10)
    np.testing.assert_allclose(np.diff(alone), -0.5 * E[0] * 2.5, rtol=1e-9)


def test_stock_fix_efield_where_it_is_well_defined(cell, tmp_path):
    """No atom leaves the cell and no net charge: energy differences, forces and pressure differences are stock's."""
    small = shake(1.0e-3, 1.0e-3, 1.0e-3)
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


def test_reference_migrates_with_the_atoms(cell, tmp_path):
    """Some steps of a field-driven run on 4 ranks and on 1: same dipole at the end, and -E.p is the work done."""
    tail = "velocity all create 3000 1 loop all\nfix nve all nve\ntimestep 0.002\nneigh_modify every 1 delay 0\nrun 50 post no\n"
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


@pytest.mark.parametrize("mode, scale", [("E", 1), ("D", 1), ("E", 1.5), ("D", 1.5)])
def test_ideal_ionic_dielectric(cell, tmp_path, mode, scale):
    """Ions on springs k: chi eps0 = sum q^2/(k Omega), so p = S chi eps0 Omega E at constant E, and E = (D/eps0)/(S^2 (1 + chi)) at constant D."""
    tail = "fix spring all spring/self 40.0\nfix_modify spring energy yes\nminimize 0 1.0e-11 500 5000\n"
    result = evaluate(HEAD + FIELD.format(f"mode {mode} scale {scale}") + tail, tmp_path, columns=VECTOR)
    charges = np.array([{"Li": 0.5, "P": 2.5, "S": -1.0}[s] for s in cell.symbols])
    eps0, volume = 0.0055263493, cell.get_volume()
    chi = (charges**2).sum() / (40.0 * eps0 * volume)
    assert chi > 0.3
    field = E if mode == "E" else E / (scale**2 * (1 + chi))
    np.testing.assert_allclose(dipole(result), scale * chi * eps0 * volume * field, rtol=1e-6)


def test_energy_and_virial_can_be_switched_off(cell, tmp_path):
    off = evaluate(shaken("energy no virial no"), tmp_path, columns="f_field")
    assert off.energy == 0.0 and np.abs(off.stress).max() == 0.0 and abs(off.thermo["f_field"]) > 0.01


def test_flip_of_the_box_is_followed(cell, tmp_path):
    """Sheared by a cell vector and more along xy, xz and yz: with flips of the tilt factors all is as without."""
    shear = "".join(f"fix shear all deform 1 {v} remap x flip {{0}}\nrun 50 post no\n" for v in ("xy vel 180 xz vel -140", "yz vel 160"))
    box = "vol xy xz yz " + VECTOR
    kept = evaluate(shaken("mode D", shear.format("no")), tmp_path, columns=box)
    flipped = evaluate(shaken("mode D", shear.format("yes")), tmp_path, ranks=4, columns=box)
    assert abs(flipped.thermo["Xy"] - kept.thermo["Xy"]) > 10 and abs(flipped.thermo["Yz"] - kept.thermo["Yz"]) > 5
    assert flipped.energy == pytest.approx(kept.energy, rel=1e-10)
    np.testing.assert_allclose(dipole(flipped), dipole(kept), rtol=0, atol=1e-10)
    np.testing.assert_allclose(flipped.stress, kept.stress, rtol=0, atol=1e-12)


def test_oscillating_field_and_work(cell, tmp_path):
    """Forces follow the field of the step; the work is the integral of E.dp, summed by the trapezoid over steps."""
    tail = "velocity all create 3000 1 loop all\nfix nve all nve\nthermo 1\nthermo_modify format float %.17g\nrun 20 post no\n"
    script = HEAD + "variable e equal 0.3*sin(0.2*step)\nfix field all efield/pbc v_e 0 0.1 scale 1.5\n"
    result = evaluate(script + "thermo_style custom step pe f_field f_field[1] f_field[3] f_field[7] f_field[10]\n" + tail, tmp_path, columns=VECTOR)
    rows = [line.split() for line in result.log.splitlines() if re.fullmatch(r"\s*\d+( +[-+.e\d]+){6}\s*", line)]
    step, pe, energy, px, pz, ex, work = np.array(rows[:21], dtype=float).T
    np.testing.assert_allclose(step, np.arange(21))
    np.testing.assert_allclose(ex, 0.3 * np.sin(0.2 * step), rtol=1e-12)
    np.testing.assert_allclose(pe, -1.5 * (ex * px + 0.1 * pz), rtol=0, atol=1e-12)
    np.testing.assert_allclose(energy, pe, rtol=0, atol=1e-14)
    expected = np.concatenate([[0.0], 1.5 * np.cumsum(0.5 * (ex[1:] + ex[:-1]) * np.diff(px) + 0.1 * np.diff(pz))])
    np.testing.assert_allclose(work, expected, rtol=0, atol=1e-12)
    assert abs(work[-1]) > 1e-3
    np.testing.assert_allclose(result.forces[0], 1.5 * 0.5 * np.array([ex[-1], 0, 0.1]), rtol=1e-12)


def test_atoms_that_come_and_go(cell, tmp_path):
    """A new atom starts without displacement; a deleted one takes its share of the dipole with it."""
    before = evaluate(shaken(), tmp_path, columns=VECTOR)
    created = "create_atoms 1 single 1.0 2.0 3.0 units box\nset atom 43 charge 0.5\ngroup gone id 5\n"
    after = evaluate(shaken(tail=created), tmp_path, ranks=2, columns=VECTOR)
    assert after.energy == pytest.approx(before.energy, abs=1e-10)
    gone = evaluate(shaken(tail=created + "delete_atoms group gone compress no\n"), tmp_path, ranks=2, columns=VECTOR)
    plain = evaluate(HEAD + "run 0 post no\n", tmp_path)
    share = 0.5 * (before.positions - plain.positions)[4]
    assert np.abs(share).min() > 1e-3
    np.testing.assert_allclose(dipole(gone), dipole(before) - share, rtol=0, atol=1e-10)


def test_half_a_cell_from_the_reference_file(cell, tmp_path):
    """Two images equally near: the same one whatever the flags, with a warning; beyond half a cell, the nearest."""
    dump = "write_dump all custom ref.dump id xu yu zu modify format float %.17g\ngroup one id 5\n"
    lx = cell.cell.array[0, 0]
    for part, expected in ((0.5, 0.5), (-0.5, 0.5), (0.6, -0.4)):
        move = f"displace_atoms one move {part * lx:.17g} 0 0 units box\n"
        for flags in ("", "set atom 5 image 3 0 0\n"):
            result = evaluate(HEAD + dump + move + flags + FIELD.format("reference ref.dump"), tmp_path, columns=VECTOR)
            np.testing.assert_allclose(dipole(result), [0.5 * expected * lx, 0, 0], rtol=0, atol=1e-9)
            assert ("nearly half a cell vector" in result.log) == (abs(part) == 0.5)


def test_neb_in_a_field(tmp_path):
    """One rank a replica; tests/validation has two."""
    check_neb_over_the_boundary(tmp_path, 3, "3x1")


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
        ("fix f all efield/pbc 0.1 0 0 scale 0.0", "scale must be positive, not 0"),
        ("fix f all efield/pbc 0.1 0 0 mode P", "mode is E (constant field) or D"),
        ("fix f all efield/pbc v_none 0 0", "there is no variable none"),
        ("fix f all efield/pbc 0.1 0 0 reference nowhere", "nowhere cannot be opened"),
        ("fix f all efield/pbc 0.1 0 0 reference data.test", "is not a LAMMPS text dump"),
        ("write_dump all custom bad id x y z\nfix f all efield/pbc 0.1 0 0 reference bad", "has no column xu"),
        ("write_dump all custom bad id xu yu zu\nchange_box all x scale 1.3 remap\nfix f all efield/pbc 0.1 0 0 reference bad", "was written in another box"),
        ("write_dump all custom bad id xu yu zu\nshell sed -i 12s/[.]/x/ bad\nfix f all efield/pbc 0.1 0 0 reference bad", "where a number is expected"),
        ("write_dump all custom bad id xu yu zu\nshell sed -i 4s/42/-42/ bad\nfix f all efield/pbc 0.1 0 0 reference bad", "is of -42 atoms"),
        ("fix f all efield/pbc 0.1 0 0 lattice yes\nfix d all deform 1 xy vel 200\nrun 100", "use `flip no`"),
        ("fix f all efield/pbc 0.1 0 0\nrun_style respa 2 2", "does not work with run_style respa"),
        ("fix n all neb 1.0\nfix f all efield/pbc 0.1 0 0", "define fix neb after it"),
        ("group few id 1 2\nwrite_dump few custom bad id xu yu zu\nfix f all efield/pbc 0.1 0 0 reference bad", "has 2 atoms but none with id"),
    ],
)
def test_refusals(cell, tmp_path, line, message):
    done = launch(HEAD + line + "\nrun 0\n", tmp_path)
    assert done.returncode != 0 and message in done.stdout, done.stdout[-400:]


def test_rerun_over_flips_of_the_box(cell, tmp_path):
    """Each frame of a rerun is a run of its own: energies as in the run that wrote the dump, for a charged group too."""
    field = "group few id 1 2 3\nfix field few efield/pbc 0.05 -0.11 0.07 reference ref.dump\n"
    shear = "fix shear all deform 1 xy vel 180 remap x\ndump all all custom 10 flip.dump id xu yu zu\ndump_modify all sort id format float %.17g\n"
    first = "write_dump all custom ref.dump id xu yu zu modify format float %.17g\n"
    thermo = "thermo 1\nthermo_style custom step pe f_field f_field[1] f_field[2]\nthermo_modify format float %.17g\n"

    def rows(script):
        done = launch(HEAD + first + field + SHAKE + thermo + script, tmp_path)
        assert done.returncode == 0 and done.stdout.count("net charge of") == 1, done.stdout
        found = [line.split() for line in done.stdout.splitlines() if re.fullmatch(r"\s*\d+( +[-+.e\d]+){4}\s*", line)]
        return np.array(found, dtype=float)

    run = rows(shear + "run 51\n")
    again = rows("rerun flip.dump dump x y z wrapped no box yes\n")
    assert len(run) == 52 and len(again) == 6 and np.abs(run[:, 2]).min() > 1e-4
    # fix deform moves the box at the end of a step, before the dump: frame 10 is what step 11 evaluates.
    np.testing.assert_allclose(again[1:, 1:], run[11::10, 1:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("columns, dump", [("xu yu zu", "x y z wrapped no"), ("x y z ix iy iz", "x y z ix iy iz"), ("x y z", "x y z")])
def test_rerun_of_an_ion_over_the_boundary(cell, tmp_path, columns, dump):
    """Ion 5 goes once around the cell: its energy follows from unwrapped coordinates or image flags; wrapped ones alone are refused."""
    around = f"fix go one move linear 200 0 0 units box\ndump all all custom 6 around.dump id {columns}\n"
    around += "dump_modify all sort id format float %.17g\nrun 100 post no\nundump all\nunfix go\n"
    thermo = "thermo 1\nthermo_style custom step pe f_field[1]\nthermo_modify format float %.17g lost ignore\n"
    script = HEAD + "write_dump all custom ref.dump id xu yu zu modify format float %.17g\n" + ONE + FIELD.format("reference ref.dump")
    again = script.replace("write_dump", "#") + thermo + f"rerun around.dump dump {dump}\n"
    assert launch(script + around, tmp_path).returncode == 0
    done = launch(again, tmp_path, ranks=2)
    if columns == "x y z":
        assert done.returncode != 0 and "as wrapped coordinates do at the boundary" in done.stdout, done.stdout[-600:]
        return
    rows = np.array([line.split() for line in done.stdout.splitlines() if re.fullmatch(r"\s*\d+( +[-+.e\d]+){2}\s*", line)], dtype=float)
    np.testing.assert_allclose(rows[:, 2], 0.5 * 0.2 * rows[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(rows[:, 1], -E[0] * rows[:, 2], rtol=1e-9, atol=1e-9)
    assert len(rows) == 17


def test_restart_needs_no_reference_file(cell, tmp_path):
    """The file was of another box, and is gone: the references come from the restart file."""
    first = "write_dump all custom ref.dump id xu yu zu modify format float %.17g\n"
    before = evaluate(HEAD + first + FIELD.format("reference ref.dump") + SHAKE + "change_box all x scale 1.3 remap\nrun 0\nwrite_restart saved\n", tmp_path)
    (tmp_path / "ref.dump").unlink()
    head = "read_restart saved\npair_style zero 5.0\npair_coeff * *\n"
    after = evaluate(head + FIELD.format("reference ref.dump"), tmp_path)
    assert after.energy == pytest.approx(before.energy, abs=1e-10) and abs(after.energy) > 1e-3
    done = launch(head + FIELD.format("reference ref.dump").replace("fix field", "fix other") + "run 0\n", tmp_path)
    assert done.returncode != 0 and "ref.dump cannot be opened" in done.stdout


def test_atoms_that_leave_do_no_work(cell, tmp_path):
    away = "group some id 1 2 3\ndisplace_atoms some move 1.0 0 0 units box\nregion all block INF INF INF INF INF INF\n"
    script = HEAD + FIELD.format("") + away + "run 0\nfix leave some evaporate 1 1 all 49892\nrun 5 post no\n"
    result = evaluate(script, tmp_path, columns="atoms " + VECTOR)
    assert result.thermo["Atoms"] < 42 and abs(result.thermo["f_field[10]"]) < 1e-12


def test_a_swap_of_members_is_no_work(cell, tmp_path):
    """A dynamic group that gives up three displaced atoms for three others: as many as before, and no atom moves."""
    who = "variable who atom (step<5)*(id<4)+(step>=5)*(id>3)*(id<7)\ngroup few dynamic all var who every 1\n"
    away = "group far id 1 2 3\ndisplace_atoms far move 1.0 0 0 units box\n"
    result = evaluate(HEAD + who + "fix field few efield/pbc 0.05 -0.11 0.07\n" + away + "run 3\nrun 10 post no\n", tmp_path, ranks=2, columns=VECTOR)
    assert abs(dipole(result)[0]) < 1e-12 and abs(result.thermo["f_field[10]"]) < 1e-12


ONE = "group one id 5\ngroup other id 6\n"
HALF_AND_MORE = "displace_atoms {} move {} 0 0 units box\n"


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_move_and_a_new_image_flag_between_two_runs(cell, tmp_path, ranks):
    """A jump by more than half a cell that is not by whole vectors could be a move, or a move and a new flag: asked for, not guessed."""
    script = HEAD + ONE + FIELD.format("") + "run 0 post no\n"
    move, flag = HALF_AND_MORE.format("one", 1), "set atom 5 image 1 0 0\n"
    for jump in (move + flag, HALF_AND_MORE.format("one", 7)):
        done = launch(script + jump + "run 0\n", tmp_path, ranks)
        assert done.returncode != 0 and "1 atoms, among them 5, jumped by more than half a cell" in done.stdout and "give `run 0` between" in done.stdout
    apart = evaluate(script + move + "run 0 post no\n" + flag, tmp_path, ranks)
    assert apart.energy == pytest.approx(-0.5 * E[0], rel=1e-10)
    # an atom that the field does not act on may jump as it likes
    evaluate(script.replace("all efield", "one efield") + HALF_AND_MORE.format("other", 7), tmp_path, ranks)
