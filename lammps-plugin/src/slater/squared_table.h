// A pair energy as a function of the squared distance, tabulated for a step loop without square root or division.
#pragma once

#include "../chebyshev.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace esgap {

/// f(s) and df/ds for low <= s <= high: polynomials on panels, PANELS of them in each octave of s, so that the bits of s
/// are the panel and the place in it. The derivative is that of the polynomial: energy and force are one function.
class SquaredTable {
 public:
  SquaredTable() = default;

  template <class Function> SquaredTable(Function f, double low, double high) : first(panel_of(bits_of(low)))
  {
    const std::uint64_t last = panel_of(bits_of(high));
    coefficients.reserve((last - first + 1) * (ORDER + 1));
    for (std::uint64_t panel = first; panel <= last; ++panel) {
      const auto c = chebyshev_polynomial(f, double_of(panel << PLACE_BITS), double_of((panel + 1) << PLACE_BITS), ORDER);
      coefficients.insert(coefficients.end(), c.begin(), c.end());
    }
    lowest = low;
  }

  bool covers(double s) const { return s >= lowest; }

  /// f at s, and df/ds in `slope`; s between the `low` and `high` of the constructor.
  double operator()(double s, double &slope) const
  {
    const std::uint64_t bits = bits_of(s);
    const double *c = &coefficients[(panel_of(bits) - first) * (ORDER + 1)];
    const double u = 2.0 * double_of(((bits & PLACE) << PANEL_BITS) | ONE) - 3.0;
    const double inverse_octave = double_of(2 * ONE - (bits & EXPONENT));
    double value = c[ORDER], derivative = 0.0;
    for (int k = ORDER - 1; k >= 0; --k) {
      derivative = derivative * u + value;
      value = value * u + c[k];
    }
    slope = derivative * (2.0 * (1 << PANEL_BITS)) * inverse_octave;
    return value;
  }

 private:
  // A double is 12 bits of sign and exponent, then 52 of mantissa: the leading ones of those number the panel.
  static constexpr int ORDER = 7, PANEL_BITS = 4, PLACE_BITS = 52 - PANEL_BITS;
  static constexpr std::uint64_t ONE = 0x3FF0000000000000, EXPONENT = 0x7FF0000000000000;
  static constexpr std::uint64_t PLACE = (std::uint64_t{1} << PLACE_BITS) - 1;

  static std::uint64_t panel_of(std::uint64_t bits) { return bits >> PLACE_BITS; }
  static std::uint64_t bits_of(double x)
  {
    std::uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
  }
  static double double_of(std::uint64_t bits)
  {
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  }

  std::uint64_t first = 0;
  double lowest = HUGE_VAL;    // an empty table covers nothing
  std::vector<double> coefficients;
};

}    // namespace esgap
