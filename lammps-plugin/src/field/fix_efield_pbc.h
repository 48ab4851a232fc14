// fix efield/pbc: a uniform electric field in a periodic cell, its energy counted from reference positions.
// The physics is in uniform_field.h, the positions in displacements.h; this is the part that LAMMPS calls.
#pragma once

#include "displacements.h"
#include "fix.h"

#include <array>
#include <cstdint>
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
  void min_post_force(int) override;
  void post_run() override;

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

  /// E on the atoms of the group in this step, V/Angstrom, for styles whose atoms feel it beyond their charges; not at constant D.
  Vector uniform_field();
  bool constant_displacement() const { return control.constant_d; }
  bool turns_with_cell() const { return control.lattice; }

 private:
  struct Component {
    double value = 0.0;
    std::string variable;    // empty: a constant
    int index = -1;          // of the variable
  };

  void parse_options(int, char **);
  void init_variables();
  void refuse_wrong_setting() const;
  void warn_of_net_charge();
  void read_file();
  void follow_flip();
  bool rerun() const;
  bool rerun_is_wrapped() const;
  void update_state();
  void add_work();
  bool in_group(int i) const;
  double inverse_eps0() const;
  Vector given();

  Displacements displacement;
  FieldControl control;
  Component component[3];
  std::string reference_file;    // empty: positions at the start
  bool file_to_read = false;
  int eflag_caller = 0;

  Vector dipole{};           // of the group, e Angstrom
  double members = 0.0;      // atoms of the group
  std::uint64_t who = 0;     // a number that belongs to this set of atoms
  double net_charge = 0.0;   // that was warned of, e
  FieldState state{};
  double work = 0.0;         // eV
  Cell last_cell{};          // at the evaluation before
  bool in_run = false;       // what follows belongs to an evaluation before in the same run
  Vector last_dipole{}, last_push{};
  std::uint64_t last_who = 0;
};

}    // namespace esgap
