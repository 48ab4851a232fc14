#include "table.h"

#include <algorithm>
#include <cmath>

namespace esgap::gap {

Table::Table(const std::function<void(double r, double *values)> &functions, int count, double cutoff, double width, double scale)
    : columns(padded(count)), cutoff(cutoff)
{
  // Panels no longer than a fraction of the functions' own length, a whole number of them in the transition.
  const double longest = 0.25 * scale;
  const double step = width > 0.0 ? width / std::ceil(width / longest) : longest;
  inverse_step = 1.0 / step;
  const int panels = static_cast<int>(std::ceil(cutoff / step)) + 1;
  coefficients.assign(static_cast<std::size_t>(panels) * (ORDER + 1) * columns, 0.0);
  std::vector<double> values(count);
  for (int p = 0; p < panels; ++p) {
    // All functions at the nodes of the panel once, then function by function.
    std::vector<std::vector<double>> at_node;
    const auto first = [&](double x) {
      functions(std::max(cutoff - x * step, 0.0), values.data());
      at_node.push_back(values);
      return values[0];
    };
    for (int k = 0; k < count; ++k) {
      std::size_t node = 0;
      const auto known = [&](double) { return at_node[node++][k]; };
      const auto power = k == 0 ? chebyshev_polynomial(first, p, p + 1.0, ORDER) : chebyshev_polynomial(known, p, p + 1.0, ORDER);
      for (int n = 0; n <= ORDER; ++n) coefficients[(static_cast<std::size_t>(p) * (ORDER + 1) + n) * columns + k] = power[n];
    }
  }
}

Curve::Curve(const std::function<void(double r, double *value)> &function, double cutoff, double width, double scale) : cutoff(cutoff)
{
  const Table table(function, 1, cutoff, width, scale);
  inverse_step = -0.5 * table.du_dr();
  for (std::size_t k = 0; k < table.powers().size(); k += table.stride()) coefficients.push_back(table.powers()[k]);
}

}    // namespace esgap::gap
