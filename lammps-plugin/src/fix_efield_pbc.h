// fix efield/pbc: a uniform electric field in a periodic cell, its energy counted from reference positions.
#pragma once

#include "fix.h"

#include <array>
#include <string>

namespace esgap {

class FixEfieldPbc : public LAMMPS_NS::Fix {
 public:
  FixEfieldPbc(LAMMPS_NS::LAMMPS *, int, char **);
  ~FixEfieldPbc() override;

  int setmask() override;
  void init() override;
  void setup(int) override;
  void min_setup(int) override;
  void setup_pre_reverse(int, int) override;
  void pre_reverse(int, int) override;
  void min_pre_reverse(int, int) override;
  void post_force(int) override;
  void post_force_respa(int, int, int) override;
  void min_post_force(int) override;

  double compute_scalar() override;
  double compute_vector(int) override;
  double memory_usage() override;

  // the reference positions travel and are saved with their atoms
  void grow_arrays(int) override;
  void copy_arrays(int, int, int) override;
  void set_arrays(int) override;
  int pack_exchange(int, double *) override;
  int unpack_exchange(int, double *) override;
  int pack_restart(int, double *) override;
  void unpack_restart(int, int) override;
  int size_restart(int) override;
  int maxsize_restart() override;
  void write_restart(FILE *) override;
  void restart(char *) override;

 private:
  using Vector = std::array<double, 3>;
  struct Component {
    double value = 0.0;
    std::string variable;    // empty: a constant
  };

  void parse_options(int, char **);
  void read_reference(const std::string &file);
  void unwrapped_fraction(int i, double *) const;
  Vector displacement(int i) const;
  Vector external() const;
  void update_field();
  void add_work();
  void refuse_flip();

  Component component[3];
  bool lattice = false, displacement_field = false;
  int eflag_caller = 0;
  Vector field{}, dipole{}, previous_field{}, previous_dipole{};    // V/Angstrom, e Angstrom
  double work = 0.0;                                                // eV
  Vector tilt{};                                                    // xy/lx xz/lx yz/ly
  bool has_previous = false;
  double **reference = nullptr;    // per atom: fractional, unwrapped
};

}    // namespace esgap
