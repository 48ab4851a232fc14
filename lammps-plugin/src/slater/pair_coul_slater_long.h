// pair_style coul/slater/long: real-space part of the Coulomb energy of Slater densities. Physics in coul_slater.h.
#pragma once

#include "../cell.h"
#include "coul_slater.h"
#include "squared_table.h"

#include "pair.h"

#include <array>
#include <vector>

namespace esgap {

class PairCoulSlater : public LAMMPS_NS::Pair {
 public:
  explicit PairCoulSlater(LAMMPS_NS::LAMMPS *);
  ~PairCoulSlater() override;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void modify_params(int, char **) override;
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
  /// All that the step loop needs for a pair of types, and what it was made from.
  struct Tables {
    std::array<double, 8> source{};
    ScreeningTable screening;    // S(r)
    SquaredTable loop;           // erfc(g r)/r - S(r) as a function of r^2; empty with `pair_modify table 0`
    bool given = false, checked = false;
  };
  Interaction interact(double rsq, double qiqj, double factor, const ScreeningTable &) const;
  Interaction interact_in_loop(double rsq, double qiqj, int special, const Tables &) const;
  Tables &tables_of(int i, int j) { return tables[i * ntypes1 + j]; }
  const Tables &tables_of(int i, int j) const { return tables[i * ntypes1 + j]; }
  SlaterDensity density(int type) const { return {zeta[type][type], number[type]}; }
  void build(int, int);
  void allocate();
  void show_kspace_no_table() const;
  void follow_flip();
  void refuse_wrong_setting() const;
  void warn_if_screening_reaches(int, int);

  bool slater = false;    // a density per type, or stock's point charge and 1s density
  bool tabulated = true;  // `pair_modify table` is not 0
  double lambda = 0.0, cut_coul = 0.0, g_ewald = 0.0;
  int ntypes1 = 0;
  Cell last_cell{};       // at the evaluation before
  double **scale = nullptr;
  double **zeta = nullptr;    // the diagonal, by type, 1/Angstrom; 0: not set. A matrix because fix adapt wants one
  std::vector<int> number;    // principal quantum number, by type
  std::vector<Tables> tables;
};

}    // namespace esgap
