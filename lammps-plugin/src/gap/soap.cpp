#include "soap.h"

#include "spectrum.h"

#include <algorithm>
#include <cmath>

namespace esgap::gap {
namespace {

constexpr double SQRT2 = 1.41421356237309504880;

// q^exponent for WIDTH numbers; a small whole exponent is `times`, otherwise -1.
struct Power {
  double exponent;
  int times;

  explicit Power(double e) : exponent(e), times(e == std::floor(e) && e >= 0.0 && e < 16.0 ? static_cast<int>(e) : -1) {}
};

ESGAP_INLINE void raise(const Power &power, const double *q, double *out)
{
  if (power.times < 0) {
    for (int i = 0; i < WIDTH; ++i) out[i] = std::pow(std::max(q[i], 0.0), power.exponent);    // rounding may leave -1e-20
    return;
  }
  Vec product = Vec{} + 1.0;
  for (int k = 0; k < power.times; ++k) product *= ESGAP_CVEC(q);
  ESGAP_VEC(out) = product;
}

// The kernel of one centre with a panel of sparse points: returns its share of the energy; `slope` = derivatives by the
// overlaps q; `kernel`, when wanted: covariances.
ESGAP_CLONES double kernel_of_panel(double zeta, const double *q, const double *weight, double *slope, double *kernel, const double *scale)
{
  const Power power(zeta - 1.0);
  double energy = 0.0;
  for (int s = 0; s < Panels::PANEL; s += WIDTH) {
    alignas(64) double raised[WIDTH];
    raise(power, q + s, raised);
    const Vec w = ESGAP_CVEC(weight + s) * ESGAP_CVEC(raised), e = w * ESGAP_CVEC(q + s);
    ESGAP_VEC(slope + s) = zeta * w;
    for (int i = 0; i < WIDTH; ++i) energy += e[i];
    if (kernel) ESGAP_VEC(kernel + s) = ESGAP_CVEC(scale + s) * ESGAP_CVEC(raised) * ESGAP_CVEC(q + s);
  }
  return energy;
}

// slope <- (slope - (slope . p) p) / norm: through the normalisation of p, of length 1.
ESGAP_CLONES void through_normalisation(int width, double norm, const double *p, double *slope)
{
  Vec along = {};
  for (int k = 0; k < width; k += WIDTH) along += ESGAP_CVEC(slope + k) * ESGAP_CVEC(p + k);
  double total = 0.0;
  for (int i = 0; i < WIDTH; ++i) total += along[i];
  const double inverse = norm > 0.0 ? 1.0 / norm : 0.0;
  for (int k = 0; k < width; k += WIDTH) ESGAP_VEC(slope + k) = (ESGAP_CVEC(slope + k) - total * ESGAP_CVEC(p + k)) * inverse;
}

// For FOUR centres: sum_m += sum over s of kernel_s alpha_sm; `sums`: where their sums are.
constexpr int FOUR = 4;
ESGAP_CLONES void weigh(int rows, const double *kernel, const double *alpha, int stride, double *const *sums)
{
  for (int m = 0; m < stride; m += WIDTH) {
    Vec total[FOUR] = {};
    for (int s = 0; s < rows; ++s)
      for (int b = 0; b < FOUR; ++b) total[b] += kernel[b * rows + s] * ESGAP_CVEC(alpha + static_cast<std::size_t>(s) * stride + m);
    for (int b = 0; b < FOUR; ++b)
      if (sums[b]) ESGAP_VEC(sums[b] + m) += total[b];
  }
}

void grow(Doubles &v, std::size_t n)
{
  if (v.size() < n) v.resize(n);
}

// One sparse point from the file's order (K, K' <= K, l, with l fastest; channels (species, n)) to that of `shape`, its channels
// rotated by the span: X_l -> B^T X_l B for each pair of species.
class Rotation {
 public:
  Rotation(const Shape &shape, const RadialSpan &span) : shape(shape), span(span), matrix(static_cast<std::size_t>(channels()) * channels()), half(matrix.size()) {}

