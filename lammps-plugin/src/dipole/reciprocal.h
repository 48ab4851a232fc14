// Charges and dipoles on Gaussian densities of one width: sums over reciprocal vectors. No LAMMPS header.
#pragma once

#include "../cell.h"

#include <array>
#include <vector>

namespace esgap {

/// S(k) for all k, real and imaginary part.
struct StructureFactor {
  std::vector<double> re, im;
};

/// The reciprocal vectors up to where exp(-k^2 / 4 eta^2) is `accuracy`, of which one of each pair k, -k, and w(k) = 8 pi C / V exp(-k^2 / 4 eta^2) / k^2.
///
/// They stand in rows of equal first two integers, in which the third runs through without a gap: the loops over a row need no index.
class Reciprocal {
 public:
  /// `reciprocal`: rows 2 pi a*, 2 pi b*, 2 pi c* in 1/Angstrom, c* along z and b* without x; `coulomb`: C in eV Angstrom/e^2.
  void set(const std::array<Vector, 3> &reciprocal, double volume, double eta, double accuracy, double coulomb);
  int count() const { return static_cast<int>(weight.size()); }

  /// exp(i k.x) of atoms at fractional coordinates.
  void place(const std::vector<Vector> &fractional);

  /// Adds sum_i (charge_i + i k.dipole_i) exp(i k.x_i) of the atoms `which`; either may be null.
  void add(StructureFactor &, const std::vector<int> &which, const double *charges, const Vector *dipoles) const;

  /// dU/d(mu) of U = 1/2 sum w |S|^2 for the atoms `which`, eV/(e Angstrom).
  void slope(const StructureFactor &, const std::vector<int> &which, std::vector<Vector> &out) const;

  /// -dU/dx of U = 1/2 sum w (|q + mu|^2 - |q|^2) for all atoms, eV/Angstrom; S(k) of charges and dipoles apart.
  void forces(const StructureFactor &of_q, const StructureFactor &of_mu, const double *charges, const Vector *dipoles, std::vector<Vector> &out) const;

  /// That U, and its virial -dU/d(strain) as far as it comes from w(k); xx yy zz xy xz yz. What comes from k.mu is sum mu (x) slope.
  double energy(const StructureFactor &of_q, const StructureFactor &of_mu, std::array<double, 6> &virial) const;

 private:
  struct Row {
    int h, k, first, last, offset;    // the third integer runs from first to last
  };
  struct Phase {
    double re, im;
  };
  Phase start(int atom, const Row &) const;
  Vector vector(const Row &, int l) const;
  const double *cosines(int atom) const { return cos3.data() + (2 * n3 + 1) * static_cast<std::size_t>(atom) + n3; }
  const double *sines(int atom) const { return sin3.data() + (2 * n3 + 1) * static_cast<std::size_t>(atom) + n3; }

  std::array<Vector, 3> b{};
  double inverse_4eta2 = 0.0;
  int n1 = 0, n2 = 0, n3 = 0;    // largest integers
  std::vector<Row> rows;
  std::vector<double> weight;
  std::vector<Phase> phase1, phase2;    // (atom, 0 ... n1), (atom, -n2 ... n2)
  std::vector<double> cos3, sin3;       // (atom, -n3 ... n3)
};

}    // namespace esgap
