"""S(r) and S'(r) of Slater densities against the Fourier integral of their form factors, evaluated with 60 digits.

J(r) = (2/pi) int_0^inf f_a f_b sin(k r)/(k r) dk with f(k) = a^(2n+1) / (2 n k) Im[(a - i k)^(-2n)], a = 2 zeta. The integrand is
even and rational but for the sine: closing the contour above gives 1/r from k = 0 and residues at k = i a, i b, which are -S.
"""

import subprocess
from pathlib import Path

from mpmath import erfc, exp, expj, mp, mpc, mpf, pi, sqrt

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "lammps-plugin" / "src"
CUTOFF = 12.0
DISTANCES = (0.01, 0.05, 0.3, 1.0, 1.7, 2.6, 4.1, 7.3, 11.99)
EXPONENTS = ((0.3, 0.3), (0.3, 5.0), (1.0, 1.3), (1.2, 1.2 * (1 + 1e-12)), (1.2, 1.2 * (1 + 1e-9)), (1.2, 1.2 * (1 + 1e-6)),
             (1.2, 1.2001), (1.2, 1.21), (2.4, 2.0), (5.0, 5.0), (5.0, 4.9))  # fmt: skip
mp.dps = 60


def form_factor(zeta, n, k):
    """Analytic continuation of f(k): Im[(a - i k)^(-2n)] as a difference of conjugates."""
    a, i = 2 * mpf(zeta), mpc(0, 1)
    return a ** (2 * n + 1) / (2 * n * k) * ((a - i * k) ** (-2 * n) - (a + i * k) ** (-2 * n)) / (2 * i)


def circles(a, b):
    """Centres and radii of contours around the poles i a and i b that stay clear of 0 and of each other."""
    gap = abs(a - b)
    if gap < min(a, b) / 4:
        return [((a + b) / 2, min(a, b) / 2)]
    return [(a, min(a, gap) / 2), (b, min(b, gap) / 2)]


def contours(a, b):
    """f_a f_b on the points of the contours, with the weights of the trapezoidal rule (its error falls by 2 a point)."""
    points = 220
    for centre, radius in circles(2 * mpf(a[0]), 2 * mpf(b[0])):
        for m in range(points):
            arm = radius * expj(2 * pi * m / points)
            k = mpc(0, centre) + arm
            yield k, arm / points * form_factor(*a, k) * form_factor(*b, k)


def reference(weights, r):
    """S and S' from the residues: S = -(2/r) Re sum Res[f_a f_b e^{ikr}/k]."""
    r, i = mpf(r), mpc(0, 1)
    phases = [(k, w * exp(i * k * r)) for k, w in weights]
    s = -2 / r * sum(w / k for k, w in phases).real
    return s, -s / r - 2 / r * sum(i * w for _, w in phases).real


def compile_driver(folder: Path):
    """A function from lines `zeta n zeta n g cutoff r` to the numbers of screening_driver.cpp, compiled in `folder`."""
    driver = folder / "driver"
    subprocess.run(["c++", "-O2", "-std=c++17", f"-I{SOURCES}", HERE.parent / "plugin" / "screening_driver.cpp", SOURCES / "slater" / "coul_slater.cpp", "-o", driver], check=True)

    def run(lines):
        done = subprocess.run([driver], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)
        return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]

    return run


def check_screening(screening, n):
    """Relative error of S and S' <= 1e-10 by quadrature and from the table; the loop's table within its bounds, 1e-13/r and 1e-10/r^2."""
    g = 0.3
    for za, zb in EXPONENTS:
        a, b = (za, n[0]), (zb, n[1])
        weights = list(contours(a, b))
        rows = screening([f"{za!r} {n[0]} {zb!r} {n[1]} {g} {CUTOFF} {r}" for r in DISTANCES])
        for r, (s, slope, s_table, slope_table, f, f_slope) in zip(DISTANCES, rows, strict=True):
            wanted, wanted_slope = reference(weights, r)
            for got, want in ((s, wanted), (slope, wanted_slope), (s_table, wanted), (slope_table, wanted_slope)):
                assert abs(got / want - 1) <= 1e-10, (a, b, r)
            if r * r > 2:
                x = mpf(g) * r
                total = erfc(x) / r - wanted
                force = -(erfc(x) / r + 2 * mpf(g) / sqrt(pi) * exp(-x * x)) / r - wanted_slope
                assert abs(f - total) * r <= 1e-13, (a, b, r)
                assert abs(2 * r * f_slope - force) * r * r <= 1e-10, (a, b, r)


def check_narrow_screening(screening, a, b):
    """Relative error of S and S' <= 1e-10 where S r > 1e-40, by quadrature and from the table, and nothing beyond: whatever the exponents."""
    weights = list(contours(a, b))
    widths = (0.01, 0.3, 2, 9, 30, 59, 61, 90, 149, 151, 160, 400)    # in units of the decay lengths of both densities
    distances = sorted({min(k / (2 * zeta), CUTOFF) for k in widths for zeta in (a[0], b[0])} | set(DISTANCES))
    rows = screening([f"{a[0]!r} {a[1]} {b[0]!r} {b[1]} 0.3 {CUTOFF} {r!r}" for r in distances])
    for r, (s, slope, s_table, slope_table, *_) in zip(distances, rows, strict=True):
        wanted, wanted_slope = reference(weights, r)
        seen = wanted * r > mpf("1e-40")
        for got, want in ((s, wanted), (slope, wanted_slope), (s_table, wanted), (slope_table, wanted_slope)):
            assert abs(got / want - 1) <= 1e-10 if seen else abs(got) * r <= 1e-39, (a, b, r)