  template <class Store> void operator()(const double *point, Store store)
  {
    for (int l = 0, at = 0; l < shape.l_count; ++l) {
      fill(point, l);
      const int k_l = shape.functions[l];
      for (int row = 0; row < channels(); ++row)    // half = X B
        for (int s = 0; s < shape.n_species; ++s)
          for (int k = 0; k < k_l; ++k) half[row * channels() + s * k_l + k] = dot(&matrix[row * channels() + s * span.n_max], 1, l, k);
      for (int big = 0; big < shape.channels[l]; ++big)
        for (int small = 0; small <= big; ++small)
          store(at++, dot(&half[static_cast<std::size_t>(big / k_l) * span.n_max * channels() + small], channels(), l, big % k_l) * (small < big ? SQRT2 : 1.0));
    }
  }

 private:
  int channels() const { return shape.n_species * span.n_max; }

  void fill(const double *point, int l)
  {
    for (int big = 0; big < channels(); ++big)
      for (int small = 0; small <= big; ++small) {
        const double value = point[(big * (big + 1) / 2 + small) * shape.l_count + l];
        matrix[big * channels() + small] = matrix[small * channels() + big] = small < big ? value / SQRT2 : value;
      }
  }

  double dot(const double *numbers, int stride, int l, int k) const
  {
    double sum = 0.0;
    for (int n = 0; n < span.n_max; ++n) sum += numbers[n * stride] * span.at(l, n, k);
    return sum;
  }

