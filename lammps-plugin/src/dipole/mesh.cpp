#include "mesh.h"

#include "../gap/simd.h"

#include <algorithm>
#include <cmath>

namespace esgap {

namespace {

constexpr double RESERVE = 1.03;    // of the edges of the cell
constexpr double MOST = 1 << 20;    // points along an edge: more than any mesh that is not refused

double length(const Cell &cell, int k)
{
  const Vector edge = cell.edge(k);
  return std::sqrt(dot(edge, edge));
}

// A wave with the fraction f of the mesh's frequency is spread with the wave of 1 - f beside it, weaker by (f/(1 - f))^(ORDER - 2) in its
// second derivative, and counts with its Gaussian. |k| is at least 2 pi f / spacing in a cell of any shape; that of the alias, which counts
// twice in the force on a dipole, is up to `skew` times longer than 2 pi (1 - f) / spacing.
double estimate(double spacing, double skew, double eta)
{
  double largest = 0.0;
  for (double f = 0.01; f < 0.505; f += 0.01) {
    const double k = 2.0 * M_PI * f / spacing;
    largest = std::max(largest, std::exp(-k * k / (4.0 * eta * eta)) * std::pow(f / (1.0 - f), ORDER - 2));
  }
  return skew * skew * largest;
}

// a*, b*, c*: gradients of the fractional coordinates.
std::array<Vector, 3> reciprocal(const Cell &cell)
{
  std::array<Vector, 3> star{};
  for (int d = 0; d < 3; ++d) {
    Vector unit{};
    unit[d] = 1.0;
    const Vector s = cell.fraction(unit);
    for (int k = 0; k < 3; ++k) star[k][d] = s[k];
  }
  return star;
}

// |edge| times |reciprocal edge|: 1 where the edge stands upright on the other two.
double skew(const Cell &cell, int k)
{
  const Vector star = reciprocal(cell)[k];
  return length(cell, k) * std::sqrt(dot(star, star));
}

int signed_frequency(int m, int n) { return 2 * m < n ? m : m - n; }

}    // namespace

ESGAP_CLONES void Mesh::Field::add(double factor, const Field &other)
{
  for (std::size_t k = 0; k < spectrum.size(); ++k) spectrum[k] += factor * other.spectrum[k];
  for (std::size_t k = 0; k < potential.size(); ++k) potential[k] += factor * other.potential[k];
}

void Mesh::choose(const Cell &cell, double eta_in, double accuracy)
{
  eta = eta_in;
  for (int d = 0; d < 3; ++d) {
    double spacing = 8.0 / eta;    // far too wide
    while (estimate(spacing, skew(cell, d), eta) > accuracy) spacing *= 0.99;
    const double least = std::clamp(std::ceil(RESERVE * length(cell, d) / spacing), 4.0, MOST);
    n[d] = fft_size(static_cast<int>(least), d == 0 ? 2 : 1);
  }
}

double Mesh::error(const Cell &cell) const
{
  double largest = 0.0;
  for (int d = 0; d < 3; ++d) largest = std::max(largest, estimate(length(cell, d) / n[d], skew(cell, d), eta));
  return largest;
}

Vector Mesh::wave(int h, int k, int l) const
{
  Vector out;
  const int m[3] = {signed_frequency(h, n[0]), signed_frequency(k, n[1]), signed_frequency(l, n[2])};
  for (int d = 0; d < 3; ++d) out[d] = 2.0 * M_PI * (m[0] * star[0][d] + m[1] * star[1][d] + m[2] * star[2][d]);
  return out;
}

void Mesh::set(const Cell &cell, double coulomb)
{
  forward = Fft(n[0] / 2, n[1], n[2]);
  backward = Fft(n[0] / 2, n[2], n[1]);
  cosines.resize(n[0] / 2);
  sines.resize(n[0] / 2);
  for (int h = 0; h < n[0] / 2; ++h) {
    cosines[h] = std::cos(2.0 * M_PI * h / n[0]);
    sines[h] = -std::sin(2.0 * M_PI * h / n[0]);
  }
  star = reciprocal(cell);
  std::array<std::vector<double>, 3> norm;
  for (int d = 0; d < 3; ++d)
    for (int m = 0; m < n[d]; ++m) norm[d].push_back(2 * m == n[d] ? 0.0 : spline_norm(m, n[d]));    // k and -k are one point at half the frequency: left out
  const int half = n[0] / 2;
  const std::size_t area = static_cast<std::size_t>(n[1]) * n[2];
  sum.resize(half * area);
  difference.resize(half * area);
  for (int h = 0; h < half; ++h)
    for (int l = 0; l < n[2]; ++l)
      for (int k = 0; k < n[1]; ++k) {
        double w[2];
        for (int side = 0; side < 2; ++side) {
          const Vector v = wave(h + side * half, k, l);
          const double k2 = dot(v, v), b2 = norm[0][h + side * half] * norm[1][k] * norm[2][l];
          w[side] = k2 > 0.0 ? b2 * 4.0 * M_PI * coulomb / cell.volume() * std::exp(-k2 / (4.0 * eta * eta)) / k2 : 0.0;
        }
        const std::size_t at = h * area + l * n[1] + k;
        sum[at] = w[0] + w[1];
        difference[at] = w[0] - w[1];
      }
}

void Mesh::place(const std::vector<Vector> &fractional)
{
  const int rest[3] = {n[1] * n[2], n[2], 1}, half = n[0] / 2;
  places.clear();
  for (const Vector &s : fractional) {
    std::array<std::array<int, ORDER>, 3> at;
    double w[3];
    for (int d = 0; d < 3; ++d) {
      const double x = (s[d] - std::floor(s[d])) * n[d];
      const int below = static_cast<int>(x);
      w[d] = x - below;
      for (int j = 0; j < ORDER; ++j) {
        const int m = ((below - j) % n[d] + n[d]) % n[d];
        at[d][j] = rest[d] * (d == 0 ? m / 2 + m % 2 * half : m);    // even planes stand before odd ones, see solve
      }
    }
    places.push_back({{Spline(w[0]), Spline(w[1]), Spline(w[2])}, at});
  }
}

Vector Mesh::by_spacing(const Vector &v) const { return {n[0] * dot(star[0], v), n[1] * dot(star[1], v), n[2] * dot(star[2], v)}; }

// Its transpose.
Vector Mesh::along_edges(const Vector &g) const
{
  Vector out;
  for (int d = 0; d < 3; ++d) out[d] = n[0] * g[0] * star[0][d] + n[1] * g[1] * star[1][d] + n[2] * g[2] * star[2][d];
  return out;
}

ESGAP_CLONES std::vector<double> Mesh::spread(const std::vector<int> &which, const double *charges, const Vector *dipoles) const
{
  std::vector<double> density(points(), 0.0);
  for (const int i : which) {
    const auto &[spline, at] = places[i];
    const double q = charges ? charges[i] : 0.0;
    const Vector p = dipoles ? by_spacing(dipoles[i]) : Vector{};
    for (int a = 0; a < ORDER; ++a)
      for (int b = 0; b < ORDER; ++b) {
        double *row = density.data() + at[0][a] + at[1][b];
        const double both = spline[0].value[a] * spline[1].value[b];
        const double even = q * both + p[0] * spline[0].first[a] * spline[1].value[b] + p[1] * spline[0].value[a] * spline[1].first[b], odd = p[2] * both;
        for (int c = 0; c < ORDER; ++c) row[at[2][c]] += even * spline[2].value[c] + odd * spline[2].first[c];
      }
  }
  return density;
}

// Even and odd planes are the real and the imaginary part of a complex mesh of half the size, Z = E + i O. With t = exp(-2 pi i h / n), the
// transform of the whole is E + t O in plane h and E - t O half the planes further; weights there and the way back act on E and O.
ESGAP_CLONES Mesh::Field Mesh::solve(std::vector<double> density)
{
  const int half = n[0] / 2, rows = n[2], columns = n[1];    // in Fourier space
  const std::size_t area = static_cast<std::size_t>(rows) * columns, count = half * area;
  forward.transform(density.data(), density.data() + count);
  std::vector<double> potential(points());
  const double *re = density.data(), *im = density.data() + count;
  for (int h = 0; h < half; ++h) {
    const double tr = cosines[h], ti = sines[h];
    for (int l = 0; l < rows; ++l) {
      const std::size_t here = h * area + l * columns, opposite = (half - h) % half * area + (rows - l) % rows * columns;
      for (int k = 0; k < columns; ++k) {
        const std::size_t at = here + k, minus = opposite + (k == 0 ? 0 : columns - k);
        const double er = 0.5 * (re[at] + re[minus]), ei = 0.5 * (im[at] - im[minus]), dr = 0.5 * (im[at] + im[minus]), di = 0.5 * (re[minus] - re[at]);
        const double s = sum[at], d = difference[at];
        const double nr = s * er + d * (tr * dr - ti * di), ni = s * ei + d * (tr * di + ti * dr);    // of even planes
        const double mr = s * dr + d * (tr * er + ti * ei), mi = s * di + d * (tr * ei - ti * er);    // of odd ones
        potential[at] = nr - mi;
        potential[count + at] = ni + mr;
      }
    }
  }
  backward.transform(potential.data() + count, potential.data());
  return {std::move(density), std::move(potential)};
}

ESGAP_CLONES void Mesh::slope(const Field &field, const std::vector<int> &which, std::vector<Vector> &out) const
{
  for (const int i : which) {
    const auto &[spline, at] = places[i];
    Vector g{};
    for (int a = 0; a < ORDER; ++a)
      for (int b = 0; b < ORDER; ++b) {
        const double *row = field.potential.data() + at[0][a] + at[1][b];
        double value = 0.0, first = 0.0;
        for (int c = 0; c < ORDER; ++c) value += row[at[2][c]] * spline[2].value[c], first += row[at[2][c]] * spline[2].first[c];
        g[0] += spline[0].first[a] * spline[1].value[b] * value;
        g[1] += spline[0].value[a] * spline[1].first[b] * value;
        g[2] += spline[0].value[a] * spline[1].value[b] * first;
      }
    out[i] = along_edges(g);
  }
}

ESGAP_CLONES void Mesh::forces(const Field &of_q, const Field &of_mu, const double *charges, const Vector *dipoles, std::vector<Vector> &out) const
{
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto &[spline, at] = places[i];
    const double q = charges[i];
    const Vector p = by_spacing(dipoles[i]);
    Vector g{};
    for (int a = 0; a < ORDER; ++a)
      for (int b = 0; b < ORDER; ++b) {
        const double *of_charges = of_q.potential.data() + at[0][a] + at[1][b], *of_dipoles = of_mu.potential.data() + at[0][a] + at[1][b];
        double value = 0.0, first = 0.0, v[3] = {0.0, 0.0, 0.0};    // v: of charges and dipoles, with the spline's derivatives
        for (int c = 0; c < ORDER; ++c) {
          const double mu = of_dipoles[at[2][c]], all = mu + of_charges[at[2][c]];
          value += mu * spline[2].value[c], first += mu * spline[2].first[c];
          v[0] += all * spline[2].value[c], v[1] += all * spline[2].first[c], v[2] += all * spline[2].second[c];
        }
        const double a0 = spline[0].value[a], a1 = spline[0].first[a], a2 = spline[0].second[a], b0 = spline[1].value[b], b1 = spline[1].first[b], b2 = spline[1].second[b];
        g[0] += q * a1 * b0 * value + p[0] * a2 * b0 * v[0] + p[1] * a1 * b1 * v[0] + p[2] * a1 * b0 * v[1];
        g[1] += q * a0 * b1 * value + p[0] * a1 * b1 * v[0] + p[1] * a0 * b2 * v[0] + p[2] * a0 * b1 * v[1];
        g[2] += q * a0 * b0 * first + p[0] * a1 * b0 * v[1] + p[1] * a0 * b1 * v[1] + p[2] * a0 * b0 * v[2];
      }
    const Vector x = along_edges(g);
    for (int d = 0; d < 3; ++d) out[i][d] = -x[d];
  }
}

