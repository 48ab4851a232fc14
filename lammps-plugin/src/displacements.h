// Displacements of atoms from reference positions that are kept with them: the bookkeeping of fix efield/pbc.
#pragma once

#include "pointers.h"
#include "uniform_field.h"

#include <string>

namespace esgap {

Cell cell_of(const LAMMPS_NS::Domain &);

/// A reference position for each atom, in fractions of the box, so that it moves with the box. Its owner, a fix, hands on LAMMPS's
/// calls when atoms move between ranks. Neither image flags at the start nor their renaming between runs matter.
class Displacements : protected LAMMPS_NS::Pointers {
 public:
  static constexpr int SIZE = 6;    // numbers kept for an atom

  explicit Displacements(LAMMPS_NS::LAMMPS *lmp) : Pointers(lmp) {}
  ~Displacements() override;

  /// From the reference, in Angstrom.
  Vector operator()(const Cell &, int atom) const;

  /// References from a dump file; stops the run when an atom of the group has none.
  void read(const std::string &file, int groupbit);

  void start_at(int atom);    // where the atom is now: zero displacement
  void end_of_run();          // what absorb_relabelling compares with
  void absorb_relabelling();
  void follow(const Flip &);

  void grow(int atoms);
  void copy(int from, int to);
  void pack(int atom, double *buffer) const;
  void unpack(int atom, const double *buffer);

 private:
  Vector unwrapped_fraction(int atom) const;

  double **reference = nullptr;    // fractions of the box, unwrapped
  double **seen = nullptr;         // the same of the positions at the end of the last run
};

}    // namespace esgap
