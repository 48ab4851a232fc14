// Displacements of atoms from reference positions that are kept with them: the bookkeeping of fix efield/pbc.
#pragma once

#include "pointers.h"
#include "uniform_field.h"

#include <string>

namespace esgap {

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
  void mark();                // the positions of now are what the next two compare with

  /// Between two runs, a jump by whole cell vectors is another name for the same place (`set image`, `reset_atoms image`). Any other jump by more
  /// than half a cell may be a move, or a move and a new name: it stops the run for atoms with one of the group bits.
  void absorb_relabelling(int groupbits);

  /// The same between the frames of a rerun, where only wrapped coordinates without image flags are in doubt.
  void absorb_frame(int groupbits, bool wrapped);
  void follow(const Flip &);

  void grow(int atoms);
  void copy(int from, int to);
  void pack(int atom, double *buffer) const;
  void unpack(int atom, const double *buffer);

 private:
  /// Atoms that since `mark` jumped by more than half a cell but not by whole vectors, on all ranks.
  struct Jumps {
    LAMMPS_NS::bigint count;
    LAMMPS_NS::tagint example;    // id of one of them
  };
  Jumps absorb(int groupbits);
  Vector unwrapped_fraction(int atom) const;

  double **reference = nullptr;    // fractions of the box, unwrapped
  double **seen = nullptr;         // the same of the positions at `mark`
};

}    // namespace esgap
