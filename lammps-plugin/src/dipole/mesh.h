// Charges and dipoles on Gaussian densities of one width: their interaction through a mesh (smooth particle mesh Ewald without a part in
// real space). The mesh is whole on every rank. No LAMMPS header.
#pragma once

#include "../cell.h"
#include "fft.h"
#include "spline.h"

#include <array>
#include <cstddef>
#include <vector>

namespace esgap {

/// U = 1/2 sum_(k != 0) w(k) |S(k)|^2, w(k) = 4 pi C / V exp(-k^2 / 4 eta^2) / k^2, with the S(k) of splines at the atoms.
///
/// U is a function of positions and dipoles of its own, close to that of exact S(k): slopes, forces and virial are its exact derivatives.
class Mesh {
 public:
  /// A density on the mesh as its Fourier sum, and its potential at the points, e and eV/e; both are linear in the density.
  struct Field {
    std::vector<double> spectrum, potential;
    void add(double factor, const Field &);
  };

  /// Takes the sizes that `accuracy` needs in this cell, and in cells that are longer by 3 %.
  void choose(const Cell &, double eta, double accuracy);

  /// The estimate of the relative error with the sizes chosen.
  double error(const Cell &) const;

  /// The weights w(k); `coulomb`: C in eV Angstrom/e^2.
  void set(const Cell &, double coulomb);

  const std::array<int, 3> &sizes() const { return n; }
  std::size_t points() const { return static_cast<std::size_t>(n[0]) * n[1] * n[2]; }

  /// Splines of atoms at fractional coordinates; all below is of these atoms.
  void place(const std::vector<Vector> &fractional);

  /// The density sum_i (charge_i + dipole_i . d/dx_i) at the points of the atoms `which`; either may be null.
  std::vector<double> spread(const std::vector<int> &which, const double *charges, const Vector *dipoles) const;

  Field solve(std::vector<double> density);

  /// dU/d(mu) for the atoms `which`, eV/(e Angstrom).
  void slope(const Field &, const std::vector<int> &which, std::vector<Vector> &out) const;

  /// -dU/dx of U(charges and dipoles) - U(charges) for all atoms, eV/Angstrom.
  void forces(const Field &of_q, const Field &of_mu, const double *charges, const Vector *dipoles, std::vector<Vector> &out) const;

  /// -dU/d(strain) of that difference as far as it comes from w(k); xx yy zz xy xz yz. What comes from the dipoles is sum mu (x) slope.
  std::array<double, 6> virial(const Field &of_q, const Field &of_mu) const;

 private:
  struct Place {
    std::array<Spline, 3> spline;
    std::array<std::array<int, ORDER>, 3> at;    // offsets in the mesh: of planes, of rows, of points in a row
  };
  Vector by_spacing(const Vector &) const;
  Vector along_edges(const Vector &) const;
  Vector wave(int h, int k, int l) const;

  std::array<int, 3> n{};
  double eta = 0.0;
  std::array<Vector, 3> star{};    // a*, b*, c*, 1/Angstrom: gradients of the fractional coordinates
  Fft forward, backward;
  std::vector<double> sum, difference;      // of the weights of a plane and that half the planes away, see solve
  std::vector<double> cosines, sines;    // exp(-2 pi i h / n[0])
  std::vector<Place> places;
};

}    // namespace esgap
