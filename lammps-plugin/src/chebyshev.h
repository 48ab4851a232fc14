// A smooth function on an interval as a polynomial: Chebyshev interpolation, stored in powers of u in [-1, 1].
#pragma once

#include <cmath>
#include <vector>

namespace esgap {

/// Coefficients c_0 .. c_order of the polynomial in u = (2 x - low - high) / (high - low) that interpolates f.
template <class Function> std::vector<double> chebyshev_polynomial(Function f, double low, double high, int order)
{
  constexpr double PI = 3.14159265358979323846;
  const int n = order + 1;
  std::vector<double> weight(n, 0.0);    // of the Chebyshev polynomials T_m
  for (int k = 0; k < n; ++k) {
    const double angle = PI * (k + 0.5) / n, value = f(0.5 * (low + high) + 0.5 * (high - low) * std::cos(angle));
    for (int m = 0; m < n; ++m) weight[m] += value * std::cos(m * angle) * (m ? 2.0 : 1.0) / n;
  }
  // T_m in powers of u by its recurrence.
  std::vector<double> before(n, 0.0), now(n, 0.0), next(n, 0.0), power(n, 0.0);
  before[0] = 1.0;
  if (order > 0) now[1] = 1.0;
  power[0] = weight[0];
  for (int m = 1; m < n; ++m) {
    for (int k = 0; k <= m; ++k) power[k] += weight[m] * now[k];
    for (int k = 0; k < n; ++k) next[k] = (k ? 2.0 * now[k - 1] : 0.0) - before[k];
    before = now;
    now = next;
  }
  return power;
}

}    // namespace esgap
