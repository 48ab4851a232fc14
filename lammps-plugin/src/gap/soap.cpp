#include "soap.h"

#include "cutoff.h"
#include "matrix.h"
#include "radial.h"
#include "simd.h"

#include <algorithm>
#include <cmath>

namespace esgap::gap {
namespace {

constexpr double SQRT2 = 1.41421356237309504880;

// Sizes of the arrays below. A neighbour's record: radial values and slopes (l, n padded), harmonics and their three
// gradients (lm padded), unit vector.
struct Shape {
  int n_padded, l_count, lm_count, lm_padded, n_species, n_max, channels, k_padded;

  int radial() const { return l_count * n_padded; }
  int record() const { return 2 * radial() + 4 * lm_padded + WIDTH; }
  int expansion() const { return n_species * lm_count * n_padded; }    // c_snlm with n fastest
  int density() const { return lm_count * k_padded; }                  // the same with the channel (s, n) fastest
};

Shape shape_of(int n_max, int l_max, int n_species)
{
  const int lm = (l_max + 1) * (l_max + 1), channels = n_species * n_max;
  return {padded(n_max), l_max + 1, lm, padded(lm), n_species, n_max, channels, padded(channels)};
}

// Record of one neighbour, and its share of the expansion coefficients.
ESGAP_CLONES void expand(const Shape &shape, const Table &radial, const Harmonics &harmonics, const Neighbour &n, double *record, double *expansion)
{
  double *value = record, *slope = record + shape.radial(), *y = slope + shape.radial();
  evaluate(radial, n.r, value, slope);
  evaluate(harmonics, n.x, n.y, n.z, n.r, y, y + shape.lm_padded, y + 2 * shape.lm_padded, y + 3 * shape.lm_padded);
  double *unit = y + 4 * shape.lm_padded;
  unit[0] = n.x / n.r;
  unit[1] = n.y / n.r;
  unit[2] = n.z / n.r;
  for (int l = 0, lm = 0; l < shape.l_count; ++l)
    for (int m = 0; m < 2 * l + 1; ++m, ++lm)
      for (int k = 0; k < shape.n_padded; k += WIDTH) ESGAP_VEC(expansion + lm * shape.n_padded + k) += y[lm] * ESGAP_CVEC(value + l * shape.n_padded + k);
}

// Power spectrum sum_m c_K c_K', K >= K', row after row of K, l slowest; factors sqrt(2) off the diagonal, (2l+1)^-1/2.
ESGAP_CLONES void power_spectrum(const Shape &shape, const double *density, double *power)
{
  double row[WIDTH * 64];
  for (int l = 0; l < shape.l_count; ++l) {
    const double factor = 1.0 / std::sqrt(2.0 * l + 1.0), off = SQRT2 * factor;
    const double *block = density + l * l * shape.k_padded;
    for (int big = 0; big < shape.channels; ++big) {
      for (int k = 0; k <= big; k += WIDTH) {
        Vec total = {};
        for (int m = 0; m < 2 * l + 1; ++m) total += block[m * shape.k_padded + big] * ESGAP_CVEC(block + m * shape.k_padded + k);
        ESGAP_VEC(row + k) = total * off;
      }
      for (int k = 0; k < big; ++k) *power++ = row[k];
      *power++ = row[big] * (factor / off);
    }
  }
}

// Derivative by the density from the derivative by the power spectrum.
ESGAP_CLONES void power_spectrum_backward(const Shape &shape, const double *density, const double *by_power, double *square, double *by_density)
{
  for (int l = 0; l < shape.l_count; ++l) {
    const double factor = 1.0 / std::sqrt(2.0 * l + 1.0), off = SQRT2 * factor;
    for (int big = 0; big < shape.channels; ++big) {
      for (int k = 0; k < big; ++k) square[big * shape.k_padded + k] = square[k * shape.k_padded + big] = off * *by_power++;
      square[big * shape.k_padded + big] = 2.0 * factor * *by_power++;
    }
    for (int m = 0; m < 2 * l + 1; ++m) {
      const double *c = density + (l * l + m) * shape.k_padded;
      double *out = by_density + (l * l + m) * shape.k_padded;
      for (int k = 0; k < shape.k_padded; k += WIDTH) {
        Vec total = {};
        for (int big = 0; big < shape.channels; ++big) total += c[big] * ESGAP_CVEC(square + big * shape.k_padded + k);
        ESGAP_VEC(out + k) = total;
      }
    }
  }
}

// Gradient by one neighbour's place, from the derivative by its species' expansion coefficients.
ESGAP_CLONES void neighbour_gradient(const Shape &shape, const double *record, const double *by_expansion, double *gradient)
{
  const double *value = record, *slope = record + shape.radial(), *y = slope + shape.radial();
  const double *gx = y + shape.lm_padded, *gy = gx + shape.lm_padded, *gz = gy + shape.lm_padded, *unit = gz + shape.lm_padded;
  Vec along = {}, x = {}, yy = {}, z = {};
  for (int l = 0, lm = 0; l < shape.l_count; ++l)
    for (int m = 0; m < 2 * l + 1; ++m, ++lm)
      for (int k = 0; k < shape.n_padded; k += WIDTH) {
        const Vec b = ESGAP_CVEC(by_expansion + lm * shape.n_padded + k), radial = b * ESGAP_CVEC(value + l * shape.n_padded + k);
        along += y[lm] * (b * ESGAP_CVEC(slope + l * shape.n_padded + k));
        x += gx[lm] * radial;
        yy += gy[lm] * radial;
        z += gz[lm] * radial;
      }
  double radial_total = 0.0, total[3] = {0.0, 0.0, 0.0};
  for (int k = 0; k < WIDTH; ++k) {
    radial_total += along[k];
    total[0] += x[k];
    total[1] += yy[k];
    total[2] += z[k];
  }
  for (int k = 0; k < 3; ++k) gradient[k] += total[k] + radial_total * unit[k];
}

double power_of(double q, double exponent)
{
  if (exponent == std::floor(exponent) && exponent > 0.0 && exponent < 16.0) {
    double product = 1.0;
    for (int k = 0; k < static_cast<int>(exponent); ++k) product *= q;
    return product;
  }
  return std::pow(q, exponent);
}

}    // namespace

std::size_t SoapScratch::bytes() const
{
  std::size_t numbers = 0;
  for (const auto *v : {&density, &descriptor, &norm, &overlap, &factor, &slope, &neighbour, &kernel}) numbers += v->size();
  return numbers * sizeof(double) + (neighbour_of.size() + first.size()) * sizeof(int);
}

Soap::Soap(const SoapTerm &term, const std::vector<int> &elements)
    : z(term.z), l_max(term.l_max), n_max(term.n_max), n_species(static_cast<int>(term.species.size())), channels(n_species * n_max),
      points(term.sparse.count), file_dimensions(term.sparse.dimensions), cutoff(term.cutoff), delta(term.delta), zeta(term.zeta), own_species(-1),
      harmonics(term.l_max)
{
  const Shape shape = shape_of(n_max, l_max, n_species);
  for (int element : elements) {
    const auto found = std::find(term.species.begin(), term.species.end(), element);
    species_of_element.push_back(found == term.species.end() ? -1 : static_cast<int>(found - term.species.begin()));
    if (element == z) own_species = species_of_element.back();
  }
  const RadialBasis basis(cutoff, term.sigma, n_max, l_max);
  centre_coefficient = term.central_weight * basis.at_centre() * 0.28209479177387814347;    // Y_00
  std::vector<double> raw(n_max * (l_max + 1));
  const auto functions = [&](double r, double *values) {
    basis.evaluate(r, raw.data());
    // The panels end where the cutoff function has its kinks: inside one it is one formula or the other.
    const double f = cutoff_function(r, cutoff, term.transition);
    std::fill_n(values, shape.radial(), 0.0);
    for (int l = 0; l <= l_max; ++l)
      for (int n = 0; n < n_max; ++n) values[l * shape.n_padded + n] = f * raw[l * n_max + n];
  };
  radial = Table(functions, shape.radial(), cutoff, term.transition, term.sigma);

  // The file runs over K, K' <= K, l with l fastest; here l is slowest. The last element is always 0 and left out.
  const int pairs = channels * (channels + 1) / 2;
  for (int l = 0; l <= l_max; ++l)
    for (int pair = 0; pair < pairs; ++pair) file_position.push_back(pair * (l_max + 1) + l);
  sparse = Panels(term.sparse.count, pairs * (l_max + 1));
  width = sparse.width();
  weight.assign(sparse.rows(), 0.0);
  factor.assign(sparse.rows(), 0.0);
  for (int s = 0; s < points; ++s) {
    weight[s] = delta * delta * term.sparse.weight[s];
    factor[s] = term.sparse.factor[s];
    for (std::size_t k = 0; k < file_position.size(); ++k)
      sparse.at(s, static_cast<int>(k)) = term.sparse.points[static_cast<std::size_t>(s) * file_dimensions + file_position[k]];
  }
}

void Soap::resize(SoapScratch &scratch) const
{
  const Shape shape = shape_of(n_max, l_max, n_species);
  const auto grow = [](Doubles &v, std::size_t n) { if (v.size() < n) v.resize(n); };
  grow(scratch.density, static_cast<std::size_t>(BLOCK) * shape.density() + 2 * shape.expansion() + shape.density() + shape.k_padded * shape.k_padded);
  grow(scratch.descriptor, static_cast<std::size_t>(BLOCK) * width);
  grow(scratch.slope, static_cast<std::size_t>(BLOCK) * width);
  grow(scratch.overlap, static_cast<std::size_t>(BLOCK) * Panels::PANEL);
  grow(scratch.factor, static_cast<std::size_t>(BLOCK) * Panels::PANEL);
  grow(scratch.norm, BLOCK);
  if (scratch.first.size() < BLOCK + 1) scratch.first.resize(BLOCK + 1);
}

void Soap::describe_block(const Centre *centres, int count, SoapScratch &scratch) const
{
  resize(scratch);
  const Shape shape = shape_of(n_max, l_max, n_species);
  double *expansion = scratch.density.data() + static_cast<std::size_t>(BLOCK) * shape.density();
  scratch.neighbour_of.clear();
  for (int b = 0; b < count; ++b) {
    const Centre &centre = centres[b];
    scratch.first[b] = static_cast<int>(scratch.neighbour_of.size());
    for (int j = 0; j < centre.count; ++j)
      if (centre.neighbours[j].r < cutoff && species_of_element[centre.neighbours[j].species] >= 0) scratch.neighbour_of.push_back(j);
  }
  scratch.first[count] = static_cast<int>(scratch.neighbour_of.size());
  if (scratch.neighbour.size() < scratch.neighbour_of.size() * shape.record()) scratch.neighbour.resize(scratch.neighbour_of.size() * shape.record());

  for (int b = 0; b < count; ++b) {
    std::fill_n(expansion, shape.expansion(), 0.0);
    for (int k = scratch.first[b]; k < scratch.first[b + 1]; ++k) {
      const Neighbour &n = centres[b].neighbours[scratch.neighbour_of[k]];
      expand(shape, radial, harmonics, n, scratch.neighbour.data() + static_cast<std::size_t>(k) * shape.record(),
             expansion + species_of_element[n.species] * shape.lm_count * shape.n_padded);
    }
    if (own_species >= 0) expansion[own_species * shape.lm_count * shape.n_padded] += centre_coefficient;

    double *density = scratch.density.data() + static_cast<std::size_t>(b) * shape.density();
    std::fill_n(density, shape.density(), 0.0);
    for (int s = 0; s < n_species; ++s)
      for (int lm = 0; lm < shape.lm_count; ++lm) std::copy_n(expansion + (s * shape.lm_count + lm) * shape.n_padded, n_max, density + lm * shape.k_padded + s * n_max);

    double *power = scratch.descriptor.data() + static_cast<std::size_t>(b) * width;
    std::fill_n(power, width, 0.0);
    power_spectrum(shape, density, power);
    double square = 0.0;
    for (int k = 0; k < width; ++k) square += power[k] * power[k];
    scratch.norm[b] = std::sqrt(square);
    const double inverse = square > 0.0 ? 1.0 / scratch.norm[b] : 0.0;
    for (int k = 0; k < width; ++k) power[k] *= inverse;
  }
}

// Energies, and `slope` = their derivatives by the descriptors. Each panel of sparse points is used twice while it is near.
// `kernel`, when kept: covariances of centres and sparse points.
void Soap::regress(Centre *centres, int count, SoapScratch &scratch, bool keep_kernel) const
{
  std::fill_n(scratch.slope.data(), static_cast<std::size_t>(count) * width, 0.0);
  for (int p = 0; p < sparse.count(); ++p) {
    sparse.project(p, scratch.descriptor.data(), count, width, scratch.overlap.data());
    const int first = p * Panels::PANEL;
    for (int b = 0; b < count; ++b)
      for (int s = 0; s < Panels::PANEL; ++s) {
        const int k = b * Panels::PANEL + s;
        const double q = scratch.overlap[k], power = power_of(q, zeta - 1.0);
        centres[b].energy += weight[first + s] * power * q;
        scratch.factor[k] = zeta * weight[first + s] * power;
        if (keep_kernel) scratch.kernel[static_cast<std::size_t>(b) * sparse.rows() + first + s] = delta * delta * factor[first + s] * power * q;
      }
    sparse.accumulate(p, scratch.factor.data(), count, scratch.slope.data(), width);
  }
}

void Soap::add(Centre *centres, int count, SoapScratch &scratch, const SparseVariance *variance) const
{
  if (variance && scratch.kernel.size() < static_cast<std::size_t>(BLOCK) * sparse.rows()) scratch.kernel.resize(static_cast<std::size_t>(BLOCK) * sparse.rows());
  describe_block(centres, count, scratch);
  regress(centres, count, scratch, variance != nullptr);
  add_gradients(centres, count, scratch);
  if (!variance) return;
  double explained[BLOCK];
  variance->explained(scratch.kernel.data(), count, sparse.rows(), explained);
  for (int b = 0; b < count; ++b) centres[b].variance += delta * delta + VARIANCE_NOISE * VARIANCE_NOISE - explained[b];
}

SparseVariance Soap::variance() const
{
  // All dot products first, panel by panel; for that each point must lie in one piece.
  Doubles rows(static_cast<std::size_t>(points) * width), dots(static_cast<std::size_t>(points) * sparse.rows());
  for (int s = 0; s < points; ++s)
    for (int k = 0; k < width; ++k) rows[static_cast<std::size_t>(s) * width + k] = sparse.at(s, k);
  for (int p = 0; p < sparse.count(); ++p) sparse.project(p, rows.data(), points, width, &dots[static_cast<std::size_t>(p) * points * Panels::PANEL]);
  const auto dot = [&](int s, int t) { return dots[(static_cast<std::size_t>(t / Panels::PANEL) * points + s) * Panels::PANEL + t % Panels::PANEL]; };
  return {points, [&](int s, int t) { return delta * delta * factor[s] * factor[t] * power_of(dot(s, t), zeta); }};
}

void Soap::add_gradients(Centre *centres, int count, SoapScratch &scratch) const
{
  const Shape shape = shape_of(n_max, l_max, n_species);
  double *by_expansion = scratch.density.data() + static_cast<std::size_t>(BLOCK) * shape.density();
  double *by_density = by_expansion + shape.expansion(), *square = by_density + shape.density();
  std::fill_n(by_expansion, shape.expansion(), 0.0);
  std::fill_n(square, shape.k_padded * shape.k_padded, 0.0);
  for (int b = 0; b < count; ++b) {
    // Through the normalisation p / |p|: what points along p does not count.
    const double *p = scratch.descriptor.data() + static_cast<std::size_t>(b) * width;
    double *slope = scratch.slope.data() + static_cast<std::size_t>(b) * width;
    double along = 0.0;
    for (int k = 0; k < width; ++k) along += slope[k] * p[k];
    const double inverse = scratch.norm[b] > 0.0 ? 1.0 / scratch.norm[b] : 0.0;
    for (int k = 0; k < width; ++k) slope[k] = (slope[k] - along * p[k]) * inverse;

    power_spectrum_backward(shape, scratch.density.data() + static_cast<std::size_t>(b) * shape.density(), slope, square, by_density);
    for (int s = 0; s < n_species; ++s)
      for (int lm = 0; lm < shape.lm_count; ++lm) std::copy_n(by_density + lm * shape.k_padded + s * n_max, n_max, by_expansion + (s * shape.lm_count + lm) * shape.n_padded);
    for (int k = scratch.first[b]; k < scratch.first[b + 1]; ++k) {
      const int j = scratch.neighbour_of[k];
      neighbour_gradient(shape, scratch.neighbour.data() + static_cast<std::size_t>(k) * shape.record(),
                         by_expansion + species_of_element[centres[b].neighbours[j].species] * shape.lm_count * shape.n_padded, centres[b].gradient + 3 * j);
    }
  }
}

void Soap::describe(const Centre &centre, SoapScratch &scratch, double *descriptor) const
{
  describe_block(&centre, 1, scratch);
  std::fill_n(descriptor, file_dimensions, 0.0);
  for (std::size_t k = 0; k < file_position.size(); ++k) descriptor[file_position[k]] = scratch.descriptor[k];
}

}    // namespace esgap::gap
