// Cholesky factorisation of small, badly conditioned matrices, in long double.
#pragma once

#include <cmath>
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

}    // namespace esgap::gap
