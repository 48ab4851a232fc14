"""pair_style coul/slater/long: independent oracles, hybrid, refusals and warnings, on the triclinic crystal; test_coul_slater_cases.py has the rest."""

import numpy as np
import pytest
from harness import evaluate, launch
from scipy.integrate import quad

HEAD = "units metal\natom_style charge\nread_data data.test\n"
ZETA = (1.0, 1.5, 1.2)  # Li, P, S; 1/Angstrom
SLATER = "pair_style coul/slater/long slater 10.0\n" + "".join(f"pair_coeff {i} {i} {z}\n" for i, z in enumerate(ZETA, 1))
STOCK = "pair_style coul/slater/long 1.0 10.0\npair_coeff * *\n"
OVERLAY = "pair_style hybrid/overlay zero 5.0 coul/slater/long slater 10.0\npair_coeff * * zero\npair_coeff * * coul/slater/long 1.0\n"
EWALD, PPPM = "kspace_style ewald 1.0e-9\n", "kspace_style pppm 1.0e-6\n"


def close(one, two, rtol):
    assert one.energy == pytest.approx(two.energy, rel=rtol)
    np.testing.assert_allclose(one.forces, two.forces, rtol=0, atol=rtol * np.abs(two.forces).max())
    np.testing.assert_allclose(one.stress, two.stress, rtol=0, atol=rtol * np.abs(two.stress).max())


def test_streitz_is_the_same_without_hardness(li7p3s11, data_file, tmp_path):
    """coul/streitz with chi = J = Z = 0: LAMMPS's own exact 1s-1s form with an exponent per element."""
    data_file(li7p3s11)
    lines = "".join(f"{s} 0.0 0.0 0.0 {z} 0.0\n" for s, z in zip(("Li", "P", "S"), ZETA))
    (tmp_path / "streitz").write_text("# UNITS: metal\n" + lines)
    oracle = evaluate(HEAD + "pair_style coul/streitz 10.0 ewald\npair_coeff * * streitz Li P S\n" + EWALD, tmp_path)
    close(evaluate(HEAD + SLATER + EWALD, tmp_path), oracle, 3e-6)  # its erfc is a polynomial


@pytest.mark.parametrize("kspace", [EWALD, PPPM])
def test_stock_syntax_gives_stock_numbers(li7p3s11, data_file, tmp_path, kspace):
    data_file(li7p3s11)
    oracle = evaluate(HEAD + STOCK + kspace, tmp_path, plugin=False)
    close(evaluate(HEAD + STOCK + kspace, tmp_path), oracle, 2e-6)  # stock's erfc is a polynomial, 6e-7


def fourier_coulomb(a, b, r):
    """J(r) of two ns densities by their form factors: (2/pi) int f_a f_b sin(kr)/(kr) dk, independent of the plugin's way."""

    def form(density, k):
        zeta, n = density
        alpha = 2 * zeta
        return (alpha ** (2 * n + 1) * (alpha - 1j * k) ** (-2 * n) / (2 * n * k)).imag

    def integrand(k):
        return form(a, k) * form(b, k) * np.sinc(k * r / np.pi)

    edges = np.linspace(0, 60 * max(a[0], b[0]), 121)
    return 2 / np.pi * sum(quad(integrand, max(lo, 1e-9), hi, epsabs=1e-13, epsrel=1e-12, limit=400)[0] for lo, hi in zip(edges, edges[1:]))


