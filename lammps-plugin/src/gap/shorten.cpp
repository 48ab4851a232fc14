#include "shorten.h"

#include "cutoff.h"
#include "factorise.h"
#include "radial.h"
#include "soap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace esgap::gap {
namespace {

constexpr int SAMPLES = Soap::BLOCK;

// The directions of each l's span, largest first, and their sizes: roots of the eigenvalues of the functions' overlaps on
// (0, cutoff), for l = 0 with the centre's own coefficients.
struct Directions {
  RadialSpan span;
  std::vector<std::vector<double>> size;
};

Directions directions(const SoapTerm &term)
{
  constexpr int POINTS = 500;
  const int n_max = term.n_max;
  const RadialBasis basis(term.cutoff, term.sigma, n_max, term.l_max);
  std::vector<double> raw(n_max * (term.l_max + 1));
  std::vector<Matrix> overlaps(term.l_max + 1, Matrix(n_max, std::vector<long double>(n_max, 0.0L)));
  overlaps[0][0][0] = static_cast<long double>(basis.at_centre()) * basis.at_centre();
  for (int i = 0; i < POINTS; ++i) {
    const double r = (i + 0.5) * term.cutoff / POINTS, f = cutoff_function(r, term.cutoff, term.transition);
    basis.evaluate(r, raw.data());
    for (int l = 0; l <= term.l_max; ++l)
      for (int n = 0; n < n_max; ++n)
        for (int m = 0; m < n_max; ++m) overlaps[l][n][m] += static_cast<long double>(f * raw[l * n_max + n]) * f * raw[l * n_max + m] / POINTS;
  }
  Directions out{own_functions(n_max, term.l_max), {}};
  for (int l = 0; l <= term.l_max; ++l) {
    const Eigen eigen = eigen_of(overlaps[l]);
    out.size.emplace_back();
    for (int k = 0; k < n_max; ++k) {
      out.size[l].push_back(std::sqrt(std::max(static_cast<double>(eigen.values[k]), 0.0)));
      for (int n = 0; n < n_max; ++n) out.span.basis[l][n * n_max + k] = static_cast<double>(eigen.vectors[n][k]);
    }
  }
  return out;
}

// Surroundings at random: elements and places by chance, no two atoms nearer than a distance between a fifth and half of the cutoff.
std::vector<std::vector<Neighbour>> synthetic(const SoapTerm &term, const std::vector<int> &elements)
{
  std::mt19937 generator(20);
  const auto uniform = [&](double low, double high) { return low + (high - low) * generator() / 4294967296.0; };
  std::vector<std::vector<Neighbour>> out(SAMPLES);
  for (auto &atoms : out) {
    const double apart = uniform(0.2, 0.5) * term.cutoff;
    const std::size_t most = 4 + generator() % 40;
    for (int trial = 0; trial < 400 && atoms.size() < most; ++trial) {
      const double x = uniform(-term.cutoff, term.cutoff), y = uniform(-term.cutoff, term.cutoff), z = uniform(-term.cutoff, term.cutoff), r = std::sqrt(x * x + y * y + z * z);
      const int species = term.species[generator() % term.species.size()];
      const auto near = [&](const Neighbour &n) { return std::hypot(n.x - x, n.y - y, n.z - z) < apart; };
      if (r < apart || r >= term.cutoff || std::any_of(atoms.begin(), atoms.end(), near)) continue;
      atoms.push_back({x, y, z, r, static_cast<int>(std::find(elements.begin(), elements.end(), species) - elements.begin())});
    }
  }
  return out;
}

class Trial {
 public:
  Trial(const SoapTerm &term, const std::vector<int> &elements, const RadialSpan &span) : soap(term, elements, span), delta(term.delta), surroundings(synthetic(term, elements))
  {
    const int species = static_cast<int>(std::find(elements.begin(), elements.end(), term.z) - elements.begin());
    for (const auto &atoms : surroundings) {
      gradients.emplace_back(3 * atoms.size());
      centres.push_back({atoms.data(), static_cast<int>(atoms.size()), species, 0.0, 0.0, nullptr, gradients.back().data()});
    }
    evaluate();
    reference = now;
  }

