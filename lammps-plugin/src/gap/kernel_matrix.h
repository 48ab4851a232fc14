// Rows of the kernel matrix K_NM that a fit regresses on: what each sparse point gives to the energy, the forces and the
// virial of a configuration when its weight is 1.
//
//   soap:        k_s = sum_i delta^2 c_s (p_i . x_s)^zeta,   over the atoms i of the term's element
//   distance_2b: k_s = sum_(i,j) f(r_ij) delta^2 c_s exp(-(r_ij - x_s)^2 / (2 theta^2)),   over ordered pairs
//   force on atom j: -dk_s / dr_j,   virial: -dk_s / d(strain)
//
// A power spectrum p is quadratic in the expansion coefficients c of the density, so that
//   x_s . p = 1/2 sum G_s c,   x_s . dp/dr_j = sum G_s dc/dr_j,   G_s = X_s c
// with X_s the sparse point as one symmetric matrix for each l. dc/dr_j is the same for all sparse points and reaches the
// coefficients of the neighbour's element only, so two small matrix products replace the (3 neighbours x D)(D x points) one.
//
// Units: Angstrom and eV. Reference: Bartok, Kondor, Csanyi, PRB 87, 184115 (2013), doi:10.1103/PhysRevB.87.184115.
#pragma once

#include "centre.h"
#include "file.h"
#include "harmonics.h"
#include "matrix.h"
#include "table.h"

#include <vector>

namespace esgap::gap {

/// A configuration: atom i has the neighbours first[i] <= k < first[i + 1], which are (images of) the atoms atom_of[k].
struct Configuration {
  int count;
  const int *z;            // atomic numbers
  const int *first;
  const int *atom_of;
  const Neighbour *neighbours;    // their `species` is the atomic number
};

/// Where the rows go: `columns` numbers each. Forces (3 count rows) and virial (6 rows: xx yy zz yz xz xy) may be missing.
struct Rows {
  int columns;
  double *energy, *forces, *virial;
};

class PairKernel {
 public:
  explicit PairKernel(const PairTerm &t) : term(t) {}
  int count() const { return term.sparse.count; }
  double cutoff_radius() const { return term.cutoff; }
  /// Add to the columns from `column` on.
  void add(const Configuration &, const Rows &, int column) const;

 private:
  PairTerm term;
};

class SoapKernel {
 public:
  explicit SoapKernel(const SoapTerm &);
  int count() const { return points; }
  double cutoff_radius() const { return cutoff; }
  void add(const Configuration &, const Rows &, int column) const;

 private:
  // Everything about one atom that is the same for all sparse points. By species of the neighbours, since dc/dr_j vanishes
  // for the coefficients of the other species.
  struct Surroundings {
    struct Species {
      std::vector<int> neighbours;    // places in the configuration's list
      Doubles jacobian;               // dc_lmn / d(neighbour, direction), laid out as factors of Panels::accumulate
      std::vector<double> along;      // d|p| / d(neighbour, direction)
    };
    int atom;
    double norm;                      // |p|
    std::vector<Doubles> by_l;        // c_mK, laid out as factors of Panels::accumulate
    std::vector<Doubles> by_species;  // c_lmn
    std::vector<Species> species;
  };

  static constexpr int CHUNK = 32;    // centres whose surroundings are kept at a time
  Surroundings look(const Configuration &, int atom, bool slopes) const;
  void expand(const Neighbour &, int j, double *coefficients, Surroundings::Species &, bool slopes) const;
  void weigh(Surroundings &, bool slopes) const;
  void add_tile(const Configuration &, const Surroundings &, int tile, bool slopes, std::vector<Panels> &g, Doubles &slope, double *rows) const;

  int z, l_max, n_max, n_species, channels, points, n_padded;
  double cutoff, delta, zeta, centre_coefficient;
  std::vector<int> species;
  Harmonics harmonics;
  Table radial;                   // cutoff function times g_nl, by l and n
  std::vector<Panels> sparse;     // X_s for tile, species of c, l: rows K, columns (n, sparse point of the tile)
  std::vector<double> factor;     // c_s, zero behind the last point
};

}    // namespace esgap::gap
