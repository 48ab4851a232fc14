#include "expansion.h"

#include "cutoff.h"
#include "radial.h"

#include <algorithm>
#include <numeric>

namespace esgap::gap {
namespace {

constexpr double Y00 = 0.28209479177387814347;

// WIDTH neighbours of one species; places behind the last hold a point without weight.
struct WidePoints {
  alignas(64) double x[WIDTH], y[WIDTH], z[WIDTH], r[WIDTH];

  WidePoints(const Neighbour *neighbours, const int *seen)
  {
    for (int i = 0; i < WIDTH; ++i) {
      static constexpr Neighbour NOBODY{1.0, 0.0, 0.0, 1.0, 0};
      const Neighbour &n = seen[i] < 0 ? NOBODY : neighbours[seen[i]];
      x[i] = n.x;
      y[i] = n.y;
      z[i] = n.z;
      r[i] = n.r;
    }
  }
};

// Records of WIDTH neighbours, and their share of their species' coefficients.
ESGAP_CLONES void expand(const Shape &shape, const Table &radial, const Harmonics &harmonics, const WidePoints &points, const int *seen, double *record, double *y,
                         double *coefficients)
{
  const int length = 2 * shape.record();
  for (int i = 0; i < WIDTH; ++i) {
    double *value = record + i * length, *slope = value + shape.record();
    for (int k = 0; k < (seen[i] < 0 ? length : 0); ++k) value[k] = 0.0;
    if (seen[i] < 0) continue;
    evaluate(radial, points.r[i], value, slope);
    ESGAP_VEC(value + shape.record() - Shape::SPILL) = ESGAP_VEC(slope + shape.record() - Shape::SPILL) = Vec{};
  }
  using Points = Wide::type;
  evaluate_lanes<Wide, false>(harmonics, ESGAP_CVEC(points.x), ESGAP_CVEC(points.y), ESGAP_CVEC(points.z), ESGAP_CVEC(points.r), reinterpret_cast<Points *>(y),
                              static_cast<Points *>(nullptr), static_cast<Points *>(nullptr), static_cast<Points *>(nullptr));
  for (int l = 0; l < shape.l_count; ++l)
    for (int k = 0; k < shape.row[l]; k += WIDTH) {
      const double *value = record + shape.column[l] + k;
      double *out = coefficients + shape.expansion_at[l] + k;
      for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm, out += shape.row[l]) {
        Vec total = ESGAP_CVEC(out);
        for (int i = 0; i < WIDTH; ++i) total += y[lm * WIDTH + i] * ESGAP_CVEC(value + i * length);
        ESGAP_VEC(out) = total;
      }
    }
}

ESGAP_INLINE double sum(const Vec &v)
{
  double total = 0.0;
  for (int i = 0; i < WIDTH; ++i) total += v[i];
  return total;
}

// Gradients by WIDTH neighbours' places, from the derivative by their species' coefficients; y: scratch of 4 x lm_count x WIDTH.
ESGAP_CLONES void contract(const Shape &shape, const Harmonics &harmonics, const WidePoints &points, const int *seen, const double *record, const double *by_coefficients, double *y,
                           double *gradient)
{
  using Points = Wide::type;
  const int several = shape.l_count * shape.l_count * WIDTH;
  double *gx = y + several, *gy = gx + several, *gz = gy + several;
  evaluate_lanes<Wide, true>(harmonics, ESGAP_CVEC(points.x), ESGAP_CVEC(points.y), ESGAP_CVEC(points.z), ESGAP_CVEC(points.r), reinterpret_cast<Points *>(y),
                             reinterpret_cast<Points *>(gx), reinterpret_cast<Points *>(gy), reinterpret_cast<Points *>(gz));
  for (int i = 0; i < WIDTH && seen[i] >= 0; ++i, record += 2 * shape.record()) {
    Vec along = {}, across[3] = {};
    for (int l = 0; l < shape.l_count; ++l)
      for (int k = 0; k < shape.row[l]; k += WIDTH) {
        const double *b = by_coefficients + shape.expansion_at[l] + k;
        Vec total = {}, x = {}, yy = {}, z = {};
        for (int at = l * l * WIDTH + i; at < (l + 1) * (l + 1) * WIDTH; at += WIDTH, b += shape.row[l]) {
          total += y[at] * ESGAP_CVEC(b);
          x += gx[at] * ESGAP_CVEC(b);
          yy += gy[at] * ESGAP_CVEC(b);
          z += gz[at] * ESGAP_CVEC(b);
        }
        const double *value = record + shape.column[l] + k;
        along += total * ESGAP_CVEC(value + shape.record());
        across[0] += x * ESGAP_CVEC(value);
        across[1] += yy * ESGAP_CVEC(value);
        across[2] += z * ESGAP_CVEC(value);
      }
    const double radial = sum(along) / points.r[i];
    double *g = gradient + 3 * seen[i];
    g[0] += sum(across[0]) + radial * points.x[i];
    g[1] += sum(across[1]) + radial * points.y[i];
    g[2] += sum(across[2]) + radial * points.z[i];
  }
}

void grow(Doubles &v, std::size_t n)
{
  if (v.size() < n) v.resize(n);
}

}    // namespace

