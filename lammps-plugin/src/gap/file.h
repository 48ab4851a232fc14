// What gap_fit writes, read and checked: an XML file and its files of sparse points. Nothing is evaluated here.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace esgap::gap {

/// Weights and points of one term's sparse Gaussian process.
struct SparsePoints {
  int count = 0, dimensions = 0;
  std::vector<double> points;    // count x dimensions, in the order of the file
  std::vector<double> weight;    // alpha_s times its cutoff factor c_s
  std::vector<double> factor;    // c_s alone
  std::string source;            // name and checksum of the file beside the XML that holds the points; empty: the XML itself
};

/// distance_2b with a squared-exponential kernel.
struct PairTerm {
  int z1, z2;
  double cutoff, transition, delta, theta;
  SparsePoints sparse;
};

/// soap with a dot-product kernel.
struct SoapTerm {
  int z;
  std::vector<int> species;    // atomic numbers, in the order of the descriptor
  int n_max, l_max;
  double cutoff, transition, sigma, central_weight, delta, zeta;
  SparsePoints sparse;
};

struct File {
  std::string label;
  std::map<int, double> e0;    // by atomic number, eV
  std::vector<PairTerm> pairs;
  std::vector<SoapTerm> soaps;
};

/// Read a potential; without the points of soap terms that stand in files of their own unless `soap_points`. Throws std::runtime_error with file, line and reason for broken or incomplete files, a wrong
/// checksum, and for every term, kernel or key that this evaluator does not implement: none is skipped.
File read_file(const std::string &xml, bool soap_points = true);

/// The soap term that a descriptor line describes, such as `soap n_max=8 l_max=4 ...`, without sparse points.
SoapTerm read_descriptor(const std::string &line);

}    // namespace esgap::gap