  const Shape &shape;
  const RadialSpan &span;
  std::vector<double> matrix, half;
};

}    // namespace

std::size_t SoapScratch::bytes() const
{
  std::size_t numbers = 0;
  for (const auto *v : {&density, &descriptor, &norm, &overlap, &factor, &slope, &kernel}) numbers += v->size();
  return numbers * sizeof(double) + expansion.bytes();
}

Soap::Soap(const SoapTerm &term, const std::vector<int> &elements, const RadialSpan &span)
    : z(term.z), count(term.sparse.count), in_file(term.sparse.dimensions), cutoff(term.cutoff), delta(term.delta), zeta(term.zeta), expansion(term, elements, span),
      sparse(count, expansion.shape().power)
{
  width = sparse.width();
  weight.assign(sparse.rows(), 0.0);
  factor.assign(sparse.rows(), 0.0);
  Rotation rotation(expansion.shape(), span);
  for (int s = 0; s < count; ++s) {
    weight[s] = delta * delta * term.sparse.weight[s];
    factor[s] = delta * delta * term.sparse.factor[s];
    rotation(&term.sparse.points[static_cast<std::size_t>(s) * in_file], [&](int k, double value) { sparse.at(s, k) = value; });
  }
}

void Soap::resize(SoapScratch &scratch) const
{
  const Shape &shape = expansion.shape();
  grow(scratch.density, static_cast<std::size_t>(BLOCK + 1) * shape.density + shape.widest * shape.widest);
  grow(scratch.descriptor, static_cast<std::size_t>(BLOCK) * width + Shape::SPILL);
  grow(scratch.slope, static_cast<std::size_t>(BLOCK) * width + Shape::SPILL);
  grow(scratch.overlap, static_cast<std::size_t>(BLOCK) * Panels::PANEL);
  grow(scratch.factor, static_cast<std::size_t>(BLOCK) * Panels::PANEL);
  grow(scratch.norm, BLOCK);
}

void Soap::normalise(double *power, double &norm) const
{
  double square = 0.0;
  for (int k = 0; k < dimensions(); ++k) square += power[k] * power[k];
  norm = std::sqrt(square);
  const double inverse = square > 0.0 ? 1.0 / norm : 0.0;
  for (int k = 0; k < dimensions(); ++k) power[k] *= inverse;
  std::fill(power + dimensions(), power + width, 0.0);
}

void Soap::describe_block(const Centre *centres, int count, SoapScratch &scratch) const
{
  resize(scratch);
  expansion.begin(scratch.expansion);
  for (int b = 0; b < count; ++b) {
    double *density = scratch.density.data() + static_cast<std::size_t>(b) * expansion.shape().density, *power = scratch.descriptor.data() + static_cast<std::size_t>(b) * width;
    expansion.density(centres[b], scratch.expansion, density);
    power_spectrum(expansion.shape(), density, power);
    normalise(power, scratch.norm[b]);
  }
}

// Adds to the energies; `slope` = their derivatives by the descriptors. Each panel of sparse points is used twice while it is
// near. `kernel`, when kept: covariances of centres and sparse points.
void Soap::regress(int count, SoapScratch &scratch, double *energies, bool keep_kernel) const
{
  std::fill_n(scratch.slope.data(), static_cast<std::size_t>(count) * width, 0.0);
  if (keep_kernel) grow(scratch.kernel, static_cast<std::size_t>(BLOCK) * sparse.rows());
  for (int p = 0; p < sparse.count(); ++p) {
    sparse.project(p, scratch.descriptor.data(), count, width, scratch.overlap.data());
    const int first = p * Panels::PANEL;
    for (int b = 0; b < count; ++b)
      energies[b] += kernel_of_panel(zeta, &scratch.overlap[b * Panels::PANEL], &weight[first], &scratch.factor[b * Panels::PANEL],
                                     keep_kernel ? &scratch.kernel[static_cast<std::size_t>(b) * sparse.rows() + first] : nullptr, &factor[first]);
    sparse.accumulate(p, scratch.factor.data(), count, scratch.slope.data(), width);
  }
}

void Soap::add(Centre *centres, int count, SoapScratch &scratch, bool keep_kernel) const
{
  double energies[BLOCK] = {};
  describe_block(centres, count, scratch);
  regress(count, scratch, energies, keep_kernel);
  add_gradients(centres, count, scratch);
  for (int b = 0; b < count; ++b) centres[b].energy += energies[b];
}

void Soap::add_variances(Centre *centres, int count, const SoapScratch &scratch, const SparseVariance &variance) const
{
  double explained[BLOCK];
  variance.explained(scratch.kernel.data(), count, sparse.rows(), explained);
  for (int b = 0; b < count; ++b) centres[b].variance += delta * delta + VARIANCE_NOISE * VARIANCE_NOISE - explained[b];
}

void Soap::add_members(Centre *centres, int count, const SoapScratch &scratch, const Doubles &alpha, int stride) const
{
  for (int begin = 0; begin < count; begin += FOUR) {
    double *sums[FOUR];
    for (int b = 0; b < FOUR; ++b) sums[b] = begin + b < count ? centres[begin + b].members : nullptr;
    weigh(sparse.rows(), &scratch.kernel[static_cast<std::size_t>(begin) * sparse.rows()], alpha.data(), stride, sums);
  }
}

SparseVariance Soap::variance() const
{
  // All dot products first, panel by panel; for that each point must lie in one piece.
  Doubles rows(static_cast<std::size_t>(count) * width), dots(static_cast<std::size_t>(count) * sparse.rows());
  for (int s = 0; s < count; ++s)
    for (int k = 0; k < width; ++k) rows[static_cast<std::size_t>(s) * width + k] = sparse.at(s, k);
  for (int p = 0; p < sparse.count(); ++p) sparse.project(p, rows.data(), count, width, &dots[static_cast<std::size_t>(p) * count * Panels::PANEL]);
  const auto dot = [&](int s, int t) { return dots[(static_cast<std::size_t>(t / Panels::PANEL) * count + s) * Panels::PANEL + t % Panels::PANEL]; };
  return {count, [&](int s, int t) { return factor[s] * factor[t] / (delta * delta) * std::pow(std::max(dot(s, t), 0.0), zeta); }};
}

void Soap::add_gradients(Centre *centres, int count, SoapScratch &scratch) const
{
  const Shape &shape = expansion.shape();
  double *by_density = scratch.density.data() + static_cast<std::size_t>(BLOCK) * shape.density, *square = by_density + shape.density;
  for (int b = 0; b < count; ++b) {
    double *slope = scratch.slope.data() + static_cast<std::size_t>(b) * width;
    through_normalisation(width, scratch.norm[b], scratch.descriptor.data() + static_cast<std::size_t>(b) * width, slope);
    power_spectrum_backward(shape, scratch.density.data() + static_cast<std::size_t>(b) * shape.density, slope, square, by_density);
    expansion.add_gradient(centres[b], b, scratch.expansion, by_density);
  }
}

void Soap::describe(const Centre &centre, SoapScratch &scratch, double *descriptor) const
{
  describe_block(&centre, 1, scratch);
  const Shape &shape = expansion.shape();
  const double *power = scratch.descriptor.data();
  for (int l = 0; l < shape.l_count; ++l)
    for (int pair = 0; pair < shape.channels[l] * (shape.channels[l] + 1) / 2; ++pair) descriptor[pair * shape.l_count + l] = *power++;
  descriptor[in_file - 1] = 0.0;
}

}    // namespace esgap::gap
