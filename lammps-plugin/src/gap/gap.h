// Gaussian approximation potentials as gap_fit writes them, evaluated natively. No LAMMPS header here.
//
//   Model model("gap.xml");                          // throws std::runtime_error with file, line and reason
//   Evaluator evaluator(model);                      // scratch of one thread
//   evaluator.evaluate(centres, count);              // all of one element; energies in eV, gradients in eV/Angstrom
//
// Units: Angstrom and eV. The energy is the sum of atomic ones; an atomic energy depends on the neighbours within
// cutoff(). Reference: Bartok, Kondor, Csanyi, PRB 87, 184115 (2013), doi:10.1103/PhysRevB.87.184115.
#pragma once

#include "centre.h"
#include "committee.h"
#include "pair_term.h"
#include "shorten.h"
#include "soap.h"

#include <string>
#include <vector>

namespace esgap::gap {

class Model {
 public:
  /// shortened: cut each term's descriptor to the numbers that its energies need (shorten.h).
  explicit Model(const std::string &xml, bool shortened = true);

  /// Atomic numbers that the potential knows; `species` everywhere else is an index into it.
  const std::vector<int> &elements() const { return numbers; }
  double cutoff() const { return largest_cutoff; }
  const std::string &label() const { return name; }
  const std::vector<Soap> &soap_terms() const { return soaps; }
  /// Estimated changes by the cut, one a soap term.
  const std::vector<Deviation> &shortening() const { return estimates; }
  std::size_t pair_terms() const { return pairs.size(); }
  std::size_t bytes() const;

 private:
  friend class Evaluator;
  friend class Uncertainty;
  std::string name;
  std::vector<int> numbers;
  std::vector<double> e0;    // by species
  std::vector<Pair> pairs;
  std::vector<std::vector<int>> pairs_of;    // indices of the terms for neighbours of species j around i, by i * elements + j
  std::vector<Soap> soaps;
  std::vector<Deviation> estimates;
  double largest_cutoff = 0.0;
};

/// What predictive variances need beyond the energy: factorised covariances of the sparse points. For 1000 points it
/// takes a second and 8 MB to make, so that one makes it on request only.
class Uncertainty {
 public:
  explicit Uncertainty(const Model &);
  std::size_t bytes() const;

 private:
  friend class Evaluator;
  std::vector<Curve> pairs;
  std::vector<SparseVariance> soaps;
};

/// What is wanted beside energies and gradients.
struct Extras {
  const Uncertainty *uncertainty = nullptr;
  const Committee *committee = nullptr;
};

class Evaluator {
 public:
  explicit Evaluator(const Model &model) : model(model) {}

  /// Set energy and gradient of `count` centres, all of one species. The memory of gradients and members is the caller's. With
  /// `uncertainty`, set their variances too: the sum over all terms, as quippy's local_gap_variance; with `committee`, the
  /// energies of its members.
  void evaluate(Centre *centres, int count, const Extras & = {});

  std::size_t bytes() const { return scratch.bytes(); }

  /// The largest count that is evaluated in one piece; more are cut into pieces.
  static constexpr int BLOCK = Soap::BLOCK;

 private:
  void add_pairs(Centre &centre, const Extras &) const;

  const Model &model;
  SoapScratch scratch;
};

}    // namespace esgap::gap