@pytest.mark.parametrize("a, b", [((0.9, 1), (1.5, 1)), ((1.2, 1), (1.2 + 1e-9, 1)), ((1.0, 2), (1.4, 3)), ((2.0, 4), (0.8, 1))])
def test_densities_against_the_fourier_integral(tmp_path, a, b):
    """Two ions in a large box, every other contribution removed by the difference to coul/long: -C qa qb S(r)."""
    box = "units metal\natom_style charge\nregion box block 0 40 0 40 0 40\ncreate_box 2 box\nmass * 1.0\n"
    ions = "create_atoms 1 single 10 10 10\ncreate_atoms 2 single {} 10 10\nset type 1 charge 1\nset type 2 charge -1\npair_modify table 0\n"
    slater = f"pair_style coul/slater/long slater 15.0\npair_coeff 1 1 {a[0]!r} {a[1]}\npair_coeff 2 2 {b[0]!r} {b[1]}\n"
    for r in (0.2, 1.0, 2.7, 5.0):
        screened, point = (
            evaluate(box + style + ions.format(10 + r) + "kspace_style ewald 1.0e-6\n", tmp_path).thermo["E_coul"]
            for style in (slater, "pair_style coul/long 15.0\npair_coeff * *\n")
        )
        expected = 14.399645 * (1 / r - fourier_coulomb(a, b, r))
        # coul/long's polynomial erfc is the limit here: 6e-7 of its energy.
        assert screened - point == pytest.approx(expected, rel=1e-6, abs=1.5e-5 / r)


def test_stress_by_central_differences(li7p3s11, data_file, tmp_path):
    """Strain along x and a shear xy, atoms carried along."""
    data_file(li7p3s11)
    stress = evaluate(HEAD + SLATER + EWALD, tmp_path).stress
    h = 1e-4
    cell = li7p3s11.cell.array

    def energy(strain):
        atoms = li7p3s11.copy()
        atoms.set_cell(cell @ (np.eye(3) + strain), scale_atoms=True)
        data_file(atoms)
        return evaluate(HEAD + SLATER + EWALD, tmp_path).energy

    for component, (i, j) in ((0, (0, 0)), (2, (2, 2)), (3, (1, 0))):
        strain = np.zeros((3, 3))
        strain[i, j] = h
        difference = -(energy(strain) - energy(-strain)) / (2 * h) / li7p3s11.get_volume()
        assert stress[component] == pytest.approx(difference, abs=2e-7)
        assert abs(stress[component]) > 1e-4


@pytest.mark.parametrize("style", ["slater 10.0\npair_coeff * * 45.0", "0.027 10.0\npair_coeff * *", "slater 10.0\npair_coeff * * 300.0\npair_coeff 2 2 40.0 4"])
def test_densities_far_narrower_than_the_cutoff_are_points(li7p3s11, data_file, tmp_path, style):
    """exp(-2 zeta r) underflows inside the cutoff: energy, forces and stress are those of point charges, in the loop's table and without it."""
    data_file(li7p3s11)
    points = evaluate(HEAD + "pair_style coul/long 10.0\npair_coeff * *\npair_modify table 0\n" + EWALD, tmp_path)
    for table in ("", "pair_modify table 0\n"):
        close(evaluate(HEAD + f"pair_style coul/slater/long {style}\n" + table + EWALD, tmp_path), points, 3e-6)  # coul/long's erfc is a polynomial


def test_overlay_and_uncharged_types(li7p3s11, data_file, tmp_path):
    """In hybrid/overlay beside a style without charges the Coulomb part is the same; a neutral type feels nothing."""
    data_file(li7p3s11, charges=(11 / 7, 0.0, -1.0))
    alone = evaluate(HEAD + SLATER + EWALD, tmp_path)
    overlay = HEAD + SLATER.replace("coul/slater/long", "hybrid/overlay zero 5.0 coul/slater/long", 1)
    overlay = overlay.replace("pair_coeff 1 1", "pair_coeff * * zero\npair_coeff * * coul/slater/long\npair_coeff 1 1 coul/slater/long")
    overlay = overlay.replace("pair_coeff 2 2", "pair_coeff 2 2 coul/slater/long").replace("pair_coeff 3 3", "pair_coeff 3 3 coul/slater/long")
    close(evaluate(overlay + EWALD, tmp_path), alone, 1e-12)
    assert np.abs(alone.forces[li7p3s11.symbols == "P"]).max() == 0.0


