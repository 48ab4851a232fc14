#include "spectrum.h"

#include <cmath>

namespace esgap::gap {

constexpr double SQRT2 = 1.41421356237309504880;

// A row of K is stored by whole vectors: what stands behind its end is overwritten by the next row.
ESGAP_CLONES void power_spectrum(const Shape &shape, const double *density, double *power)
{
  for (int l = 0; l < shape.l_count; ++l) {
    const double factor = 1.0 / std::sqrt(2.0 * l + 1.0), off = SQRT2 * factor;
    const int stride = shape.stride[l], channels = shape.channels[l];
    const double *block = density + shape.density_at[l];
    for (int big = 0; big < channels; power += ++big) {
      for (int k = 0; k <= big; k += WIDTH) {
        Vec total = {};
        for (int m = 0; m < 2 * l + 1; ++m) total += block[m * stride + big] * ESGAP_CVEC(block + m * stride + k);
        ESGAP_VEC(power + k) = total * off;
      }
      power[big] *= factor / off;
    }
  }
}

ESGAP_CLONES void power_spectrum_backward(const Shape &shape, const double *density, const double *by_power, double *square, double *by_density)
{
  for (int l = 0; l < shape.l_count; ++l) {
    const double factor = 1.0 / std::sqrt(2.0 * l + 1.0), off = SQRT2 * factor;
    const int stride = shape.stride[l], channels = shape.channels[l];
    // The derivatives as a symmetric matrix: lower rows by whole vectors, which spoils the upper part, then that.
    for (int big = 0; big < channels; by_power += ++big) {
      for (int k = 0; k <= big; k += WIDTH) ESGAP_VEC(square + big * stride + k) = off * ESGAP_CVEC(by_power + k);
      square[big * stride + big] = 2.0 * factor * by_power[big];
    }
    for (int big = 0; big < channels; ++big) {
      for (int k = 0; k < big; ++k) square[k * stride + big] = square[big * stride + k];
      for (int k = channels; k < stride; ++k) square[big * stride + k] = 0.0;
    }
    for (int m = 0; m < 2 * l + 1; ++m) {
      const double *c = density + shape.density_at[l] + m * stride;
      double *out = by_density + shape.density_at[l] + m * stride;
      for (int k = 0; k < stride; k += WIDTH) {
        Vec total = {};
        for (int big = 0; big < channels; ++big) total += c[big] * ESGAP_CVEC(square + big * stride + k);
        ESGAP_VEC(out + k) = total;
      }
    }
  }
}

}    // namespace esgap::gap
