"""The accuracy of S(r), the screening of two Slater densities, against 60 digits (screening_reference.py)."""

import pytest
from mpmath import mp, mpf, pi, quad, sin
from screening_reference import check_screening, compile_driver, contours, form_factor, reference


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
