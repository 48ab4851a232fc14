// Reads lines `planes rows columns` with the real, then the imaginary parts of a mesh after each, and prints the parts of its transform,
// then those of the way back, a line each.
#include "dipole/fft.h"

#include <cstdio>
#include <vector>

int main()
{
  int planes, rows, columns;
  while (std::scanf("%d %d %d", &planes, &rows, &columns) == 3) {
    const int count = planes * rows * columns;
    std::vector<double> mesh(2 * count);
    for (double &value : mesh)
      if (std::scanf("%lf", &value) != 1) return 1;
    const auto print = [&] {
      for (const double value : mesh) std::printf("%.17g ", value);
      std::printf("\n");
    };
    esgap::Fft(planes, rows, columns).transform(mesh.data(), mesh.data() + count);
    print();
    esgap::Fft(planes, columns, rows).transform(mesh.data() + count, mesh.data());
    print();
  }
}
