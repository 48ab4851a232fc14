#include "harmonics.h"

namespace esgap::gap {

Harmonics::Harmonics(int l_max) : l_max(l_max)
{
  constexpr double PI = 3.14159265358979323846;
  for (int l = 0; l <= l_max; ++l)
    for (int m = 0; m <= l; ++m) {
      const double factorials = std::exp(std::lgamma(l - m + 1.0) - std::lgamma(l + m + 1.0));
      norm.push_back(std::sqrt((m ? 2.0 : 1.0) * (2 * l + 1) / (4.0 * PI) * factorials));
      upward.push_back(m < l ? (2.0 * l - 1.0) / (l - m) : 0.0);
      backward.push_back(m < l ? (l + m - 1.0) / (l - m) : 0.0);
    }
}

}    // namespace esgap::gap
