// Fast Fourier transforms of a complex mesh in three dimensions. No LAMMPS header.
//
// LAMMPS's own transform is in its library, but its header is not among those that a LAMMPS installs.
#pragma once

#include <vector>

namespace esgap {

/// The smallest product of 2, 3 and 5 that is at least `n` and a multiple of `of`, which is one itself.
int fft_size(int n, int of = 1);

/// Real and imaginary parts apart, sizes products of 2, 3 and 5; nothing is divided by the number of points.
class Fft {
 public:
  Fft() = default;
  Fft(int planes, int rows, int columns);

  /// (plane, row, column) becomes (plane, column, row) in Fourier space, with exp(-2 pi i ...). The way back, with exp(+2 pi i ...), is
  /// transform(im, re) of Fft(planes, columns, rows).
  void transform(double *re, double *im);

 private:
  struct Lines {
    int n;
    std::vector<int> radices;
    std::vector<double> re, im;    // exp(-2 pi i k / n)
  };
  static Lines lines(int n);
  double *along(const Lines &, int batch, double *from, double *to) const;

  int rows = 0, columns = 0;
  Lines along_planes{}, along_rows{}, along_columns{};
  std::vector<double> one, other;    // what is being transformed: real parts, then imaginary parts
};

}    // namespace esgap
