// pair_style quip: the interface of LAMMPS's ML-QUIP, over the QUIP library of the quippy-ase wheel.
#pragma once

#include "pair.h"
#include "quip_bridge.h"

#include <memory>
#include <vector>

namespace esgap {

class PairQuipWheel : public LAMMPS_NS::Pair {
 public:
  explicit PairQuipWheel(LAMMPS_NS::LAMMPS *lmp);
  ~PairQuipWheel() override;

  void settings(int narg, char **arg) override;
  void coeff(int narg, char **arg) override;
  void init_style() override;
  double init_one(int i, int j) override;
  void compute(int eflag, int vflag) override;
  double memory_usage() override;

 private:
  void allocate();
  void load(const std::string &file, const std::string &init_args);
  void check_elements(const std::string &file) const;
  void gather();
  void evaluate();
  void scatter();

  std::unique_ptr<QuipPotential> potential;
  std::vector<int> number_of_type;    // atomic number, by atom type from 1
  QuipAtoms atoms;
  QuipResult result;
};

}    // namespace esgap