std::array<double, 6> Mesh::virial(const Field &of_q, const Field &of_mu) const
{
  const int half = n[0] / 2, rows = n[2], columns = n[1];
  const std::size_t area = static_cast<std::size_t>(rows) * columns, count = half * area;
  std::array<double, 6> out{};
  for (int h = 0; h < half; ++h)
    for (int l = 0; l < rows; ++l)
      for (int k = 0; k < columns; ++k) {
        const std::size_t at = h * area + l * columns + k, minus = (half - h) % half * area + (rows - l) % rows * columns + (k == 0 ? 0 : columns - k);
        double er[2], ei[2], tr[2], ti[2];    // E and t O of charges and of dipoles
        for (int kind = 0; kind < 2; ++kind) {
          const double *re = (kind == 0 ? of_q : of_mu).spectrum.data(), *im = re + count;
          const double dr = 0.5 * (im[at] + im[minus]), di = 0.5 * (re[minus] - re[at]);
          er[kind] = 0.5 * (re[at] + re[minus]), ei[kind] = 0.5 * (im[at] - im[minus]);
          tr[kind] = cosines[h] * dr - sines[h] * di, ti[kind] = cosines[h] * di + sines[h] * dr;
        }
        for (int side = 0; side < 2; ++side) {
          const double sign = side == 0 ? 1.0 : -1.0, w = 0.5 * (sum[at] + sign * difference[at]);
          if (w == 0.0) continue;
          const double qr = er[0] + sign * tr[0], qi = ei[0] + sign * ti[0], mr = er[1] + sign * tr[1], mi = ei[1] + sign * ti[1];
          const double u = w * (qr * mr + qi * mi + 0.5 * (mr * mr + mi * mi));
          const Vector v = wave(h + side * half, k, l);
          const double f = 2.0 * u * (1.0 / dot(v, v) + 1.0 / (4.0 * eta * eta));
          for (int d = 0; d < 3; ++d) out[d] += u - f * v[d] * v[d];
          out[3] -= f * v[0] * v[1];
          out[4] -= f * v[0] * v[2];
          out[5] -= f * v[1] * v[2];
        }
      }
  return out;
}

}    // namespace esgap
