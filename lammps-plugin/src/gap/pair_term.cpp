#include "pair_term.h"

#include "cutoff.h"

#include <algorithm>
#include <cmath>

namespace esgap::gap {
namespace {

int index_of(const std::vector<int> &elements, int z)
{
  const auto found = std::find(elements.begin(), elements.end(), z);
  return found == elements.end() ? -1 : static_cast<int>(found - elements.begin());
}

}    // namespace

Pair::Pair(const PairTerm &term, const std::vector<int> &elements) : species1(index_of(elements, term.z1)), species2(index_of(elements, term.z2)), cutoff(term.cutoff)
{
  const auto function = [&](double r, double *value) {
    double sum = 0.0;
    for (int s = 0; s < term.sparse.count; ++s) {
      const double x = (r - term.sparse.points[s]) / term.theta;
      sum += term.sparse.weight[s] * std::exp(-0.5 * x * x);
    }
    *value = cutoff_function(r, cutoff, term.transition) * term.delta * term.delta * sum;
  };
  energy = Table(function, 1, cutoff, term.transition, std::min(term.theta, 1.0));
}

void Pair::add(Centre &centre) const
{
  const int partner = centre.species == species1 ? species2 : centre.species == species2 ? species1 : -1;
  if (partner < 0) return;
  for (int j = 0; j < centre.count; ++j) {
    const Neighbour &n = centre.neighbours[j];
    if (n.species != partner || n.r >= cutoff) continue;
    double value[WIDTH], slope[WIDTH];
    evaluate(energy, n.r, value, slope);
    centre.energy += value[0];
    const double scale = slope[0] / n.r;
    double *g = centre.gradient + 3 * j;
    g[0] += scale * n.x;
    g[1] += scale * n.y;
    g[2] += scale * n.z;
  }
}

}    // namespace esgap::gap
