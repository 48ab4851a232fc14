// One SOAP term: descriptors of a block of atoms, their kernel with the sparse points, and the gradient backwards.
#pragma once

#include "aligned.h"
#include "centre.h"
#include "expansion.h"
#include "file.h"
#include "matrix.h"
#include "variance.h"

#include <vector>

namespace esgap::gap {

/// Scratch of one thread; grows to the largest block and stays.
struct SoapScratch {
  Doubles density, descriptor, norm, overlap, factor, slope, kernel;
  Expansion::Scratch expansion;

  std::size_t bytes() const;
};

class Soap {
 public:
  /// `elements`: atomic numbers of the model, which the neighbours' species count. With the span own_functions() the
  /// descriptor is the file's; another rotates the sparse points with it (shorten.h).
  Soap(const SoapTerm &, const std::vector<int> &elements, const RadialSpan &);

  int atomic_number() const { return z; }
  double cutoff_radius() const { return cutoff; }
  /// Numbers of a descriptor in the file, with the last one, always 0; and of those that are evaluated.
  int file_dimensions() const { return in_file; }
  int dimensions() const { return expansion.shape().power; }
  int points() const { return count; }
  std::size_t bytes() const { return sparse.bytes(); }

  /// Add energies and gradients of centres of this term's element. At most BLOCK of them.
  static constexpr int BLOCK = 32;
  /// With `keep_kernel`, their covariances with the sparse points stay in the scratch for the functions below.
  void add(Centre *centres, int count, SoapScratch &, bool keep_kernel = false) const;

  /// Add predictive variances; `variance` as variance() makes it.
  void add_variances(Centre *centres, int count, const SoapScratch &, const SparseVariance &variance) const;
  SparseVariance variance() const;
  /// Add energies of a committee; `alpha`: weights of its members, kernel_width() rows of `stride` numbers.
  void add_members(Centre *centres, int count, const SoapScratch &, const Doubles &alpha, int stride) const;

  /// Normalised power spectrum of one centre in the order of the file, file_dimensions() numbers. For own_functions() only.
  void describe(const Centre &, SoapScratch &, double *descriptor) const;

  /// For trials (shorten.h): only the first k radial functions of l count from now on.
  void keep(int l, int k) { expansion.keep(l, k); }
  /// Covariances of a centre with the sparse points in the scratch: so many numbers.
  int kernel_width() const { return sparse.rows(); }

 private:
  void resize(SoapScratch &) const;
  void describe_block(const Centre *, int count, SoapScratch &) const;
  void normalise(double *power, double &norm) const;
  void regress(int count, SoapScratch &, double *energies, bool keep_kernel) const;
  void add_gradients(Centre *, int count, SoapScratch &) const;

  int z, count, width, in_file;
  double cutoff, delta, zeta;
  Expansion expansion;
  Panels sparse;                         // the sparse points, in this class's own order of the descriptor
  std::vector<double> weight, factor;    // delta^2 alpha_s c_s and delta^2 c_s, zero for the rows that fill the last panel
};

}    // namespace esgap::gap
