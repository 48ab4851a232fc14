#include "pair_term.h"

#include "cutoff.h"
#include "factorise.h"
#include "variance.h"

#include <algorithm>
#include <cmath>

namespace esgap::gap {

// Large weights may cancel but for a millionth, and a table's slopes would magnify their rounding: long double.
double pair_energy(const PairTerm &term, const std::vector<double> &weight, double r)
{
  long double sum = 0.0L;
  for (int s = 0; s < term.sparse.count; ++s) {
    const long double x = (static_cast<long double>(r) - term.sparse.points[s]) / term.theta;
    sum += weight[s] * std::exp(-x * x / 2);
  }
  return cutoff_function(r, term.cutoff, term.transition) * term.delta * term.delta * static_cast<double>(sum);
}

// That of the kernel, or of the cutoff function, whose cosine may be shorter.
double pair_scale(const PairTerm &term)
{
  const double scale = std::min(term.theta, 1.0);
  return term.transition > 0.0 ? std::min(scale, term.transition) : scale;
}

Pair::Pair(const PairTerm &pair) : term(pair), cutoff(term.cutoff)
{
  energy = Curve([&](double r, double *value) { *value = pair_energy(term, term.sparse.weight, r); }, cutoff, term.transition, pair_scale(term));
}

// As in variance.h, times the square of the cutoff function. Long double: a millionth of the covariance is left.
Curve Pair::variance() const
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
  return Curve(function, cutoff, term.transition, pair_scale(term));
}

void Pair::add(const Neighbour &n, Centre &centre, double *gradient, const Curve *variance) const
{
  if (n.r >= cutoff) return;
  double slope, unused;
  centre.energy += energy.at(n.r, slope);
  if (variance) centre.variance += variance->at(n.r, unused);
  const double scale = slope / n.r;
  gradient[0] += scale * n.x;
  gradient[1] += scale * n.y;
  gradient[2] += scale * n.z;
}

}    // namespace esgap::gap
