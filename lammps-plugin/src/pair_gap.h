// pair_style gap: Gaussian approximation potentials, evaluated natively. The mathematics is in gap/.
#pragma once

#include "gap/gap.h"

#include "pair.h"

#include <memory>
#include <string>
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
  // compute ID all pair gap: energies of a committee's members, eV
  // fix ID all pair N gap stddev 1: predictive standard deviation of each atom's energy, eV
  void *extract(const char *, int &) override;
  void *extract_peratom(const char *, int &) override;

 private:
  void allocate();
  void load(const char *file);
  void stop_together(const std::string &problem);
  void prepare_stddev();
  void grow_stddev();
  void sort_by_species();
  void evaluate_block(const int *atoms, int count, int species);
  void prepare_committee();
  void tally(int i, const gap::Centre &, const int *neighbours);

  bool shorten = true, with_committee = false;
  std::unique_ptr<gap::Model> model;
  std::unique_ptr<gap::Evaluator> evaluator;
  std::unique_ptr<gap::Uncertainty> uncertainty;    // made when first asked for
  std::unique_ptr<gap::Committee> committee;
  int stddev_flag = 0, maxstddev = 0;
  double *stddev = nullptr;
  std::vector<int> species_of_type;    // -1: NULL
  // scratch, grown to the largest block and kept
  std::vector<std::vector<int>> atoms_of_species;
  std::vector<gap::Neighbour> neighbours;
  std::vector<int> neighbour_atoms, first;
  std::vector<double> gradients, members;
  std::vector<gap::Centre> centres;
};

}    // namespace esgap
