// The predictive variance of a sparse Gaussian process.
//
//   v(x) = k(x, x) + s^2 - k^T (K + s^2)^-1 k,   K_st = covariance of the sparse points s and t, k_s that of x and s,
//
// with s = VARIANCE_NOISE: how far x lies from the sparse points, in the measure of the kernel. It knows nothing of the
// training data's own errors. C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006), ch. 8.3.
#pragma once

#include "matrix.h"

#include <functional>

namespace esgap::gap {

/// quippy's default `gap_variance_regularisation`, eV.
constexpr double VARIANCE_NOISE = 1e-3;

class SparseVariance {
 public:
  /// covariance(s, t) for 0 <= t <= s < count. Takes count^3 / 3 operations twice.
  SparseVariance(int count, const std::function<double(int s, int t)> &covariance);

  /// explained[b] = k_b^T (K + s^2)^-1 k_b; k_b begins at k + b * stride, of which width() numbers are read.
  void explained(const double *k, int count, int stride, double *explained) const;
  int width() const { return inverse.width(); }
  std::size_t bytes() const { return inverse.bytes(); }

 private:
  Panels inverse;    // L^-1, where L L^T = K + s^2
};

}    // namespace esgap::gap