def test_unlike_types_forgotten_in_a_hybrid(li7p3s11, data_file, tmp_path):
    """hybrid/overlay gives a sub-style only the pairs that a pair_coeff names: the unlike ones must not be lost in silence."""
    data_file(li7p3s11)
    overlay = "pair_style hybrid/overlay zero 5.0 coul/slater/long slater 10.0\npair_coeff * * zero\n"
    diagonal = "".join(f"pair_coeff {i} {i} coul/slater/long {z}\n" for i, z in enumerate(ZETA, 1))
    done = launch(HEAD + overlay + diagonal + EWALD + "run 0\n", tmp_path)
    assert done.returncode != 0 and "was not given the pair of types 1 2" in done.stdout


@pytest.mark.parametrize(
    "style, kspace, message",
    [
        (SLATER + "pair_coeff 1 2 1.0\n", EWALD, "unlike types follow from the densities"),
        (SLATER.replace("pair_coeff 2 2 1.5\n", ""), EWALD, "All pair coeffs are not set|no density for type 2"),
        (SLATER, "", "needs a kspace_style"),
        (SLATER, "kspace_style msm 1e-4\n", "msm|MSM"),
        (SLATER + "pair_coeff 1 1 -1.0\n", EWALD, "ZETA must be positive, not -1"),
        (SLATER + "pair_coeff 1 1 1.0 7\n", EWALD, "N must be 1 to 4, not 7"),
        ("pair_style coul/slater/long 1.0\n", EWALD, "takes `LAMBDA CUT` or `slater CUT`"),
        (STOCK + "pair_coeff 1 1 5.0\n", EWALD, "takes two types and no value"),
        (OVERLAY.replace("overlay zero", "scaled 1.0 zero").replace("5.0 coul", "5.0 0.5 coul"), EWALD, "use hybrid/overlay, and scale the charges"),
        (SLATER, EWALD + "fix q all qeq/point 1 8.0 1.0e-6 100 charges\n", "fix q qeq/point changes them"),
        (SLATER, EWALD + "create_atoms 1 single 1 2 3 units box\n" * 2, "atoms 43 and 44 are at the same place|atoms 44 and 43 are"),
    ],
)
def test_refusals(li7p3s11, data_file, tmp_path, style, kspace, message):
    data_file(li7p3s11)
    (tmp_path / "charges").write_text("1 0 5 0 0 0\n2 1 6 0 0 0\n3 2 7 0 0 0\n")
    done = launch(HEAD + style + kspace + "run 0\n", tmp_path)
    assert done.returncode != 0
    assert any(word in done.stdout for word in message.split("|")), done.stdout[-500:]


def test_warning_when_the_screening_reaches_the_cutoff(li7p3s11, data_file, tmp_path):
    data_file(li7p3s11)
    short = HEAD + SLATER.replace("10.0", "4.0") + EWALD
    assert "for types 1 1 the screening S =" in evaluate(short, tmp_path).log
    assert "is cut off" not in evaluate(HEAD + SLATER + EWALD, tmp_path).log


@pytest.mark.parametrize("style", [SLATER, OVERLAY], ids=("alone", "hybrid"))
@pytest.mark.parametrize("table", ["", "pair_modify pair coul/slater/long table 12\n", "pair_modify pair coul/slater/long table 0\n"], ids=("default", "12", "0"))
def test_no_advice_to_avoid_exact_tables(li7p3s11, data_file, tmp_path, style, table):
    """kspace advises `pair_modify table 0` at 1e-7 when it believes in tables of LAMMPS's own kind; the same holds after a restart."""
    data_file(li7p3s11)
    table = table if style == OVERLAY else table.replace("pair coul/slater/long ", "")
    kspace = "kspace_style pppm 1.0e-7\n"
    saved = evaluate(HEAD + style + table + kspace + "run 0\nwrite_restart saved\n", tmp_path)
    again = evaluate("read_restart saved\n" + ("pair_coeff * * zero\npair_coeff * * coul/slater/long 1.0\n" if style == OVERLAY else "") + kspace, tmp_path)
    assert "better accuracy" not in saved.log + again.log
    close(saved, again, 1e-12)
