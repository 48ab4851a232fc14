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
  const Doubles &powers() const { return coefficients; }
  double du_dr() const { return -2.0 * inverse_step; }


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

/// Adds the values of all functions, `stride()` numbers.
ESGAP_INLINE void add_values(const Table &table, double r, double *sum)
{
  double u;
  const int stride = table.stride();
  const double *c = table.panel(r, u);
  for (int k = 0; k < stride; k += WIDTH) {
    Vec v = ESGAP_CVEC(c + Table::ORDER * stride + k);
    for (int power = Table::ORDER - 1; power >= 0; --power) v = v * u + ESGAP_CVEC(c + power * stride + k);
    ESGAP_VEC(sum + k) += v;
  }
}

/// One function of the distance, tabulated likewise.
class Curve {
 public:
  Curve() = default;
  Curve(const std::function<void(double r, double *value)> &function, double cutoff, double width, double scale);

  /// Value, and derivative with respect to r.
  double at(double r, double &slope) const
  {
    const double position = (cutoff - r) * inverse_step;
    const int p = static_cast<int>(position);
    const double u = 2.0 * (position - p) - 1.0, *c = coefficients.data() + static_cast<std::size_t>(p) * (Table::ORDER + 1);
    double value = c[Table::ORDER], derivative = 0.0;
    for (int power = Table::ORDER - 1; power >= 0; --power) {
      derivative = derivative * u + value;
      value = value * u + c[power];
    }
    slope = -2.0 * inverse_step * derivative;
    return value;
  }

 private:
  double cutoff = 0.0, inverse_step = 0.0;
  Doubles coefficients;
};

}    // namespace esgap::gap
