// Energy and virial of a uniform field in a periodic cell, at constant E or at constant D. No LAMMPS header.
#pragma once

#include "../cell.h"

#include <array>

namespace esgap {

/// What the user holds fixed.
struct FieldControl {
  bool constant_d = false;    // the three numbers are D/eps0, not E
  bool lattice = false;       // they are components along the directions of a, b, c, not of x, y, z
  double scale = 1.0;         // S: the field acts on S q
};

struct FieldState {
  Vector field;                     // E in the cell, V/Angstrom
  Vector push;                      // S E, the force on a unit charge; V/Angstrom
  Vector lever;                     // an atom's energy is -q d.lever, d its displacement; V/Angstrom
  double vacuum;                    // the rest of the energy, which belongs to the cell; eV
  double energy;                    // eV
  std::array<double, 6> virial;     // eV; xx yy zz xy xz yz; all but sum q push (x) d
};

/// The state at the dipole p (e Angstrom) of a cell with volume V, for the numbers `given` (V/Angstrom).
///
///     constant E:  U = -S p.E
///     constant D:  U = V eps0 S^2 E^2 / 2  with  E = (D/eps0 - S p/(eps0 V)) / S^2
///
/// (Stengel, Spaldin, Vanderbilt, Nat. Phys. 5, 304 (2009), doi:10.1038/nphys1185, with S p for the dipole and eps0 S^2 for eps0).
/// Both are U = vacuum - S p.(external + E)/2, external being E or D/(eps0 S^2), vacuum 0 or V eps0 S^2 external^2 / 2. The virial is -dU/d(strain) with the displacements strained like the cell;
/// with `lattice` the field turns with the cell vectors. `inverse_eps0` in V Angstrom/e.
FieldState field_state(const FieldControl &, const Cell &, const Vector &given, const Vector &p, double inverse_eps0);

}    // namespace esgap
