// One SOAP term: descriptors of a block of atoms, their kernel with the sparse points, and the gradient backwards.
#pragma once

#include "aligned.h"
#include "centre.h"
#include "file.h"
#include "harmonics.h"
#include "matrix.h"
#include "table.h"
#include "variance.h"

#include <vector>

namespace esgap::gap {

/// Scratch of one thread; grows to the largest block and stays.
struct SoapScratch {
  Doubles density, descriptor, norm, overlap, factor, slope, neighbour, kernel;
  std::vector<int> neighbour_of, first;

  std::size_t bytes() const;
};

class Soap {
 public:
  /// `elements`: atomic numbers of the model, which the neighbours' species count.
  Soap(const SoapTerm &, const std::vector<int> &elements);

  int atomic_number() const { return z; }
  double cutoff_radius() const { return cutoff; }
  int dimensions() const { return file_dimensions; }
  std::size_t bytes() const { return sparse.bytes(); }

  /// Add energies and gradients of centres of this term's element. At most BLOCK of them.
  static constexpr int BLOCK = 32;
  /// With `variance`, add their predictive variances too.
  void add(Centre *centres, int count, SoapScratch &, const SparseVariance *variance = nullptr) const;

  /// What add() needs for variances.
  SparseVariance variance() const;

  /// Normalised power spectrum of one centre in the order of the file, dimensions() numbers.
  void describe(const Centre &, SoapScratch &, double *descriptor) const;

 private:
  void resize(SoapScratch &) const;
  void describe_block(const Centre *, int count, SoapScratch &) const;
  void regress(Centre *, int count, SoapScratch &, bool keep_kernel) const;
  void add_gradients(Centre *, int count, SoapScratch &) const;

  int z, l_max, n_max, n_species, channels, points, width, file_dimensions;
  double cutoff, delta, zeta, centre_coefficient;
  std::vector<int> species_of_element;    // -1: not seen by this term
  int own_species;
  Harmonics harmonics;
  Table radial;                            // cutoff function times g_nl, by l and n
  Panels sparse;                           // the sparse points, in this class's own order of the descriptor
  std::vector<double> weight, factor;      // delta^2 alpha_s c_s and c_s, zero for the rows that fill the last panel
  std::vector<int> file_position;          // of each element of that order
};

}    // namespace esgap::gap
