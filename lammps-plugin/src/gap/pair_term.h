// One distance_2b term: a function of the distance for one pair of elements.
#pragma once

#include "centre.h"
#include "file.h"
#include "table.h"

namespace esgap::gap {

class Pair {
 public:
  Pair(const PairTerm &, const std::vector<int> &elements);

  double cutoff_radius() const { return cutoff; }

  /// Add energy and gradient of the ordered pairs of `centre`; each bond is met once from either end.
  void add(Centre &centre) const;

 private:
  int species1, species2;    // indices of the elements, -1: not in the model
  double cutoff;
  Table energy;
};

}    // namespace esgap::gap
