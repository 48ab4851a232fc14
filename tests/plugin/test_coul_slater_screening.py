"""The accuracy of S(r), the screening of two Slater densities, against 60 digits (screening_reference.py)."""

import time

import pytest
from mpmath import mp, mpf, pi, quad, sin
from screening_reference import CUTOFF, check_narrow_screening, check_screening, compile_driver, contours, form_factor, reference


@pytest.fixture(scope="module")
def screening(tmp_path_factory):
    return compile_driver(tmp_path_factory.mktemp("driver"))


def test_the_reference_is_the_fourier_integral():
    a, b, r = (1.0, 1), (1.4, 2), mpf(2)
    with mp.workdps(20):
        edges = [mpf("1e-12"), *range(1, 400, 3)]
        integral = 2 / pi * quad(lambda k: (form_factor(*a, k) * form_factor(*b, k)).real * sin(k * r) / (k * r), edges)
    assert float(1 / r - reference(list(contours(a, b)), r)[0]) == pytest.approx(float(integral), rel=1e-10)


@pytest.mark.parametrize("n", [(1, 1), (1, 3), (4, 2)], ids=str)  # all 16 in tests/validation
def test_screening(screening, n):
    check_screening(screening, n)


@pytest.mark.parametrize("a, b", [((50.0, 1), (50.0, 1)), ((0.5, 1), (60.0, 1)), ((60.0, 4), (1.0, 2)), ((30.0, 1), (50.0, 3))], ids=str)
def test_narrow_densities(screening, a, b):
    check_narrow_screening(screening, a, b)


@pytest.mark.parametrize("a, b", [((200.0, 1), (200.0, 1)), ((0.5, 1), (200.0, 1)), ((200.0, 4), (0.5, 4)), ((120.0, 1), (200.0, 1))], ids=str)
def test_narrow_densities_cost_no_more_set_up(screening, a, b):
    """The tables of one pair of types took 30 s with exponents of 200/Angstrom, a time that grew as their square; 0.1 s now."""
    start = time.monotonic()
    rows = screening([f"{a[0]!r} {a[1]} {b[0]!r} {b[1]} 0.3 {CUTOFF} 1.0"])
    assert len(rows) == 1 and time.monotonic() - start < 15.0
