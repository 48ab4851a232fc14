// Sizes of a SOAP term's arrays and where things stand in them. For each l there are k_l radial functions, the same for all
// species; (species, function) is a channel.
#pragma once

#include "simd.h"

#include <vector>

namespace esgap::gap {

struct Shape {
  Shape(int n_species, const std::vector<int> &functions) : n_species(n_species), l_count(static_cast<int>(functions.size())), functions(functions)
  {
    for (int l = 0; l < l_count; ++l) {
      const int k = functions[l], both = n_species * k;
      column.push_back(columns);
      row.push_back(padded(k));
      expansion_at.push_back(expansion);
      channels.push_back(both);
      stride.push_back(padded(both));
      density_at.push_back(density);
      power_at.push_back(power);
      columns += k;
      expansion += (2 * l + 1) * padded(k);
      density += (2 * l + 1) * padded(both);
      power += both * (both + 1) / 2;
      if (padded(both) > widest) widest = padded(both);
    }
  }

  int n_species, l_count;
  std::vector<int> functions;       // k_l
  std::vector<int> column;          // first function of l among all radial functions
  std::vector<int> row;             // k_l padded
  std::vector<int> expansion_at;    // coefficients of one species: by l, m, function; rows of row[l] numbers
  std::vector<int> channels;        // n_species k_l
  std::vector<int> stride;          // the same padded
  std::vector<int> density_at;      // coefficients of all species: by l, m, channel; rows of stride[l] numbers
  std::vector<int> power_at;        // power spectrum: by l, K, K' <= K
  int columns = 0, expansion = 0, density = 0, power = 0, widest = 0;

  /// Vectors are read and written whole: an array of radial functions or of a power spectrum is that much longer.
  static constexpr int SPILL = WIDTH;
  int record() const { return padded(columns) + SPILL; }
};

}    // namespace esgap::gap
