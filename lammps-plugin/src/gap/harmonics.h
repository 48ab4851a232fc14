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
  std::vector<double> norm;    // by l (l + 1) / 2 + m, m >= 0
};

/// Orthonormal Y_lm at (x, y, z)/r, index l^2 + l + m, and their gradients with respect to (x, y, z).
ESGAP_INLINE void evaluate(const Harmonics &harmonics, double x, double y, double z, double r, double *value, double *gx, double *gy, double *gz)
{
  const double inverse = 1.0 / r, ux = x * inverse, uy = y * inverse, uz = z * inverse;
  const int l_max = harmonics.l_max;
  double cosine[L_LIMIT + 2], sine[L_LIMIT + 2];    // (ux + i uy)^m
  cosine[0] = 1.0;
  sine[0] = 0.0;
  for (int m = 1; m <= l_max; ++m) {
    cosine[m] = ux * cosine[m - 1] - uy * sine[m - 1];
    sine[m] = ux * sine[m - 1] + uy * cosine[m - 1];
  }
  // q: associated Legendre polynomials without their factor sin^m, homogeneous in (z, r).
  double q[(L_LIMIT + 1) * (L_LIMIT + 2) / 2];
  const auto at = [](int l, int m) { return l * (l + 1) / 2 + m; };
  q[0] = 1.0;
  for (int l = 1; l <= l_max; ++l) {
    q[at(l, l)] = (2 * l - 1) * q[at(l - 1, l - 1)];
    q[at(l, l - 1)] = uz * q[at(l, l)];
    for (int m = 0; m <= l - 2; ++m) q[at(l, m)] = ((2 * l - 1) * uz * q[at(l - 1, m)] - (l + m - 1) * q[at(l - 2, m)]) / (l - m);
  }
  for (int l = 0; l <= l_max; ++l)
    for (int m = 0; m <= l; ++m) {
      const double n = harmonics.norm[at(l, m)], p = n * q[at(l, m)];
      // derivatives of q: -x q(l-1, m+1), -y q(l-1, m+1), (l + m) q(l-1, m)
      const double across = m + 1 <= l - 1 ? -n * q[at(l - 1, m + 1)] : 0.0, along = m <= l - 1 ? n * (l + m) * q[at(l - 1, m)] : 0.0;
      const double cm = m ? m * cosine[m - 1] : 0.0, sm = m ? m * sine[m - 1] : 0.0;
      for (int part = 0; part < (m ? 2 : 1); ++part) {
        const int k = l * l + l + (part ? -m : m);
        const double angular = part ? sine[m] : cosine[m], dx = part ? sm : cm, dy = part ? cm : -sm;
        const double v = p * angular;
        // off the sphere the polynomial grows as r^l: take that part out of the gradient
        value[k] = v;
        gx[k] = (across * ux * angular + p * dx - l * v * ux) * inverse;
        gy[k] = (across * uy * angular + p * dy - l * v * uy) * inverse;
        gz[k] = (along * angular - l * v * uz) * inverse;
      }
    }
}

}    // namespace esgap::gap
