#include "reciprocal.h"

#include <algorithm>
#include <cmath>

namespace esgap {

namespace {

constexpr double PI = 3.14159265358979323846;

double norm2(const Vector &v)
{
  return dot(v, v);
}

}    // namespace

Vector Reciprocal::vector(const Row &row, int l) const
{
  Vector out;
  for (int d = 0; d < 3; ++d) out[d] = row.h * b[0][d] + row.k * b[1][d] + l * b[2][d];
  return out;
}

void Reciprocal::set(const std::array<Vector, 3> &reciprocal, double volume, double eta, double accuracy, double coulomb)
{
  b = reciprocal;
  inverse_4eta2 = 1.0 / (4.0 * eta * eta);
  const double longest2 = -std::log(accuracy) / inverse_4eta2;
  // b[2] is along z, b[1] has no x: each integer is bounded by the one component that the later ones do not change
  n1 = static_cast<int>(std::sqrt(longest2) / std::fabs(b[0][0]));
  n2 = n3 = 0;
  rows.clear();
  weight.clear();
  for (int h = 0; h <= n1; ++h) {
    const double left1 = longest2 - h * h * b[0][0] * b[0][0];
    if (left1 < 0.0) continue;
    const double reach2 = std::sqrt(left1), at2 = h * b[0][1];
    for (int k = static_cast<int>(std::ceil((-reach2 - at2) / b[1][1])); at2 + k * b[1][1] <= reach2; ++k) {
      if (h == 0 && k < 0) continue;
      const double y = at2 + k * b[1][1], left2 = left1 - y * y;
      if (left2 < 0.0) continue;
      const double reach3 = std::sqrt(left2), at3 = h * b[0][2] + k * b[1][2];
      int first = static_cast<int>(std::ceil((-reach3 - at3) / b[2][2])), last = static_cast<int>(std::floor((reach3 - at3) / b[2][2]));
      if (h == 0 && k == 0) first = 1;
      if (first > last) continue;
      rows.push_back({h, k, first, last, count()});
      n2 = std::max(n2, std::abs(k));
      n3 = std::max({n3, std::abs(first), std::abs(last)});
      for (int l = first; l <= last; ++l) {
        const double k2 = norm2(vector(rows.back(), l));
        weight.push_back(8.0 * PI * coulomb / volume * std::exp(-k2 * inverse_4eta2) / k2);
      }
    }
  }
}

void Reciprocal::place(const std::vector<Vector> &fractional)
{
  const std::size_t n = fractional.size();
  phase1.resize(n * (n1 + 1));
  phase2.resize(n * (2 * n2 + 1));
  cos3.resize(n * (2 * n3 + 1));
  sin3.resize(n * (2 * n3 + 1));
  for (std::size_t i = 0; i < n; ++i) {
    const Vector &s = fractional[i];
    for (int h = 0; h <= n1; ++h) phase1[i * (n1 + 1) + h] = {std::cos(2 * PI * h * s[0]), std::sin(2 * PI * h * s[0])};
    for (int k = -n2; k <= n2; ++k) phase2[i * (2 * n2 + 1) + n2 + k] = {std::cos(2 * PI * k * s[1]), std::sin(2 * PI * k * s[1])};
    for (int l = -n3; l <= n3; ++l) {
      cos3[i * (2 * n3 + 1) + n3 + l] = std::cos(2 * PI * l * s[2]);
      sin3[i * (2 * n3 + 1) + n3 + l] = std::sin(2 * PI * l * s[2]);
    }
  }
}

Reciprocal::Phase Reciprocal::start(int atom, const Row &row) const
{
  const Phase &p = phase1[static_cast<std::size_t>(atom) * (n1 + 1) + row.h], &q = phase2[static_cast<std::size_t>(atom) * (2 * n2 + 1) + n2 + row.k];
  return {p.re * q.re - p.im * q.im, p.re * q.im + p.im * q.re};
}

void Reciprocal::add(StructureFactor &s, const std::vector<int> &which, const double *charges, const Vector *dipoles) const
{
  for (const int i : which) {
    const double *c3 = cosines(i), *s3 = sines(i);
    const double q = charges ? charges[i] : 0.0, step = dipoles ? dot(b[2], dipoles[i]) : 0.0;
    for (const Row &row : rows) {
      const Phase p = start(i, row);
      const double at_zero = dipoles ? dot(vector(row, 0), dipoles[i]) : 0.0;
      double *re = s.re.data() + row.offset - row.first, *im = s.im.data() + row.offset - row.first;
      for (int l = row.first; l <= row.last; ++l) {
        const double c = p.re * c3[l] - p.im * s3[l], sn = p.re * s3[l] + p.im * c3[l], kappa = at_zero + l * step;
        re[l] += q * c - kappa * sn;
        im[l] += q * sn + kappa * c;
      }
    }
  }
}

void Reciprocal::slope(const StructureFactor &s, const std::vector<int> &which, std::vector<Vector> &out) const
{
  for (const int i : which) {
    const double *c3 = cosines(i), *s3 = sines(i);
    Vector sum{};
    for (const Row &row : rows) {
      const Phase p = start(i, row);
      const double *re = s.re.data() + row.offset - row.first, *im = s.im.data() + row.offset - row.first, *w = weight.data() + row.offset - row.first;
      double zeroth = 0.0, first = 0.0;
      for (int l = row.first; l <= row.last; ++l) {
        const double c = p.re * c3[l] - p.im * s3[l], sn = p.re * s3[l] + p.im * c3[l];
        const double term = w[l] * (c * im[l] - sn * re[l]);
        zeroth += term;
        first += l * term;
      }
      const Vector k = vector(row, 0);
      for (int d = 0; d < 3; ++d) sum[d] += zeroth * k[d] + first * b[2][d];
    }
    out[i] = sum;
  }
}

void Reciprocal::forces(const StructureFactor &of_q, const StructureFactor &of_mu, const double *charges, const Vector *dipoles, std::vector<Vector> &out) const
{
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double *c3 = cosines(static_cast<int>(i)), *s3 = sines(static_cast<int>(i));
    const double q = charges[i], step = dot(b[2], dipoles[i]);
    Vector sum{};
    for (const Row &row : rows) {
      const Phase p = start(static_cast<int>(i), row);
      const double at_zero = dot(vector(row, 0), dipoles[i]);
      const int shift = row.offset - row.first;
      const double *qre = of_q.re.data() + shift, *qim = of_q.im.data() + shift, *mre = of_mu.re.data() + shift, *mim = of_mu.im.data() + shift, *w = weight.data() + shift;
      double zeroth = 0.0, first = 0.0;
      for (int l = row.first; l <= row.last; ++l) {
        const double c = p.re * c3[l] - p.im * s3[l], sn = p.re * s3[l] + p.im * c3[l], kappa = at_zero + l * step;
        const double term = w[l] * (kappa * (c * (qre[l] + mre[l]) + sn * (qim[l] + mim[l])) + q * (sn * mre[l] - c * mim[l]));
        zeroth += term;
        first += l * term;
      }
      const Vector k = vector(row, 0);
      for (int d = 0; d < 3; ++d) sum[d] += zeroth * k[d] + first * b[2][d];
    }
    out[i] = sum;
  }
}

double Reciprocal::energy(const StructureFactor &of_q, const StructureFactor &of_mu, std::array<double, 6> &virial) const
{
  double total = 0.0;
  virial.fill(0.0);
  for (const Row &row : rows)
    for (int l = row.first; l <= row.last; ++l) {
      const int at = row.offset + l - row.first;
      const double re = of_mu.re[at], im = of_mu.im[at];
      const double u = weight[at] * (of_q.re[at] * re + of_q.im[at] * im + 0.5 * (re * re + im * im));
      const Vector k = vector(row, l);
      const double f = 2.0 * u * (1.0 / norm2(k) + inverse_4eta2);
      total += u;
      virial[0] += u - f * k[0] * k[0];
      virial[1] += u - f * k[1] * k[1];
      virial[2] += u - f * k[2] * k[2];
      virial[3] -= f * k[0] * k[1];
      virial[4] -= f * k[0] * k[2];
      virial[5] -= f * k[1] * k[2];
    }
  return total;
}

}    // namespace esgap
