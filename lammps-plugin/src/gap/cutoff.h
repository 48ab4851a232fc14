// The cutoff function of GAP's descriptors.
#pragma once

#include <cmath>

namespace esgap::gap {

/// 1 below cutoff - width, then half a cosine down to 0 at the cutoff.
inline double cutoff_function(double r, double cutoff, double width)
{
  if (r < cutoff - width) return 1.0;
  if (r >= cutoff) return 0.0;
  return 0.5 * (1.0 + std::cos(3.14159265358979323846 * (r - cutoff + width) / width));
}

}    // namespace esgap::gap
