#include "variance.h"

#include "simd.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace esgap::gap {
namespace {

using Square = std::vector<double>;    // n x n, row-major

// y -= factor x
ESGAP_CLONES void subtract(int n, double factor, const double *x, double *y)
{
  for (int k = 0; k < n; ++k) y[k] -= factor * x[k];
}

// The lower triangle of a becomes L with a = L L^T.
void factorise(Square &a, std::size_t n)
{
  std::vector<double> column(n);
  for (std::size_t k = 0; k < n; ++k) {
    if (!(a[k * n + k] > 0.0)) throw std::runtime_error("the covariance of the sparse points is singular: no uncertainty for this potential");
    const double root = std::sqrt(a[k * n + k]);
    for (std::size_t i = k; i < n; ++i) column[i] = a[i * n + k] /= root;
    for (std::size_t i = k + 1; i < n; ++i) subtract(static_cast<int>(i - k), column[i], &column[k + 1], &a[i * n + k + 1]);
  }
}

// The lower triangle of l becomes that of L^-1, row after row.
Square inverse_of(const Square &l, std::size_t n)
{
  Square inverse(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    double *row = &inverse[i * n];
    for (std::size_t k = 0; k < i; ++k) subtract(static_cast<int>(k + 1), l[i * n + k], &inverse[k * n], row);
    row[i] = 1.0;
    for (std::size_t k = 0; k <= i; ++k) row[k] /= l[i * n + i];
  }
  return inverse;
}

}    // namespace

SparseVariance::SparseVariance(int count, const std::function<double(int s, int t)> &covariance) : inverse(count, count)
{
  static_assert(Panels::PANEL % Panels::TILE == 0, "a panel of the triangle must end on a tile");
  const std::size_t n = count;
  Square a(n * n, 0.0);
  for (int s = 0; s < count; ++s)
    for (int t = 0; t <= s; ++t) a[s * n + t] = covariance(s, t) + (s == t ? VARIANCE_NOISE * VARIANCE_NOISE : 0.0);
  factorise(a, n);
  a = inverse_of(a, n);
  for (int s = 0; s < count; ++s)
    for (int t = 0; t <= s; ++t) inverse.at(s, t) = a[s * n + t];
}

void SparseVariance::explained(const double *k, int count, int stride, double *explained) const
{
  constexpr int MOST = 32;
  alignas(64) double product[MOST * Panels::PANEL];
  for (int begin = 0; begin < count; begin += MOST) {
    const int some = std::min(MOST, count - begin);
    std::fill_n(explained + begin, some, 0.0);
    for (int p = 0; p < inverse.count(); ++p) {
      inverse.project(p, k + static_cast<std::size_t>(begin) * stride, some, stride, (p + 1) * Panels::PANEL, product);
      for (int b = 0; b < some; ++b)
        for (int r = 0; r < Panels::PANEL; ++r) explained[begin + b] += product[b * Panels::PANEL + r] * product[b * Panels::PANEL + r];
    }
  }
}

}    // namespace esgap::gap
