// Reads lines `zeta n zeta n g cutoff r` and prints for each: S and S' by quadrature, S and S' from the table, and
// f(r^2) = erfc(g r)/r - S(r) and df/d(r^2) from the table of the step loop.
#include "slater/coul_slater.h"
#include "slater/squared_table.h"

#include <cstdio>
#include <map>
#include <tuple>

struct Tables {
  esgap::ScreeningTable screening;
  esgap::SquaredTable loop;
};

int main()
{
  esgap::SlaterDensity a, b;
  double g, cutoff, r;
  std::map<std::tuple<double, int, double, int, double>, Tables> known;
  while (std::scanf("%lf %d %lf %d %lf %lf %lf", &a.zeta, &a.n, &b.zeta, &b.n, &g, &cutoff, &r) == 7) {
    Tables &t = known[{a.zeta, a.n, b.zeta, b.n, g}];
    if (t.screening.empty()) {
      t.screening = esgap::ScreeningTable(a, b, 1.05 * cutoff);
      const auto f = [&](double s) { return std::erfc(g * std::sqrt(s)) / std::sqrt(s) - t.screening(std::sqrt(s)).value; };
      t.loop = esgap::SquaredTable(f, 2.0, cutoff * cutoff);
    }
    const esgap::Screening direct = esgap::slater_screening(a, b, r), table = t.screening(r);
    double slope = 0.0;
    const double value = t.loop.covers(r * r) ? t.loop(r * r, slope) : 0.0;
    std::printf("%.17g %.17g %.17g %.17g %.17g %.17g\n", direct.value, direct.slope, table.value, table.slope, value, slope);
  }
}
