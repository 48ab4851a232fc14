"""pair_style coul/slater/long, every file of cases/ through the same checks: what LAMMPS users expect of any pair style."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from harness import Result, difference_forces, evaluate, write_charged

CASES = sorted((Path(__file__).parent / "cases").glob("coul-slater-long-*.toml"))


@dataclass
class Case:
    folder: Path  # holds data.test
    head: str
    style: str
    kspace: str
    options: dict

    @property
    def script(self) -> str:
        return self.head + self.style + self.kspace

    @cached_property
    def plain(self) -> Result:
        """The case on one rank, newton on; computed once."""
        return self.run()

    def run(self, extra: str = "", before: str = "", **kw) -> Result:
        """The case with `extra` commands after it and `before` ahead of it."""
        return evaluate(before + self.script + extra, self.folder, **kw)


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.stem.removeprefix("coul-slater-long-"))
def case(request, tmp_path_factory, li7p3s11) -> Case:
    read = tomllib.loads(request.param.read_text())
    folder = tmp_path_factory.mktemp("case")
    if read["system"] == "molecules":
        (folder / "data.test").write_text(molecules())
        head = "units real\natom_style full\nbond_style zero\nangle_style zero\nspecial_bonds lj/coul 0.0 0.3 0.8\n"
        head += "read_data data.test\nbond_coeff *\nangle_coeff *\n"
    else:
        write_charged(folder / "data.test", li7p3s11, charges=read.get("charges", (0.5, 2.5, -1.0)))
        head = "units metal\natom_style charge\nread_data data.test\n"
    return Case(folder, head, read["style"], read["kspace"] + "\n", read)


def molecules() -> str:
    """Data file of a 29-atom system: a bent chain of 17 atoms and four bent triatomics, neutral, three types, in a 16 x 15 x 14 box."""
    rng = np.random.default_rng(29)
    positions, charges, types, bonds, angles, owner = [], [], [], [], [], []

    def chain(length, start, direction, q):
        first = len(positions) + 1
        for k in range(length):
            bend = np.array([0.0, 0.55 * (-1) ** k, 0.25 * np.sin(k)])
            positions.append(np.array(start) + 0.85 * k * np.array(direction) + bend + rng.uniform(-0.05, 0.05, 3))
            charges.append(q[k % len(q)])
            types.append(1 + k % 3)
            owner.append(len(owner) and owner[-1] + (k == 0) or 1)
            if k:
                bonds.append((first + k - 1, first + k))
            if k > 1:
                angles.append((first + k - 2, first + k - 1, first + k))

    chain(17, (1.0, 3.0, 3.0), (1.0, 0.0, 0.0), (0.3, -0.5, 0.2))
    for start in ((2, 8, 4), (8, 10, 10), (12, 7, 6), (4, 11, 10)):
        chain(3, start, (0.0, 0.0, 1.0), (0.4, -0.8, 0.4))
    charges[:] = list(np.array(charges) - np.mean(charges))
    counts = [f"{len(positions)} atoms", f"{len(bonds)} bonds", f"{len(angles)} angles", "3 atom types", "1 bond types", "1 angle types"]
    lines = ["29 atoms in molecules", "", *counts, "", "0 16 xlo xhi", "0 15 ylo yhi", "0 14 zlo zhi", "", "Masses", ""]
    lines += ["1 12.0", "2 16.0", "3 1.0", "", "Atoms # full", ""]
    for i, (x, q, kind, molecule) in enumerate(zip(positions, charges, types, owner), 1):
        lines.append(f"{i} {molecule} {kind} {q:.17g} {x[0]:.17g} {x[1]:.17g} {x[2]:.17g}")
    lines += ["", "Bonds", ""] + [f"{i} 1 {a} {b}" for i, (a, b) in enumerate(bonds, 1)]
    lines += ["", "Angles", ""] + [f"{i} 1 {a} {b} {c}" for i, (a, b, c) in enumerate(angles, 1)]
    return "\n".join(lines) + "\n"


def close(one, two, rtol):
    """Energy, forces and stress, each to `rtol` of its largest value; pair and reciprocal energy apart."""
    for column in ("E_coul", "E_long"):
        assert one.thermo[column] == pytest.approx(two.thermo[column], rel=rtol)
    np.testing.assert_allclose(one.forces, two.forces, rtol=0, atol=rtol * np.abs(two.forces).max())
    np.testing.assert_allclose(one.stress, two.stress, rtol=0, atol=rtol * np.abs(two.stress).max())


def test_stock_numbers(case):
    """The same input with LAMMPS's own style of this name; a form that it lacks must be refused by it."""
    if "stock_rtol" in case.options:
        close(case.plain, case.run(plugin=False), case.options["stock_rtol"])
    else:
        with pytest.raises(AssertionError, match="ERROR"):
            case.run(plugin=False)


