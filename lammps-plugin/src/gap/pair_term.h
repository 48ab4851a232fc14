// One distance_2b term: a function of the distance for one pair of elements.
#pragma once

#include "centre.h"
#include "file.h"
#include "table.h"

namespace esgap::gap {

/// Energy of one pair at distance r, eV, with the weights given.
double pair_energy(const PairTerm &, const std::vector<double> &weight, double r);

/// The length on which it changes.
double pair_scale(const PairTerm &);

class Pair {
 public:
  explicit Pair(const PairTerm &);

  double cutoff_radius() const { return cutoff; }

  /// Whether the term is for neighbours of the one atomic number around atoms of the other.
  bool covers(int z1, int z2) const { return (z1 == term.z1 && z2 == term.z2) || (z1 == term.z2 && z2 == term.z1); }

  /// Add energy, and gradient by the place, of one neighbour of `centre`; each bond is met once from either end. With
  /// `variance`, as variance() makes it, add the predictive variance too.
  void add(const Neighbour &, Centre &centre, double *gradient, const Curve *variance = nullptr) const;

  /// Predictive variance of one pair as a function of its distance.
  Curve variance() const;

 private:
  PairTerm term;
  double cutoff;
  Curve energy;
};

}    // namespace esgap::gap
