#include "fft.h"

#include "../gap/simd.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace esgap {

namespace {

constexpr int CHUNK = 64;    // lines along the planes that are transformed together: they stay in the cache

// Sums of 2 ... 5 values with powers of exp(-2 pi i / 2) ... exp(-2 pi i / 5), in place.
ESGAP_INLINE void butterfly(double (&re)[2], double (&im)[2])
{
  const double r = re[1], i = im[1];
  re[1] = re[0] - r, im[1] = im[0] - i;
  re[0] += r, im[0] += i;
}

ESGAP_INLINE void butterfly(double (&re)[3], double (&im)[3])
{
  constexpr double S = 0.86602540378443864676;    // sin 120
  const double tr = re[1] + re[2], ti = im[1] + im[2], mr = re[0] - 0.5 * tr, mi = im[0] - 0.5 * ti;
  const double dr = S * (re[1] - re[2]), di = S * (im[1] - im[2]);
  re[0] += tr, im[0] += ti;
  re[1] = mr + di, im[1] = mi - dr;
  re[2] = mr - di, im[2] = mi + dr;
}

ESGAP_INLINE void butterfly(double (&re)[4], double (&im)[4])
{
  const double ar = re[0] + re[2], ai = im[0] + im[2], br = re[0] - re[2], bi = im[0] - im[2];
  const double cr = re[1] + re[3], ci = im[1] + im[3], dr = re[1] - re[3], di = im[1] - im[3];
  re[0] = ar + cr, im[0] = ai + ci;
  re[1] = br + di, im[1] = bi - dr;
  re[2] = ar - cr, im[2] = ai - ci;
  re[3] = br - di, im[3] = bi + dr;
}

ESGAP_INLINE void butterfly(double (&re)[5], double (&im)[5])
{
  constexpr double C1 = 0.30901699437494742410, S1 = 0.95105651629515357212;     // of 72
  constexpr double C2 = -0.80901699437494742410, S2 = 0.58778525229247312917;    // of 144
  const double pr = re[1] + re[4], pi = im[1] + im[4], qr = re[2] + re[3], qi = im[2] + im[3];
  const double ar = re[1] - re[4], ai = im[1] - im[4], br = re[2] - re[3], bi = im[2] - im[3];
  const double mr = re[0] + C1 * pr + C2 * qr, mi = im[0] + C1 * pi + C2 * qi, nr = re[0] + C2 * pr + C1 * qr, ni = im[0] + C2 * pi + C1 * qi;
  const double sr = S1 * ar + S2 * br, si = S1 * ai + S2 * bi, tr = S2 * ar - S1 * br, ti = S2 * ai - S1 * bi;
  re[0] += pr + qr, im[0] += pi + qi;
  re[1] = mr + si, im[1] = mi - sr;
  re[4] = mr - si, im[4] = mi + sr;
  re[2] = nr + ti, im[2] = ni - tr;
  re[3] = nr - ti, im[3] = ni + tr;
}

struct Stage {
  int m, run, stride;    // groups; numbers side by side in a value; step in the table of powers
  const double *cosines, *sines, *from_re, *from_im;
  double *to_re, *to_im;
};

// One step of Stockham's algorithm: m groups of R values, each value a run of numbers side by side; the results come out in order.
template <int R> ESGAP_INLINE void step(const Stage &s)
{
  const int m = s.m, run = s.run;
  for (int p = 0; p < m; ++p) {
    double wr[R], wi[R];
    for (int t = 0; t < R; ++t) wr[t] = s.cosines[p * t * s.stride], wi[t] = s.sines[p * t * s.stride];
    const double *__restrict ar = s.from_re + p * run, *__restrict ai = s.from_im + p * run;
    double *__restrict br = s.to_re + R * p * run, *__restrict bi = s.to_im + R * p * run;
    for (int q = 0; q < run; ++q) {
      double re[R], im[R];
      for (int u = 0; u < R; ++u) re[u] = ar[u * m * run + q], im[u] = ai[u * m * run + q];
      butterfly(re, im);
      for (int t = 0; t < R; ++t) {
        br[t * run + q] = re[t] * wr[t] - im[t] * wi[t];
        bi[t * run + q] = re[t] * wi[t] + im[t] * wr[t];
      }
    }
  }
}

}    // namespace

int fft_size(int n, int of)
{
  for (int size = (n + of - 1) / of * of;; size += of) {
    int left = size;
    for (const int radix : {2, 3, 5})
      while (left % radix == 0) left /= radix;
    if (left == 1) return size;
  }
}

Fft::Lines Fft::lines(int n)
{
  Lines out{n, {}, std::vector<double>(n), std::vector<double>(n)};
  int left = n;
  for (const int radix : {4, 2, 3, 5})
    for (; left % radix == 0; left /= radix) out.radices.push_back(radix);
  for (int k = 0; k < n; ++k) {
    out.re[k] = std::cos(2.0 * M_PI * k / n);
    out.im[k] = -std::sin(2.0 * M_PI * k / n);
  }
  return out;
}

Fft::Fft(int planes, int rows_in, int columns_in) : rows(rows_in), columns(columns_in), along_planes(lines(planes)), along_rows(lines(rows)), along_columns(lines(columns))
{
  one.resize(2 * static_cast<std::size_t>(std::max(planes * CHUNK, rows * columns)));
  other.resize(one.size());
}

// `batch` lines side by side, (place on the line, line). Returns where the result is: in `from` or in `to`, each overwritten.
ESGAP_CLONES double *Fft::along(const Lines &l, int batch, double *from, double *to) const
{
  int left = l.n, run = batch;
  for (const int radix : l.radices) {
    const int stride = l.n / left, m = left / radix, imaginary = l.n * batch;
    const Stage stage{m, run, stride, l.re.data(), l.im.data(), from, from + imaginary, to, to + imaginary};
    if (radix == 2) step<2>(stage);
    if (radix == 3) step<3>(stage);
    if (radix == 4) step<4>(stage);
    if (radix == 5) step<5>(stage);
    std::swap(from, to);
    left = m;
    run *= radix;
  }
  return from;
}

void Fft::transform(double *re, double *im)
{
  const int planes = along_planes.n, area = rows * columns;
  for (int first = 0; first < area; first += CHUNK) {
    const int batch = std::min(CHUNK, area - first);
    double *part = one.data();
    for (const double *source : {re, im})
      for (int k = 0; k < planes; ++k, part += batch) std::copy_n(source + static_cast<std::size_t>(k) * area + first, batch, part);
    part = along(along_planes, batch, one.data(), other.data());
    for (double *target : {re, im})
      for (int k = 0; k < planes; ++k, part += batch) std::copy_n(part, batch, target + static_cast<std::size_t>(k) * area + first);
  }
  for (int k = 0; k < planes; ++k) {
    const std::size_t at = static_cast<std::size_t>(k) * area;
    std::copy_n(re + at, area, one.data());
    std::copy_n(im + at, area, one.data() + area);
    const double *by_rows = along(along_rows, columns, one.data(), other.data());
    double *turned = by_rows == one.data() ? other.data() : one.data();
    for (int part = 0; part < 2 * area; part += area)
      for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c) turned[part + c * rows + r] = by_rows[part + r * columns + c];
    const double *done = along(along_columns, rows, turned, turned == one.data() ? other.data() : one.data());
    std::copy_n(done, area, re + at);
    std::copy_n(done + area, area, im + at);
  }
}

}    // namespace esgap