RadialSpan own_functions(int n_max, int l_max)
{
  RadialSpan span{n_max, std::vector<int>(l_max + 1, n_max), {}};
  std::vector<double> unit(n_max * n_max, 0.0);
  for (int n = 0; n < n_max; ++n) unit[n * n_max + n] = 1.0;
  span.basis.assign(l_max + 1, unit);
  return span;
}

std::size_t Expansion::Scratch::bytes() const
{
  return (record.size() + coefficients.size() + harmonics.size()) * sizeof(double) + (seen.size() + first.size() + species.size()) * sizeof(int);
}

Expansion::Expansion(const SoapTerm &term, const std::vector<int> &elements, const RadialSpan &span)
    : sizes(static_cast<int>(term.species.size()), span.functions), kept(span.functions), cutoff(term.cutoff), own_species(-1), harmonics(term.l_max)
{
  for (int element : elements) {
    const auto found = std::find(term.species.begin(), term.species.end(), element);
    species_of_element.push_back(found == term.species.end() ? -1 : static_cast<int>(found - term.species.begin()));
    if (element == term.z) own_species = species_of_element.back();
  }
  const RadialBasis basis(cutoff, term.sigma, term.n_max, term.l_max);
  for (int k = 0; k < span.functions[0]; ++k) at_centre.push_back(term.central_weight * basis.at_centre() * Y00 * span.at(0, 0, k));
  std::vector<double> raw(term.n_max * (term.l_max + 1));
  const auto functions = [&](double r, double *values) {
    basis.evaluate(r, raw.data());
    // The table's panels end where the cutoff function has its kinks: inside one it is one formula or the other.
    const double f = cutoff_function(r, cutoff, term.transition);
    for (int l = 0; l <= term.l_max; ++l)
      for (int k = 0; k < sizes.functions[l]; ++k) {
        double h = 0.0;
        for (int n = 0; n < term.n_max; ++n) h += raw[l * term.n_max + n] * span.at(l, n, k);
        *values++ = f * h;
      }
  };
  radial = Table(functions, sizes.columns, cutoff, term.transition, term.sigma);
}

void Expansion::begin(Scratch &scratch) const
{
  scratch.seen.clear();
  scratch.species.clear();
  scratch.first.assign(1, 0);
  grow(scratch.coefficients, sizes.expansion);
  grow(scratch.harmonics, static_cast<std::size_t>(4) * sizes.l_count * sizes.l_count * WIDTH);
}

// Appends the neighbours that count, by species in fours.
void Expansion::gather(const Centre &centre, Scratch &scratch) const
{
  for (int s = 0; s < sizes.n_species; ++s) {
    for (int j = 0; j < centre.count; ++j)
      if (centre.neighbours[j].r < cutoff && species_of_element[centre.neighbours[j].species] == s) scratch.seen.push_back(j);
    while (scratch.seen.size() % WIDTH) scratch.seen.push_back(-1);
    scratch.species.resize(scratch.seen.size() / WIDTH, s);
  }
  scratch.first.push_back(static_cast<int>(scratch.species.size()));
  grow(scratch.record, scratch.seen.size() * 2 * sizes.record());
}

void Expansion::density(const Centre &centre, Scratch &scratch, double *density) const
{
  gather(centre, scratch);
  int e = scratch.first[scratch.first.size() - 2];
  std::fill_n(density, sizes.density, 0.0);
  for (int s = 0; s < sizes.n_species; ++s) {
    double *coefficients = scratch.coefficients.data();
    std::fill_n(coefficients, sizes.expansion, 0.0);
    for (; e < scratch.first.back() && scratch.species[e] == s; ++e) {
      const int *seen = &scratch.seen[static_cast<std::size_t>(e) * WIDTH];
      expand(sizes, radial, harmonics, {centre.neighbours, seen}, seen, scratch.record.data() + static_cast<std::size_t>(e) * WIDTH * 2 * sizes.record(), scratch.harmonics.data(),
             coefficients);
    }
    if (s == own_species)
      for (std::size_t k = 0; k < at_centre.size(); ++k) coefficients[k] += at_centre[k];
    for (int l = 0; l < sizes.l_count; ++l)
      for (int m = 0; m < 2 * l + 1; ++m)
        std::copy_n(coefficients + sizes.expansion_at[l] + m * sizes.row[l], kept[l], density + sizes.density_at[l] + m * sizes.stride[l] + s * sizes.functions[l]);
  }
}

void Expansion::add_gradient(Centre &centre, int b, Scratch &scratch, const double *by_density) const
{
  int e = scratch.first[b];
  for (int s = 0; s < sizes.n_species; ++s) {
    double *by_coefficients = scratch.coefficients.data();
    std::fill_n(by_coefficients, sizes.expansion, 0.0);
    for (int l = 0; l < sizes.l_count; ++l)
      for (int m = 0; m < 2 * l + 1; ++m)
        std::copy_n(by_density + sizes.density_at[l] + m * sizes.stride[l] + s * sizes.functions[l], kept[l], by_coefficients + sizes.expansion_at[l] + m * sizes.row[l]);
    for (; e < scratch.first[b + 1] && scratch.species[e] == s; ++e) {
      const int *seen = &scratch.seen[static_cast<std::size_t>(e) * WIDTH];
      contract(sizes, harmonics, {centre.neighbours, seen}, seen, scratch.record.data() + static_cast<std::size_t>(e) * WIDTH * 2 * sizes.record(), by_coefficients,
               scratch.harmonics.data(), centre.gradient);
    }
  }
}

}    // namespace esgap::gap
