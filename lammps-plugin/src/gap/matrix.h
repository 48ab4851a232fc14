// The two matrix products that the cost of a SOAP kernel ends in: a block of descriptors against the sparse points.
#pragma once

#include "aligned.h"

namespace esgap::gap {

/// The kernels in use on this machine: x86-64-v4 (AVX-512), x86-64-v3 (AVX2) or baseline.
const char *instruction_set();

/// A constant matrix X (rows x columns), stored for products from both sides. It is cut into panels of PANEL rows that
/// fit a core's cache, and a panel into tiles of TILE columns: panel after panel, tile after tile, row after row.
class Panels {
 public:
  static constexpr int PANEL = 24, TILE = 24;

  Panels() = default;
  Panels(int rows, int columns);

  double &at(int row, int column) { return data[place(row, column)]; }
  double at(int row, int column) const { return data[place(row, column)]; }

  int count() const { return padded_rows / PANEL; }
  /// Columns rounded up to whole tiles: vectors a are this long, zero behind the matrix's own columns.
  int width() const { return padded_columns; }
  int rows() const { return padded_rows; }
  std::size_t bytes() const { return data.size() * sizeof(double); }

  /// product[b * PANEL + r] = a_b . x_r for the rows of panel `p`; a_b begins at a + b * stride.
  void project(int p, const double *a, int count, int stride, double *product) const { project(p, a, count, stride, padded_columns, product); }
  /// The same over the first `width` columns only, a multiple of TILE.
  void project(int p, const double *a, int count, int stride, int width, double *product) const;

  /// sum_b += sum over the rows of panel `p` of factor[b * PANEL + r] x_r; sum_b begins at sum + b * stride.
  void accumulate(int p, const double *factor, int count, double *sum, int stride) const;

 private:
  std::size_t place(int row, int column) const
  {
    const std::size_t tile = static_cast<std::size_t>(row / PANEL) * (padded_columns / TILE) + column / TILE;
    return (tile * PANEL + row % PANEL) * TILE + column % TILE;
  }

  int padded_rows = 0, padded_columns = 0;
  Doubles data;
};

}    // namespace esgap::gap
