// pair_style gap: Gaussian approximation potentials, evaluated natively. The mathematics is in gap/.
#pragma once

#include "gap/gap.h"

#include "pair.h"

#include <memory>
#include <vector>

namespace esgap {

class PairGap : public LAMMPS_NS::Pair {
 public:
  explicit PairGap(LAMMPS_NS::LAMMPS *);
  ~PairGap() override;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  double memory_usage() override;

 private:
  void allocate();
  void sort_by_species();
  void evaluate_block(const int *atoms, int count, int species);
  void tally(int i, const gap::Centre &, const int *neighbours);

  std::unique_ptr<gap::Model> model;
  std::unique_ptr<gap::Evaluator> evaluator;
  std::vector<int> species_of_type;    // -1: NULL
  // scratch, grown to the largest block and kept
  std::vector<std::vector<int>> atoms_of_species;
  std::vector<gap::Neighbour> neighbours;
  std::vector<int> neighbour_atoms, first;
  std::vector<double> gradients;
  std::vector<gap::Centre> centres;
};

}    // namespace esgap
