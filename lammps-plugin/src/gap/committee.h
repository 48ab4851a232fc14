// A committee: members share a potential's terms and sparse points and have other weights, so that their energies cost little
// beside the potential's own. Each member is a file of its own, gap.member-01.xml ... beside gap.xml, and runs alone, too.
#pragma once

#include "aligned.h"
#include "table.h"

#include <string>
#include <vector>

namespace esgap::gap {

class Model;

class Committee {
 public:
  /// The members of the potential `xml`, which `model` holds. Throws std::runtime_error where there are none, or where one differs in
  /// more than weights and e0.
  Committee(const std::string &xml, const Model &model);

  int size() const { return count; }
  /// Numbers in a row of energies, of which size() count.
  int stride() const { return padded(count); }
  std::size_t bytes() const;

 private:
  friend class Evaluator;
  int count;
  std::vector<Doubles> e0;       // by species
  std::vector<Table> pairs;      // energies of all members, one a term
  std::vector<Doubles> soaps;    // alpha_s of all members by sparse point, one a term
};

}    // namespace esgap::gap
