// Factorisations of small, badly conditioned matrices, in long double.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace esgap::gap {

using Matrix = std::vector<std::vector<long double>>;

/// Lower triangle L with s = L L^T.
inline Matrix cholesky(Matrix s)
{
  const std::size_t n = s.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) s[j][j] -= s[j][k] * s[j][k];
    if (!(s[j][j] > 0.0L)) throw std::runtime_error("a matrix of overlaps is singular: n_max is too large for atom_sigma, or sparse points coincide");
    s[j][j] = std::sqrt(s[j][j]);
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) s[i][j] -= s[i][k] * s[j][k];
      s[i][j] /= s[j][j];
    }
    for (std::size_t i = 0; i < j; ++i) s[i][j] = 0.0L;
  }
  return s;
}

struct Eigen {
  std::vector<long double> values;    // descending
  Matrix vectors;                     // by columns, orthonormal
};

/// Of a symmetric matrix, by Jacobi's rotations.
inline Eigen eigen_of(Matrix a)
{
  const std::size_t n = a.size();
  Matrix v(n, std::vector<long double>(n, 0.0L));
  for (std::size_t i = 0; i < n; ++i) v[i][i] = 1.0L;
  for (int sweep = 0; sweep < 30; ++sweep)
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0.0L) continue;
        const long double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]), t = (theta < 0 ? -1 : 1) / (std::fabs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const long double x = a[k][p], y = a[k][q], vx = v[k][p], vy = v[k][q];
          a[k][p] = c * x - s * y, a[k][q] = s * x + c * y;
          v[k][p] = c * vx - s * vy, v[k][q] = s * vx + c * vy;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const long double x = a[p][k], y = a[q][k];
          a[p][k] = c * x - s * y, a[q][k] = s * x + c * y;
        }
        a[p][q] = a[q][p] = 0.0L;
      }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return a[i][i] > a[j][j]; });
  Eigen out{{}, Matrix(n, std::vector<long double>(n))};
  for (std::size_t k = 0; k < n; ++k) {
    out.values.push_back(a[order[k]][order[k]]);
    for (std::size_t i = 0; i < n; ++i) out.vectors[i][k] = v[i][order[k]];
  }
  return out;
}

}    // namespace esgap::gap
