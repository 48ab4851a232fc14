// Radial basis of SOAP: equispaced Gaussians, orthonormalised (Bartok, Kondor, Csanyi, PRB 87, 184115 (2013)).
#pragma once

#include <vector>

namespace esgap::gap {

class RadialBasis {
 public:
  RadialBasis(double cutoff, double sigma, int n_max, int l_max);

  /// g_nl(r) of a neighbour at r, n fastest: values[l * n_max + n].
  void evaluate(double r, double *values) const;

  /// Radial coefficient of an atom at r = 0 with n = 1, the only one that does not vanish there.
  double at_centre() const { return centre; }

 private:
  int n_max, l_max;
  double a, centre = 0.0;
  std::vector<double> grid, transform;    // r_k; T_kn
};

}    // namespace esgap::gap
