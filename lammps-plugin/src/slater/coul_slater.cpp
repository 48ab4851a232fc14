#include "coul_slater.h"

#include "../chebyshev.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace esgap {
namespace {

constexpr double FADED = 100.0;    // decay lengths after which one part of S is nothing beside another: below 1e-20 with its powers of r

// The potential of a unit ns density at t is [1 - exp(-x) P(x)] / t with x = a t, a = 2 zeta and
// P(x) = sum_k (1 - k/2n) x^k / k!, k = 0 .. 2n-1 (integration of the density by parts; all terms positive).
class Potential {
 public:
  explicit Potential(const SlaterDensity &density) : a(2.0 * density.zeta), last(2 * density.n - 1)
  {
    double tail = 0.0;
    for (int k = last; k >= 0; --k) {
      weight[k] = 1.0 - static_cast<double>(k) / (last + 1);
      integral[k] = (tail += weight[k]);
    }
  }

  /// exp(-x) P(x): what the extension of the density takes from 1/t.
  double hole(double t) const { return std::exp(-a * t) * sum(weight, a * t); }

  /// d/dt of hole(t): the charge outside a sphere, up to -1/t.
  double hole_slope(double t) const
  {
    double term = 1.0, total = 0.0;
    for (int k = 0; k <= last; ++k, term *= a * t / k) total += term;
    return -a * std::exp(-a * t) * total / (last + 1);
  }

  /// Integral of hole(t') over t' from t to infinity.
  double hole_beyond(double t) const { return std::exp(-a * t) * sum(integral, a * t) / a; }

  /// 4 pi s^2 times the density, normalised to 1.
  double shell(double s) const
  {
    const double x = a * s;
    return a * std::exp((last + 1) * std::log(x) - x - std::lgamma(last + 2.0));
  }

  const double a;

 private:
  double sum(const std::array<double, 16> &factor, double x) const
  {
    double term = 1.0, total = 0.0;
    for (int k = 0; k <= last; ++k, term *= x / k) total += factor[k] * term;
    return total;
  }

  int last;
  std::array<double, 16> weight{}, integral{};
};

// 16-point Gauss-Legendre on [0, 1], positive half.
constexpr std::array<double, 8> NODE = {0.0950125098376374, 0.2816035507792589, 0.4580167776572274, 0.6178762444026438,
                                        0.7554044083550030, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499};
constexpr std::array<double, 8> WEIGHT = {0.1894506104550685, 0.1826034150449236, 0.1691565193950025, 0.1495959888165767,
                                          0.1246289712555339, 0.0951585116824928, 0.0622535239386479, 0.0271524594117541};

/// Integral of f over [from, to] in panels no wider than `panel`.
template <class Function> Screening integrate(Function f, double from, double to, double panel)
{
  const int panels = std::max(1, static_cast<int>(std::ceil((to - from) / panel)));
  const double half = 0.5 * (to - from) / panels;
  Screening total{0.0, 0.0};
  for (int p = 0; p < panels; ++p) {
    const double middle = from + (2 * p + 1) * half;
    for (std::size_t k = 0; k < NODE.size(); ++k) {
      for (double sign : {-1.0, 1.0}) {
        const Screening s = f(middle + sign * half * NODE[k]);
        total.value += half * WEIGHT[k] * s.value;
        total.slope += half * WEIGHT[k] * s.slope;
      }
    }
  }
  return total;
}

}    // namespace

