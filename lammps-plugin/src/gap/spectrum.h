// The power spectrum of a density's expansion coefficients, and its derivative backwards.
//
//   p_lKK' = (2 l + 1)^(-1/2) sum_m c_lmK c_lmK',   K >= K', times sqrt(2) where K != K'
#pragma once

#include "shape.h"

namespace esgap::gap {

/// power: shape.power numbers; up to Shape::SPILL more are overwritten.
void power_spectrum(const Shape &, const double *density, double *power);

/// Derivative by the density from the one by the power spectrum. `square`: scratch of shape.widest^2 numbers. Reads as far as
/// power_spectrum writes.
void power_spectrum_backward(const Shape &, const double *density, const double *by_power, double *square, double *by_density);

}    // namespace esgap::gap
