// Cardinal B-splines: how an atom is spread over the points of a mesh. No LAMMPS header.
#pragma once

#include <array>
#include <cmath>

namespace esgap {

constexpr int ORDER = 10;    // a lower one needs a finer mesh, a higher one more points an atom: about the least time at an accuracy of 1e-6

/// M(w + j), j = 0 ... ORDER - 1, at 0 <= w < 1, and its first two derivatives.
struct Spline {
  std::array<double, ORDER> value, first, second;

  explicit Spline(double w)
  {
    std::array<double, ORDER> lower{};    // of order 1, then 2 ... ORDER
    lower[0] = 1.0;
    for (int n = 2; n <= ORDER; ++n) {
      if (n == ORDER)
        for (int j = 0; j < n; ++j) first[j] = lower[j] - (j > 0 ? lower[j - 1] : 0.0);
      if (n == ORDER - 1)
        for (int j = 0; j < ORDER; ++j) second[j] = lower[j] - (j > 0 ? 2.0 * lower[j - 1] : 0.0) + (j > 1 ? lower[j - 2] : 0.0);
      for (int j = n - 1; j >= 0; --j) lower[j] = ((w + j) * lower[j] + (j > 0 ? (n - w - j) * lower[j - 1] : 0.0)) / (n - 1);
    }
    value = lower;
  }
};

/// |b|^2 of exp(2 pi i m x / n) ~ b sum_j M(x - j) exp(2 pi i m j / n), x and j in mesh spacings.
inline double spline_norm(int m, int n)
{
  const Spline at_points(0.0);
  double re = 0.0, im = 0.0;
  for (int j = 0; j < ORDER; ++j) {
    re += at_points.value[j] * std::cos(2.0 * M_PI * m * j / n);
    im += at_points.value[j] * std::sin(2.0 * M_PI * m * j / n);
  }
  return 1.0 / (re * re + im * im);
}

}    // namespace esgap
