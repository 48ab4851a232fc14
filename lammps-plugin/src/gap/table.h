// Functions of the distance, tabulated: polynomials on equal panels counted from the cutoff downwards.
#pragma once

#include "../chebyshev.h"
#include "aligned.h"
#include "simd.h"

#include <functional>
#include <vector>

namespace esgap::gap {

/// `count` functions on 0 < r < cutoff. A panel border lies at cutoff - width, where the cutoff function has a kink in
/// its second derivative; on each panel the functions are analytic, and order 9 on short panels is exact to rounding.
class Table {
 public:
  static constexpr int ORDER = 9;

  Table() = default;
  Table(const std::function<void(double r, double *values)> &functions, int count, double cutoff, double width, double scale);

  int stride() const { return columns; }

  /// Coefficients of all functions on r's panel, power after power, each `stride()` numbers; u is the place on the panel.
  const double *panel(double r, double &u) const
  {
    const double position = (cutoff - r) * inverse_step;
    const int p = static_cast<int>(position);
    u = 2.0 * (position - p) - 1.0;
    return coefficients.data() + static_cast<std::size_t>(p) * (ORDER + 1) * columns;
  }
  double du_dr() const { return -2.0 * inverse_step; }

  /// Value of the first function, and nothing else.
  double at(double r) const
  {
    double u;
    const double *c = panel(r, u);
    double value = c[ORDER * columns];
    for (int power = ORDER - 1; power >= 0; --power) value = value * u + c[power * columns];
    return value;
  }

 private:
  int columns = 0;
  double cutoff = 0.0, inverse_step = 0.0;
  Doubles coefficients;
};

/// Values and derivatives with respect to r of all functions, `stride()` numbers each.
ESGAP_INLINE void evaluate(const Table &table, double r, double *value, double *slope)
{
  double u;
  const int stride = table.stride();
  const double *c = table.panel(r, u), scale = table.du_dr();
  for (int k = 0; k < stride; k += WIDTH) {
    Vec v = ESGAP_CVEC(c + Table::ORDER * stride + k), d = {};
    for (int power = Table::ORDER - 1; power >= 0; --power) {
      d = d * u + v;
      v = v * u + ESGAP_CVEC(c + power * stride + k);
    }
    ESGAP_VEC(value + k) = v;
    ESGAP_VEC(slope + k) = d * scale;
  }
}

}    // namespace esgap::gap
