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

  /// Add energy and gradient of the ordered pairs of `centre`; each bond is met once from either end. With `variance`, as
  /// variance() makes it, add the predictive variances of the pairs too.
  void add(Centre &centre, const Table *variance = nullptr) const;

  /// Predictive variance of one pair as a function of its distance.
  Table variance() const;

 private:
  PairTerm term;
  int species1, species2;    // indices of the elements, -1: not in the model
  double cutoff;
  Table energy;
};

}    // namespace esgap::gap
