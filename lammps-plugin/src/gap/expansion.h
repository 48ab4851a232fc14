// The neighbour density of an atom, expanded in radial functions and spherical harmonics, and the way back to its neighbours.
//
//   c_s,k,lm = sum over neighbours j of species s:  f(r_j) h_kl(r_j) Y_lm(r_j / |r_j|)
//
// with radial functions h_kl = sum_n B_l,nk g_nl: GAP's own (B = 1), or fewer that span the same (shorten.h).
#pragma once

#include "aligned.h"
#include "centre.h"
#include "file.h"
#include "harmonics.h"
#include "shape.h"
#include "table.h"

#include <vector>

namespace esgap::gap {

/// For each l a matrix n_max x k_l, row-major: column k holds the coefficients of the function h_kl in the g_nl.
struct RadialSpan {
  int n_max;
  std::vector<int> functions;               // k_l
  std::vector<std::vector<double>> basis;

  double at(int l, int n, int k) const { return basis[l][n * functions[l] + k]; }
};

/// GAP's own radial functions, and the values of a term's f g_nl: values[l * n_max + n].
RadialSpan own_functions(int n_max, int l_max);

class Expansion {
 public:
  /// `elements`: atomic numbers of the model, which the neighbours' species count.
  Expansion(const SoapTerm &, const std::vector<int> &elements, const RadialSpan &);

  const Shape &shape() const { return sizes; }

  /// What is kept of a block of centres between the two ways, and room for both. Grows and stays.
  struct Scratch {
    std::vector<int> seen;         // places in the centre's list, by species, in fours; -1 fills up
    std::vector<int> first;        // fours of centre b: first[b] <= e < first[b + 1]
    std::vector<int> species;      // of each four
    Doubles record;                // of each of seen: radial values and slopes
    Doubles coefficients, harmonics;

    std::size_t bytes() const;
  };

  /// Begin a block of centres.
  void begin(Scratch &) const;
  /// Coefficients of the next centre, shape().density numbers.
  void density(const Centre &, Scratch &, double *density) const;
  /// Add the gradient of centre `b` of the block, from the derivative by its coefficients.
  void add_gradient(Centre &, int b, Scratch &, const double *by_density) const;

  /// Only the first k radial functions of l count from now on. For trials; the arrays keep their sizes.
  void keep(int l, int k) { kept[l] = k; }

 private:
  void gather(const Centre &, Scratch &) const;

  Shape sizes;
  std::vector<int> kept;
  double cutoff;
  std::vector<int> species_of_element;    // -1: not seen by this term
  int own_species;
  std::vector<double> at_centre;          // coefficients of the atom itself, l = 0
  Harmonics harmonics;
  Table radial;                           // f h_kl, by l and k
};

}    // namespace esgap::gap
