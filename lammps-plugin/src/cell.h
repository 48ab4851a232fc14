// A periodic cell in LAMMPS's restricted triclinic form: a = (xx, 0, 0), b = (xy, yy, 0), c = (xz, yz, zz). No LAMMPS header.
#pragma once

#include <array>

namespace esgap {

using Vector = std::array<double, 3>;

inline double dot(const Vector &a, const Vector &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

struct Cell {
  double xx, yy, zz, yz, xz, xy;    // Angstrom, in the order of LAMMPS's Domain::h

  double volume() const { return xx * yy * zz; }

  Vector cartesian(const Vector &s) const { return {xx * s[0] + xy * s[1] + xz * s[2], yy * s[1] + yz * s[2], zz * s[2]}; }

  Vector fraction(const Vector &x) const
  {
    const double c = x[2] / zz, b = (x[1] - yz * c) / yy;
    return {(x[0] - xy * b - xz * c) / xx, b, c};
  }

  Vector edge(int k) const
  {
    Vector unit{};
    unit[k] = 1.0;
    return cartesian(unit);
  }
};

/// Fractional coordinates in `now` of the point with the coordinates `s` in `before`, where the two cells span the same
/// lattice but for a small strain (a flip of the tilt factors). Whole numbers of cell vectors, no rounding error.
class Flip {
 public:
  Flip(const Cell &before, const Cell &now);
  bool happened() const { return ba != 0.0 || ca != 0.0 || cb != 0.0; }
  void apply(double *s) const;

 private:
  double ba, ca, cb;    // b' = b + ba a,  c' = c + ca a + cb b
};

}    // namespace esgap
