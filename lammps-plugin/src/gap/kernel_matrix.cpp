#include "kernel_matrix.h"

#include "cutoff.h"
#include "radial.h"
#include "simd.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace esgap::gap {
namespace {

constexpr int TILE = Panels::TILE, PANEL = Panels::PANEL;
constexpr int VIRIAL[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
constexpr double SQRT2 = 1.41421356237309504880, Y00 = 0.28209479177387814347;

int panels(int rows) { return (rows + PANEL - 1) / PANEL; }

// Place of element `row` of vector b among `count` vectors, as Panels::accumulate reads its factors panel after panel.
std::size_t factor_place(int row, int b, int count) { return (static_cast<std::size_t>(row / PANEL) * count + b) * PANEL + row % PANEL; }

// Rows of one tile of sparse points: energy, forces of all atoms, virial; TILE numbers each.
struct TileRows {
  double *energy, *forces, *virial;
  TileRows(double *rows, int atoms) : energy(rows), forces(rows + TILE), virial(rows + TILE * (1 + 3 * static_cast<std::size_t>(atoms))) {}
  static std::size_t size(int atoms) { return TILE * (7 + 3 * static_cast<std::size_t>(atoms)); }
};

// One neighbour's slopes dk_s/dr, three rows, go to the forces on both atoms and to the virial.
ESGAP_CLONES void scatter(const double *slope, const double *r, double *on_neighbour, double *on_centre, double *virial)
{
  for (int d = 0; d < 3; ++d)
    for (int s = 0; s < TILE; ++s) {
      on_neighbour[d * TILE + s] -= slope[d * TILE + s];
      on_centre[d * TILE + s] += slope[d * TILE + s];
    }
  for (int v = 0; v < 6; ++v) {
    const double ra = 0.5 * r[VIRIAL[v][0]], rb = 0.5 * r[VIRIAL[v][1]];
    const double *a = slope + VIRIAL[v][0] * TILE, *b = slope + VIRIAL[v][1] * TILE;
    for (int s = 0; s < TILE; ++s) virial[v * TILE + s] -= ra * b[s] + rb * a[s];
  }
}

// slope <- weight_s (x_s . dp - q_s along) / |p|, for the three directions: through the normalisation of p.
ESGAP_CLONES void normalise(double *slope, const double *along, const double *q, const double *weight)
{
  for (int d = 0; d < 3; ++d)
    for (int s = 0; s < TILE; ++s) slope[d * TILE + s] = weight[s] * (slope[d * TILE + s] - q[s] * along[d]);
}

// sum_s += sum over the rows of factor[row] x matrix[row][s]
ESGAP_CLONES void contract(const double *factor, const double *matrix, int rows, double *sum)
{
  for (int row = 0; row < rows; ++row, matrix += TILE)
    for (int s = 0; s < TILE; ++s) sum[s] += factor[row] * matrix[s];
}

}    // namespace

void PairKernel::add(const Configuration &config, const Rows &out, int column) const
{
  const double inverse = 1.0 / (term.theta * term.theta), scale = term.delta * term.delta, step = M_PI / term.transition;
  for (int i = 0; i < config.count; ++i)
    for (int k = config.first[i]; k < config.first[i + 1]; ++k) {
      const Neighbour &n = config.neighbours[k];
      const bool ours = (config.z[i] == term.z1 && n.species == term.z2) || (config.z[i] == term.z2 && n.species == term.z1);
      if (!ours || n.r >= term.cutoff) continue;
      const double f = cutoff_function(n.r, term.cutoff, term.transition), r[3] = {n.x, n.y, n.z};
      const double df = n.r < term.cutoff - term.transition ? 0.0 : -0.5 * step * std::sin(step * (n.r - term.cutoff + term.transition));
      for (int s = 0; s < term.sparse.count; ++s) {
        const double x = n.r - term.sparse.points[s], k_s = scale * term.sparse.factor[s] * std::exp(-0.5 * x * x * inverse);
        const std::size_t at = column + s;
        out.energy[at] += f * k_s;
        const double slope = (df - f * x * inverse) * k_s / n.r;
        for (int d = 0; d < 3 && out.forces; ++d) {
          out.forces[(3 * static_cast<std::size_t>(config.atom_of[k]) + d) * out.columns + at] -= slope * r[d];
          out.forces[(3 * static_cast<std::size_t>(i) + d) * out.columns + at] += slope * r[d];
        }
        for (int v = 0; v < 6 && out.virial; ++v) out.virial[static_cast<std::size_t>(v) * out.columns + at] -= slope * r[VIRIAL[v][0]] * r[VIRIAL[v][1]];
      }
    }
}

SoapKernel::SoapKernel(const SoapTerm &term)
    : z(term.z), l_max(term.l_max), n_max(term.n_max), n_species(static_cast<int>(term.species.size())), channels(n_species * n_max), points(term.sparse.count),
      n_padded(padded(n_max)), cutoff(term.cutoff), delta(term.delta), zeta(term.zeta), species(term.species), harmonics(term.l_max)
{
  const RadialBasis basis(cutoff, term.sigma, n_max, l_max);
  centre_coefficient = term.central_weight * basis.at_centre() * Y00;
  std::vector<double> raw(n_max * (l_max + 1));
  radial = Table(
      [&](double r, double *values) {
        basis.evaluate(r, raw.data());
        const double f = cutoff_function(r, cutoff, term.transition);
        std::fill_n(values, (l_max + 1) * n_padded, 0.0);
        for (int l = 0; l <= l_max; ++l)
          for (int n = 0; n < n_max; ++n) values[l * n_padded + n] = f * raw[l * n_max + n];
      },
      (l_max + 1) * n_padded, cutoff, term.transition, term.sigma);

  const int tiles = (points + TILE - 1) / TILE;
  sparse.assign(static_cast<std::size_t>(tiles) * n_species * (l_max + 1), Panels(channels, n_max * TILE));
  factor.assign(static_cast<std::size_t>(tiles) * TILE, 0.0);
  for (int s = 0; s < points; ++s) {
    factor[s] = term.sparse.factor[s];
    const double *x = &term.sparse.points[static_cast<std::size_t>(s) * term.sparse.dimensions];
    for (int big = 0; big < channels; ++big)
      for (int small = 0; small <= big; ++small)
        for (int l = 0; l <= l_max; ++l) {    // the file's order: l fastest
          const double value = *x++ / std::sqrt(2.0 * l + 1.0) * (big == small ? 2.0 : SQRT2);
          const auto matrix = [&](int channel) -> Panels & { return sparse[(static_cast<std::size_t>(s / TILE) * n_species + channel / n_max) * (l_max + 1) + l]; };
          matrix(small).at(big, small % n_max * TILE + s % TILE) = value;
          matrix(big).at(small, big % n_max * TILE + s % TILE) = value;
        }
  }
}

SoapKernel::Surroundings SoapKernel::look(const Configuration &config, int atom, bool slopes) const
{
  const int rows = (l_max + 1) * (l_max + 1) * n_max;
  const auto species_of = [&](int number) { return static_cast<int>(std::find(species.begin(), species.end(), number) - species.begin()); };
  Surroundings out;
  out.atom = atom;
  out.species.resize(n_species);
  out.by_species.assign(n_species, Doubles(rows, 0.0));
  for (int k = config.first[atom]; k < config.first[atom + 1]; ++k) {
    const int s = species_of(config.neighbours[k].species);
    if (s < n_species && config.neighbours[k].r < cutoff) out.species[s].neighbours.push_back(k);
  }
  for (int s = 0; s < n_species; ++s) {
    auto &own = out.species[s];
    if (slopes) own.jacobian.assign(static_cast<std::size_t>(panels(rows)) * 3 * own.neighbours.size() * PANEL, 0.0);
    for (std::size_t j = 0; j < own.neighbours.size(); ++j) expand(config.neighbours[own.neighbours[j]], static_cast<int>(j), out.by_species[s].data(), own, slopes);
  }
  const int own = species_of(z);
  if (own < n_species) out.by_species[own][0] += centre_coefficient;
  weigh(out, slopes);
  return out;
}

// The share of the neighbour with number j of its species in the coefficients, and their derivatives by its place.
void SoapKernel::expand(const Neighbour &n, int j, double *coefficients, Surroundings::Species &own, bool slopes) const
{
  const int lm_padded = padded((l_max + 1) * (l_max + 1)), count = 3 * static_cast<int>(own.neighbours.size());
  Doubles value((l_max + 1) * n_padded), slope(value.size()), y(4 * lm_padded);
  const double unit[3] = {n.x / n.r, n.y / n.r, n.z / n.r}, *gradient[3] = {&y[lm_padded], &y[2 * lm_padded], &y[3 * lm_padded]};
  evaluate(radial, n.r, value.data(), slope.data());
  evaluate(harmonics, n.x, n.y, n.z, n.r, y.data(), &y[lm_padded], &y[2 * lm_padded], &y[3 * lm_padded]);
  for (int l = 0, lm = 0; l <= l_max; ++l)
    for (; lm < (l + 1) * (l + 1); ++lm)
      for (int k = 0; k < n_max; ++k) {
        const double g = value[l * n_padded + k], dg = slope[l * n_padded + k];
        coefficients[lm * n_max + k] += g * y[lm];
        for (int d = 0; d < 3 && slopes; ++d) own.jacobian[factor_place(lm * n_max + k, 3 * j + d, count)] = dg * y[lm] * unit[d] + g * gradient[d][lm];
      }
}

// |p|^2 = sum_l 1/(2l+1) sum_KK' P_l^2 with P_l = sum_m c_K c_K', and d|p| = sum 2/(2l+1) P_l c / |p| dc.
void SoapKernel::weigh(Surroundings &out, bool slopes) const
{
  const int rows = (l_max + 1) * (l_max + 1) * n_max;
  std::vector<Doubles> by_c(n_species, Doubles(rows, 0.0));
  double square = 0.0;
  for (int l = 0; l <= l_max; ++l) {
    const auto c = [&](int m, int channel) { return out.by_species[channel / n_max][(l * l + m) * n_max + channel % n_max]; };
    out.by_l.emplace_back(static_cast<std::size_t>(panels(channels)) * (2 * l + 1) * PANEL, 0.0);
    for (int big = 0; big < channels; ++big) {
      for (int m = 0; m < 2 * l + 1; ++m) out.by_l.back()[factor_place(big, m, 2 * l + 1)] = c(m, big);
      for (int small = 0; small < channels; ++small) {
        double power = 0.0;
        for (int m = 0; m < 2 * l + 1; ++m) power += c(m, big) * c(m, small);
        square += power * power / (2 * l + 1);
        for (int m = 0; m < 2 * l + 1; ++m) by_c[big / n_max][(l * l + m) * n_max + big % n_max] += 2.0 * power / (2 * l + 1) * c(m, small);
      }
    }
  }
  out.norm = std::sqrt(square);
  for (int s = 0; s < n_species && slopes; ++s) {
    auto &own = out.species[s];
    const int count = 3 * static_cast<int>(own.neighbours.size());
    own.along.assign(count, 0.0);
    for (int row = 0; row < rows; ++row)
      for (int b = 0; b < count; ++b) own.along[b] += by_c[s][row] / out.norm * own.jacobian[factor_place(row, b, count)];
  }
}

void SoapKernel::add_tile(const Configuration &config, const Surroundings &atom, int tile, bool slopes, std::vector<Panels> &g, Doubles &slope, double *rows) const
{
  if (!(atom.norm > 0.0)) return;    // no neighbour and no centre: no descriptor
  const int lm_rows = (l_max + 1) * (l_max + 1) * n_max, stride = n_max * TILE;
  TileRows out(rows, config.count);
  double q[TILE] = {}, weight[TILE];
  for (int s = 0; s < n_species; ++s) {
    double *product = &g[s].at(0, 0);    // one tile wide, so row after row
    std::fill_n(product, static_cast<std::size_t>(lm_rows) * TILE, 0.0);
    for (int l = 0; l <= l_max; ++l) {
      const Panels &x = sparse[(static_cast<std::size_t>(tile) * n_species + s) * (l_max + 1) + l];
      for (int p = 0; p < x.count(); ++p) x.accumulate(p, &atom.by_l[l][static_cast<std::size_t>(p) * (2 * l + 1) * PANEL], 2 * l + 1, product + static_cast<std::size_t>(l) * l * stride, stride);
    }
    contract(atom.by_species[s].data(), product, lm_rows, q);
  }
  for (int k = 0; k < TILE; ++k) {
    q[k] *= 0.5 / atom.norm;
    const double power = factor[tile * TILE + k] * delta * delta * std::pow(std::max(q[k], 0.0), zeta - 1.0);
    out.energy[k] += power * q[k];
    weight[k] = zeta * power / atom.norm;
  }
  for (int s = 0; s < n_species && slopes; ++s) {
    const auto &own = atom.species[s];
    const int count = 3 * static_cast<int>(own.neighbours.size());
    if (!count) continue;
    slope.assign(static_cast<std::size_t>(count) * TILE, 0.0);
    for (int p = 0; p < g[s].count(); ++p) g[s].accumulate(p, &own.jacobian[static_cast<std::size_t>(p) * count * PANEL], count, slope.data(), TILE);
    for (std::size_t j = 0; j < own.neighbours.size(); ++j) {
      const int k = own.neighbours[j];
      const Neighbour &n = config.neighbours[k];
      const double r[3] = {n.x, n.y, n.z};
      normalise(&slope[3 * j * TILE], &own.along[3 * j], q, weight);
      scatter(&slope[3 * j * TILE], r, out.forces + 3 * static_cast<std::size_t>(config.atom_of[k]) * TILE, out.forces + 3 * static_cast<std::size_t>(atom.atom) * TILE, out.virial);
    }
  }
}

void SoapKernel::add(const Configuration &config, const Rows &out, int column) const
{
  const bool slopes = out.forces || out.virial;
  std::vector<int> centres;
  for (int i = 0; i < config.count; ++i)
    if (config.z[i] == z) centres.push_back(i);
  std::vector<Panels> g(n_species, Panels((l_max + 1) * (l_max + 1) * n_max, TILE));
  Doubles slope, rows(TileRows::size(config.count));
  for (std::size_t begin = 0; begin < centres.size(); begin += CHUNK) {
    std::vector<Surroundings> surroundings;
    for (std::size_t i = begin; i < std::min(begin + CHUNK, centres.size()); ++i) surroundings.push_back(look(config, centres[i], slopes));
    for (int tile = 0; tile * TILE < points; ++tile) {
      std::fill(rows.begin(), rows.end(), 0.0);
      for (const auto &atom : surroundings) add_tile(config, atom, tile, slopes, g, slope, rows.data());
      const TileRows found(rows.data(), config.count);
      const int some = std::min(TILE, points - tile * TILE);
      const auto give = [&](const double *from, double *to, int count) {
        for (int row = 0; to && row < count; ++row)
          for (int k = 0; k < some; ++k) to[static_cast<std::size_t>(row) * out.columns + column + tile * TILE + k] += from[row * TILE + k];
      };
      give(found.energy, out.energy, 1);
      give(found.forces, out.forces, 3 * config.count);
      give(found.virial, out.virial, 6);
    }
  }
}

}    // namespace esgap::gap
