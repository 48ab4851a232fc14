#include "radial.h"

#include "factorise.h"

#include <cmath>
#include <stdexcept>

namespace esgap::gap {
namespace {

using Real = long double;    // the Gaussians overlap strongly: the factorisation loses digits

constexpr Real PI = 3.14159265358979323846264338327950288L;

// x with c x = b, for a symmetric positive c.
Matrix solve(const Matrix &c, Matrix b)
{
  const Matrix l = cholesky(c);
  const std::size_t n = c.size();
  for (std::size_t column = 0; column < n; ++column) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < i; ++k) b[i][column] -= l[i][k] * b[k][column];
      b[i][column] /= l[i][i];
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t k = i + 1; k < n; ++k) b[i][column] -= l[k][i] * b[k][column];
      b[i][column] /= l[i][i];
    }
  }
  return b;
}

// exp(-x) i_l(x), modified spherical Bessel functions of the first kind, l = 0 .. l_max. The ratio i_l / i_(l-1) by its
// downward recurrence, which is stable and cannot overflow.
void scaled_bessel(double x, int l_max, double *values)
{
  values[0] = x < 1e-4 ? 1.0 - x + 2.0 * x * x / 3.0 : -std::expm1(-2.0 * x) / (2.0 * x);
  if (x == 0.0) {
    for (int l = 1; l <= l_max; ++l) values[l] = 0.0;
    return;
  }
  const int start = l_max + 30 + static_cast<int>(10.0 * std::sqrt(x));
  double ratio = 0.0;
  for (int l = start; l > l_max; --l) ratio = 1.0 / ((2 * l + 1) / x + ratio);
  std::vector<double> ratios(l_max + 1);
  for (int l = l_max; l > 0; --l) ratios[l] = ratio = 1.0 / ((2 * l + 1) / x + ratio);
  for (int l = 1; l <= l_max; ++l) values[l] = values[l - 1] * ratios[l];
}

}    // namespace

RadialBasis::RadialBasis(double cutoff, double sigma, int n_max, int l_max) : n_max(n_max), l_max(l_max), a(1.0 / (2.0 * sigma * sigma))
{
  const Real alpha = a, reach = cutoff + sigma * std::sqrt(20.0L * std::log(10.0L));
  for (int n = 0; n < n_max; ++n) grid.push_back(static_cast<double>(n * reach / n_max));
  Matrix c(n_max, std::vector<Real>(n_max)), s = c;
  for (int n = 0; n < n_max; ++n)
    for (int m = 0; m < n_max; ++m) {
      const Real rn = n * reach / n_max, rm = m * reach / n_max, difference = rn - rm, total = rn + rm;
      c[n][m] = std::exp(-alpha * difference * difference);
      s[n][m] = (std::exp(-alpha * (rn * rn + rm * rm)) * std::sqrt(2.0L) * std::pow(alpha, 1.5L) * total +
                 alpha * std::exp(-alpha * difference * difference / 2) * std::sqrt(PI) * (1 + alpha * total * total) * (1 + std::erf(std::sqrt(alpha / 2) * total))) /
          std::sqrt(128 * std::pow(alpha, 5.0L));
    }
  const Matrix l = cholesky(s), t = solve(c, l);
  centre = static_cast<double>(l[0][0]);
  for (int k = 0; k < n_max; ++k)
    for (int n = 0; n < n_max; ++n) transform.push_back(static_cast<double>(t[k][n]));
}

void RadialBasis::evaluate(double r, double *values) const
{
  for (int k = 0; k < n_max * (l_max + 1); ++k) values[k] = 0.0;
  std::vector<double> bessel(l_max + 1);
  for (int k = 0; k < n_max; ++k) {
    // exp(-a (r^2 + r_k^2)) i_l(2 a r r_k), its large and its small factor joined before they meet the limits of a double
    scaled_bessel(2.0 * a * r * grid[k], l_max, bessel.data());
    const double gaussian = std::exp(-a * (r - grid[k]) * (r - grid[k]));
    for (int l = 0; l <= l_max; ++l)
      for (int n = 0; n < n_max; ++n) values[l * n_max + n] += gaussian * bessel[l] * transform[k * n_max + n];
  }
}

}    // namespace esgap::gap
