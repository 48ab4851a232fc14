// pair_style coul/slater/long: real-space part of the Coulomb energy of Slater densities. Physics in coul_slater.h.
#pragma once

#include "coul_slater.h"

#include "pair.h"

#include <vector>

namespace esgap {

class PairCoulSlater : public LAMMPS_NS::Pair {
 public:
  explicit PairCoulSlater(LAMMPS_NS::LAMMPS *);
  ~PairCoulSlater() override;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  void setup() override;
  double init_one(int, int) override;
  void write_restart(FILE *) override;
  void read_restart(FILE *) override;
  void write_restart_settings(FILE *) override;
  void read_restart_settings(FILE *) override;
  void write_data(FILE *) override;
  void write_data_all(FILE *) override;
  double single(int, int, int, int, double, double, double, double &) override;
  void *extract(const char *, int &) override;

 private:
  struct Interaction {
    double energy, fpair;    // eV, and force over distance
  };
  Interaction interact(double rsq, double qiqj, double factor, const ScreeningTable &) const;
  const ScreeningTable &table(int i, int j) const { return tables[i * ntypes1 + j]; }
  void allocate();
  void warn_if_screening_reaches(int, int);

  bool slater = false;    // a density per type, or stock's point charge and 1s density
  double lambda = 0.0, cut_coul = 0.0, g_ewald = 0.0;
  int ntypes1 = 0;
  double **scale = nullptr;
  std::vector<SlaterDensity> density;    // by type; zeta 0: not set
  std::vector<ScreeningTable> tables;
};

}    // namespace esgap
