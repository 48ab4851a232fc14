// Coulomb interaction between spherical charge densities, physics only: no LAMMPS header.
//
// The energy of two densities with charges qi, qj at distance r is C qi qj J(r) with J(r) = 1/r - S(r). The
// point-charge part 1/r is long-ranged and goes to Ewald or PPPM; S decays exponentially and is computed here.
// Units: distances in Angstrom, exponents in 1/Angstrom, S in 1/Angstrom.
#pragma once

#include <cstddef>
#include <vector>

namespace esgap {

/// s-type Slater density of unit charge, rho(r) = N r^(2n-2) exp(-2 zeta r)
/// (Rappe, Goddard, J. Phys. Chem. 95, 3358 (1991), doi:10.1021/j100161a070).
struct SlaterDensity {
  double zeta;    // 1/Angstrom
  int n;          // principal quantum number, 1 ..
};

struct Screening {
  double value;    // S(r), 1/Angstrom
  double slope;    // dS/dr, 1/Angstrom^2
};

/// S and dS/dr of two Slater densities at r > 0 by quadrature: every term is positive, so that nothing cancels for
/// like exponents or small r. Accurate to ~1e-13 relative where r S is above 1e-40, too slow for a step loop.
Screening slater_screening(const SlaterDensity &a, const SlaterDensity &b, double r);

/// A point charge and a 1s density of exponent 1/lambda: S = (1 + r/lambda) exp(-2 r/lambda) / r.
Screening point_slater_screening(double lambda, double r);

/// S(r) of one pair of types, tabulated for the step loop: S = exp(-kappa r) Q(r) / r with kappa the slower decay, where
/// Q varies slowly and stands as a polynomial on each of many panels (relative error of S below 1e-11): fine ones up to where the faster
/// decay has faded from Q, wider ones beyond, none where S has vanished. So their number, some hundreds, does not grow with the exponents.
class ScreeningTable {
 public:
  ScreeningTable() = default;
  ScreeningTable(const SlaterDensity &a, const SlaterDensity &b, double cutoff);
  ScreeningTable(double lambda, double cutoff);    // point charge and 1s density

  bool empty() const { return coefficients.empty(); }

  /// S and dS/dr at 0 < r <= cutoff; 0 where r S is below 1e-40.
  Screening operator()(double r) const;

 private:
  /// Panels of equal width from `from` on; the first of them has its coefficients at `first`.
  struct Stretch {
    double from, inverse_step;
    std::size_t first;
  };
  template <class Function> void add_panels(Function screening, double decay, double from, double to);

  double kappa = 0.0, vanishes = 0.0;
  std::vector<Stretch> stretches;      // one or two
  std::vector<double> coefficients;    // ORDER + 1 a panel
};

}    // namespace esgap
