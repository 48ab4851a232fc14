#include "cell.h"

#include <cmath>

namespace esgap {

Flip::Flip(const Cell &before, const Cell &now)
{
  ba = std::round(now.xy / now.xx - before.xy / before.xx);
  cb = std::round(now.yz / now.yy - before.yz / before.yy);
  ca = std::round(now.xz / now.xx - (before.xz + cb * before.xy) / before.xx);
}

void Flip::apply(double *s) const
{
  s[1] -= cb * s[2];
  s[0] -= ba * s[1] + ca * s[2];
}

}    // namespace esgap