Screening slater_screening(const SlaterDensity &a, const SlaterDensity &b, double r)
{
  // The potential of i averaged over the shells of j. The 1/t part of it gives 1/max(r, s), whose average leaves the
  // first term; the rest, averaged over a shell of radius s about a point at distance r, the integral over t.
  const Potential i(a), j(b);
  const auto shell_average = [&](double s) {
    const double inside = std::fabs(r - s), outside = r + s, density = 0.5 * j.shell(s) / s;
    return Screening{density * (i.hole_beyond(inside) - i.hole_beyond(outside)),
                     density * (i.hole(outside) - std::copysign(i.hole(inside), r - s))};
  };
  // Below r the average goes like exp((i.a - j.a) s): with unlike densities all of it stands near one end.
  const double panel = 5.0 / std::max(i.a, j.a), beyond = 60.0 / (i.a + j.a), near = FADED / std::fabs(i.a - j.a);
  const double from = i.a > j.a ? std::max(0.0, r - near) : 0.0, to = i.a > j.a ? r : std::min(r, near);
  const Screening below = integrate(shell_average, from, to, panel), above = integrate(shell_average, r, r + beyond, panel);
  const double numerator = j.hole(r) + below.value + above.value;
  return {numerator / r, (j.hole_slope(r) + below.slope + above.slope - numerator / r) / r};
}

Screening point_slater_screening(double lambda, double r)
{
  const double decay = std::exp(-2.0 * r / lambda), value = (1.0 + r / lambda) * decay / r;
  return {value, decay / (lambda * r) - value * (2.0 / lambda + 1.0 / r)};
}

namespace {
constexpr int ORDER = 9;
constexpr double WIDEST = 0.25, FINEST = 1.0;    // panel: at most 0.25 Angstrom and FINEST / decay
constexpr double VANISHED = 150.0;               // decay lengths after which r S is nothing: below 1e-40
}    // namespace

template <class Function> void ScreeningTable::add_panels(Function screening, double decay, double from, double to)
{
  const double step = std::min(WIDEST, FINEST / decay);
  const int panels = static_cast<int>(std::ceil((to - from) / step)) + 1;
  const auto q = [&](double r) { return screening(r).value * r * std::exp(kappa * r); };
  stretches.push_back({from, 1.0 / step, coefficients.size()});
  for (int p = 0; p < panels; ++p) {
    const auto panel = chebyshev_polynomial(q, from + p * step, from + (p + 1) * step, ORDER);
    coefficients.insert(coefficients.end(), panel.begin(), panel.end());
  }
}

ScreeningTable::ScreeningTable(const SlaterDensity &a, const SlaterDensity &b, double cutoff)
    : kappa(2.0 * std::min(a.zeta, b.zeta)), vanishes(VANISHED / kappa)
{
  const auto screening = [&](double r) { return slater_screening(a, b, r); };
  const double faster = 2.0 * std::max(a.zeta, b.zeta), end = std::min(cutoff, vanishes);
  const double smooth = FADED / (faster - kappa);    // where the faster decay has gone from Q
  add_panels(screening, faster, 0.0, std::min(end, smooth));
  if (smooth < end) add_panels(screening, kappa, smooth, end);
}

ScreeningTable::ScreeningTable(double lambda, double cutoff) : kappa(2.0 / lambda), vanishes(VANISHED / kappa)
{
  add_panels([&](double r) { return point_slater_screening(lambda, r); }, kappa, 0.0, std::min(cutoff, vanishes));
}

Screening ScreeningTable::operator()(double r) const
{
  if (r >= vanishes) return {0.0, 0.0};
  const Stretch &stretch = r < stretches.back().from ? stretches.front() : stretches.back();
  const double position = (r - stretch.from) * stretch.inverse_step;
  const int p = static_cast<int>(position);
  const double u = 2.0 * (position - p) - 1.0;
  const double *c = &coefficients[stretch.first + static_cast<std::size_t>(p) * (ORDER + 1)];
  double q = c[ORDER], slope = 0.0;
  for (int k = ORDER - 1; k >= 0; --k) {
    slope = slope * u + q;
    q = q * u + c[k];
  }
  const double decay = std::exp(-kappa * r) / r, value = decay * q;
  return {value, decay * slope * 2.0 * stretch.inverse_step - value * (kappa + 1.0 / r)};
}

}    // namespace esgap
