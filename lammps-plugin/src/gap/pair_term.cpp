#include "pair_term.h"

#include "cutoff.h"
#include "factorise.h"
#include "variance.h"

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

Pair::Pair(const PairTerm &pair, const std::vector<int> &elements) : term(pair), species1(index_of(elements, term.z1)), species2(index_of(elements, term.z2)), cutoff(term.cutoff)
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

// As in variance.h, times the square of the cutoff function. Long double: a millionth of the covariance is left.
Table Pair::variance() const
{
  using Real = long double;
  const SparsePoints &sparse = term.sparse;
  const int n = sparse.count;
  const Real scale = static_cast<Real>(term.delta) * term.delta, noise = static_cast<Real>(VARIANCE_NOISE) * VARIANCE_NOISE;
  const auto covariance = [&](Real x, int s) {
    const Real d = (x - sparse.points[s]) / term.theta;
    return scale * sparse.factor[s] * std::exp(-d * d / 2);
  };
  std::vector<std::vector<Real>> k(n, std::vector<Real>(n));
  for (int s = 0; s < n; ++s)
    for (int t = 0; t < n; ++t) k[s][t] = sparse.factor[s] * covariance(sparse.points[s], t) + (s == t ? noise : 0.0L);
  const auto lower = cholesky(k);
  const auto function = [&](double r, double *value) {
    std::vector<Real> y(n);
    Real left = scale + noise;
    for (int s = 0; s < n; ++s) {
      y[s] = covariance(r, s);
      for (int t = 0; t < s; ++t) y[s] -= lower[s][t] * y[t];
      y[s] /= lower[s][s];
      left -= y[s] * y[s];
    }
    const double f = cutoff_function(r, cutoff, term.transition);
    *value = f * f * static_cast<double>(left);
  };
  return Table(function, 1, cutoff, term.transition, std::min(term.theta, 1.0));
}

void Pair::add(Centre &centre, const Table *variance) const
{
  const int partner = centre.species == species1 ? species2 : centre.species == species2 ? species1 : -1;
  if (partner < 0) return;
  for (int j = 0; j < centre.count; ++j) {
    const Neighbour &n = centre.neighbours[j];
    if (n.species != partner || n.r >= cutoff) continue;
    double value[WIDTH], slope[WIDTH];
    evaluate(energy, n.r, value, slope);
    centre.energy += value[0];
    if (variance) centre.variance += variance->at(n.r);
    const double scale = slope[0] / n.r;
    double *g = centre.gradient + 3 * j;
    g[0] += scale * n.x;
    g[1] += scale * n.y;
    g[2] += scale * n.z;
  }
}

}    // namespace esgap::gap
