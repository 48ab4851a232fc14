// The cell of a running LAMMPS.
#pragma once

#include "cell.h"
#include "domain.h"

namespace esgap {

inline Cell cell_of(const LAMMPS_NS::Domain &domain)
{
  const double *h = domain.h;
  return {h[0], h[1], h[2], h[3], h[4], h[5]};
}

}    // namespace esgap