  void keep(int l, int k) { soap.keep(l, k); }

  Deviation deviation()
  {
    evaluate();
    Deviation d{0.0, 0.0, 0.0};
    for (std::size_t i = 0; i < now.energies.size(); ++i) d.energy = std::max(d.energy, std::fabs(now.energies[i] - reference.energies[i]));
    for (std::size_t i = 0; i < now.covariances.size(); ++i) d.covariance = std::max(d.covariance, std::fabs(now.covariances[i] - reference.covariances[i]) / (delta * delta));
    for (std::size_t b = 0; b < now.gradients.size(); ++b) {
      double square = 0.0;
      for (std::size_t k = 0; k < now.gradients[b].size(); ++k) square += std::pow(now.gradients[b][k] - reference.gradients[b][k], 2);
      // As centre, and as neighbour of as many others, whose changes are independent.
      d.force = std::max(d.force, std::sqrt(2.0 * square));
    }
    return d;
  }

 private:
  struct Results {
    std::vector<double> energies;
    std::vector<std::vector<double>> gradients;
    std::vector<double> covariances;
  };

  void evaluate()
  {
    now.energies.assign(SAMPLES, 0.0);
    for (int b = 0; b < SAMPLES; ++b) {
      std::fill(gradients[b].begin(), gradients[b].end(), 0.0);
      centres[b].energy = 0.0;
    }
    soap.add(centres.data(), SAMPLES, scratch, true);
    for (int b = 0; b < SAMPLES; ++b) now.energies[b] = centres[b].energy;
    now.covariances.assign(scratch.kernel.begin(), scratch.kernel.begin() + static_cast<std::size_t>(SAMPLES) * soap.kernel_width());
    now.gradients = gradients;
  }

  Soap soap;
  double delta;
  SoapScratch scratch;
  std::vector<std::vector<Neighbour>> surroundings;
  std::vector<std::vector<double>> gradients;
  std::vector<Centre> centres;
  Results reference, now;
};

bool within(const Deviation &d, const Deviation &limit) { return d.energy <= limit.energy && d.force <= limit.force && d.covariance <= limit.covariance; }

RadialSpan cut(const RadialSpan &whole, const std::vector<int> &functions)
{
  RadialSpan out{whole.n_max, functions, {}};
  for (std::size_t l = 0; l < functions.size(); ++l) {
    out.basis.emplace_back();
    for (int n = 0; n < whole.n_max; ++n)
      for (int k = 0; k < functions[l]; ++k) out.basis[l].push_back(whole.at(static_cast<int>(l), n, k));
  }
  return out;
}

}    // namespace

// Direction after direction, the smallest first; an l is done when its next one would change too much.
Shortening shorten(const SoapTerm &term, const std::vector<int> &elements, const Deviation &limit)
{
  const Directions all = directions(term);
  Trial trial(term, elements, all.span);
  std::vector<int> kept = all.span.functions;
  std::vector<int> open(kept.size());
  std::iota(open.begin(), open.end(), 0);
  Deviation estimate{0.0, 0.0, 0.0};
  while (!open.empty()) {
    const auto next = std::min_element(open.begin(), open.end(), [&](int a, int b) { return all.size[a][kept[a] - 1] < all.size[b][kept[b] - 1]; });
    const int l = *next;
    bool possible = kept[l] > 1;
    if (possible) {
      trial.keep(l, kept[l] - 1);
      const Deviation d = trial.deviation();
      possible = within(d, limit);
      if (possible) --kept[l], estimate = d;
      else trial.keep(l, kept[l]);
    }
    if (!possible) open.erase(next);
  }
  return {cut(all.span, kept), estimate};
}

}    // namespace esgap::gap
