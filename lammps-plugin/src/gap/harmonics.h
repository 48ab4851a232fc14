// Real spherical harmonics and their gradients, by recurrences of the homogeneous polynomials r^l Y_lm
// (F. Bigi et al., J. Chem. Phys. 159, 064802 (2023), doi:10.1063/5.0156307).
#pragma once

#include "simd.h"

#include <cmath>
#include <vector>

namespace esgap::gap {

constexpr int L_LIMIT = 20;

class Harmonics {
 public:
  explicit Harmonics(int l_max);

  int l_max;
  std::vector<double> norm;                // by l (l + 1) / 2 + m, m >= 0
  std::vector<double> upward, backward;    // of the recurrence in l, by the same
};

/// One point, or WIDTH at a time.
struct One {
  typedef double type;
};
struct Wide {
  typedef double type __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
};

/// Orthonormal Y_lm at (x, y, z)/r, index l^2 + l + m, and their gradients with respect to (x, y, z) where GRADIENT.
template <class Lanes, bool GRADIENT>
ESGAP_INLINE void evaluate_lanes(const Harmonics &harmonics, const typename Lanes::type &x, const typename Lanes::type &y, const typename Lanes::type &z,
                                 const typename Lanes::type &r, typename Lanes::type *value, typename Lanes::type *gx, typename Lanes::type *gy, typename Lanes::type *gz)
{
  using T = typename Lanes::type;
  const T inverse = 1.0 / r, ux = x * inverse, uy = y * inverse, uz = z * inverse;
  const int l_max = harmonics.l_max;
  alignas(64) T cosine[L_LIMIT + 2], sine[L_LIMIT + 2];    // (ux + i uy)^m
  cosine[0] = 0.0 * ux + 1.0;
  sine[0] = 0.0 * ux;
  for (int m = 1; m <= l_max; ++m) {
    cosine[m] = ux * cosine[m - 1] - uy * sine[m - 1];
    sine[m] = ux * sine[m - 1] + uy * cosine[m - 1];
  }
  // q: associated Legendre polynomials without their factor sin^m, homogeneous in (z, r).
  alignas(64) T q[(L_LIMIT + 1) * (L_LIMIT + 2) / 2];
  const auto at = [](int l, int m) { return l * (l + 1) / 2 + m; };
  q[0] = 0.0 * ux + 1.0;
  for (int l = 1; l <= l_max; ++l) {
    q[at(l, l)] = (2.0 * l - 1.0) * q[at(l - 1, l - 1)];
    q[at(l, l - 1)] = uz * q[at(l, l)];
    for (int m = 0; m <= l - 2; ++m) q[at(l, m)] = harmonics.upward[at(l, m)] * uz * q[at(l - 1, m)] - harmonics.backward[at(l, m)] * q[at(l - 2, m)];
  }
  for (int l = 0; l <= l_max; ++l)
    for (int m = 0; m <= l; ++m) {
      const double n = harmonics.norm[at(l, m)];
      const T p = n * q[at(l, m)];
      const int k = l * l + l;
      value[k + m] = p * cosine[m];
      if (m) value[k - m] = p * sine[m];
      if (!GRADIENT) continue;
      // derivatives of q: -x q(l-1, m+1), -y q(l-1, m+1), (l + m) q(l-1, m); off the sphere the polynomial grows as r^l: that
      // part is taken out
      const double order = m, steps = n * (l + m), degree = l;
      const T across = m + 1 <= l - 1 ? -n * q[at(l - 1, m + 1)] : 0.0 * ux, along = m <= l - 1 ? steps * q[at(l - 1, m)] : 0.0 * ux;
      const T cm = order * p * cosine[m ? m - 1 : 0], sm = order * p * sine[m ? m - 1 : 0];
      T grown = degree * value[k + m];
      gx[k + m] = (ux * (across * cosine[m] - grown) + cm) * inverse;
      gy[k + m] = (uy * (across * cosine[m] - grown) - sm) * inverse;
      gz[k + m] = (along * cosine[m] - uz * grown) * inverse;
      if (!m) continue;
      grown = degree * value[k - m];
      gx[k - m] = (ux * (across * sine[m] - grown) + sm) * inverse;
      gy[k - m] = (uy * (across * sine[m] - grown) + cm) * inverse;
      gz[k - m] = (along * sine[m] - uz * grown) * inverse;
    }
}

ESGAP_INLINE void evaluate(const Harmonics &harmonics, double x, double y, double z, double r, double *value, double *gx, double *gy, double *gz)
{
  evaluate_lanes<One, true>(harmonics, x, y, z, r, value, gx, gy, gz);
}

}    // namespace esgap::gap