def test_ranks_and_newton(case):
    for newton, ranks in (("on", 2), ("on", 4), ("off", 4)):
        close(case.run(before=f"newton {newton}\n", ranks=ranks), case.plain, 1e-10)


def test_forces_are_derivatives(case):
    """Central differences of fourth order with h = 1e-3: 1e-7 eV/Angstrom; the units real and pppm cases state their own."""
    ids = (1, 5, 22)
    differences = difference_forces(case.script, case.folder, ids)
    np.testing.assert_allclose(case.plain.forces[np.array(ids) - 1], differences, rtol=0, atol=case.options.get("force_atol", 1e-7))


def test_table_and_direct_evaluation_agree(case):
    """`pair_modify table 0` evaluates erfc and S in the loop: 1e-10 covers the stated bound of the table."""
    close(case.run("pair_modify table 0\n"), case.plain, 1e-10)


def test_single_is_compute(case):
    """pair/local and group/group go through single(): energies and forces of all pairs, special ones too, add up to the style's."""
    local = "compute local all pair/local eng\ncompute energy all reduce sum c_local inputs local\n"
    groups = "group some id 1:11\ngroup others subtract all some\ncompute one some group/group some\n"
    groups += "compute two others group/group others\ncompute cross some group/group others\n"
    result = case.run(local + groups, columns="c_energy c_one c_two c_cross c_cross[1] c_cross[2] c_cross[3]")
    pair = result.thermo["E_coul"]
    assert result.thermo["c_energy"] == pytest.approx(pair, rel=1e-10)
    assert sum(result.thermo[c] for c in ("c_one", "c_two", "c_cross")) == pytest.approx(pair, rel=1e-10)
    force = case.run("kspace_modify compute no\n").forces[:11].sum(axis=0)
    np.testing.assert_allclose([result.thermo[f"c_cross[{k}]"] for k in (1, 2, 3)], force, rtol=0, atol=1e-9 * np.abs(result.forces).max())


def test_per_atom_values_add_up(case):
    computes = "compute pea all pe/atom pair\ncompute sa all stress/atom NULL pair\ncompute p all pressure NULL pair\n"
    result = case.run(computes, peratom="c_pea c_sa[*]", columns="vol c_p[*]")
    assert result.peratom[:, 0].sum() == pytest.approx(result.thermo["E_coul"], rel=1e-10)
    virial = -result.peratom[:, 1:].sum(axis=0) / result.thermo["Volume"]
    pressure = [result.thermo[f"c_p[{k}]"] for k in range(1, 7)]
    np.testing.assert_allclose(virial, pressure, rtol=0, atol=1e-10 * np.abs(pressure).max())


def test_restart_and_data(case):
    saved = "".join(f"write_data saved.{pairs} pair {pairs}\n" for pairs in ("ii", "ij"))
    case.run("run 0 post no\nwrite_restart saved.restart\n" + saved)
    close(evaluate("read_restart saved.restart\n" + case.kspace, case.folder), case.plain, 1e-10)
    style = case.style.strip().splitlines()[0]
    for pairs in ("ii", "ij"):
        head = case.head.replace("read_data data.test", f"{style}\nread_data saved.{pairs}")
        close(evaluate(head + case.kspace, case.folder), case.plain, 1e-10)


def test_adapt(case):
    """fix adapt to a value equals that value given at once; a scale of 2 doubles the pair energy."""
    doubled = case.run(ADAPT.format(value=2.0, what="scale * *"))
    assert doubled.thermo["E_coul"] == pytest.approx(2 * case.plain.thermo["E_coul"], rel=1e-12)
    if "adapt" in case.options:
        adapt = case.options["adapt"]
        changed = case.run(ADAPT.format(value=adapt["to"], what=adapt["what"]))
        style = case.style.replace(adapt["replace"], adapt["by"])
        assert style != case.style
        close(changed, evaluate(case.head + style + case.kspace, case.folder), 1e-10)


ADAPT = "variable value equal {value}\nfix change all adapt 1 pair coul/slater/long {what} v_value\n"


def test_respa(case):
    """The whole style on one level gives the plain forces; inner and outer parts do not exist and are refused."""
    close(case.run("fix nve all nve\nrun_style respa 2 2 pair 1 kspace 2\n"), case.plain, 1e-10)
    with pytest.raises(AssertionError, match="does not support"):
        case.run("fix nve all nve\nrun_style respa 2 2 inner 1 4.0 5.0 outer 2 kspace 2\n")
