#include "matrix.h"

#include "simd.h"

namespace esgap::gap {
namespace {

ESGAP_INLINE double sum(const Vec &v)
{
  return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}

constexpr int TILE = 4;    // 4 x 4 accumulators stay in registers

}    // namespace

ESGAP_CLONES void multiply_transposed(const double *a, int rows, const double *b, int count, int width, double *product)
{
  for (int s = 0; s < count; s += TILE) {    // four rows of b stay in the first cache while a passes
    const double *b0 = b + static_cast<std::size_t>(s) * width;
    for (int r = 0; r < rows; r += TILE) {
      const double *a0 = a + static_cast<std::size_t>(r) * width;
      Vec total[TILE][TILE] = {};
      for (int k = 0; k < width; k += WIDTH)
        for (int i = 0; i < TILE; ++i)
          for (int j = 0; j < TILE; ++j) total[i][j] += ESGAP_CVEC(a0 + i * width + k) * ESGAP_CVEC(b0 + j * width + k);
      for (int i = 0; i < TILE; ++i)
        for (int j = 0; j < TILE; ++j) product[static_cast<std::size_t>(r + i) * count + s + j] = sum(total[i][j]);
    }
  }
}

namespace {

// Columns [k, k + 8 C) of four rows.
template <int C> ESGAP_INLINE void columns(const double *a, int count, const double *b, int width, double *product)
{
  Vec total[TILE][C] = {};
  for (int s = 0; s < count; ++s, b += width)
    for (int i = 0; i < TILE; ++i)
      for (int c = 0; c < C; ++c) total[i][c] += a[i * count + s] * ESGAP_CVEC(b + c * WIDTH);
  for (int i = 0; i < TILE; ++i)
    for (int c = 0; c < C; ++c) ESGAP_VEC(product + i * width + c * WIDTH) = total[i][c];
}

}    // namespace

ESGAP_CLONES void multiply(const double *a, int rows, int count, const double *b, int width, double *product)
{
  constexpr int C = 4;
  for (int k = 0; k < width; k += C * WIDTH)    // a slab of b stays in the second cache while a passes
    for (int r = 0; r < rows; r += TILE) {
      const double *a0 = a + static_cast<std::size_t>(r) * count;
      double *p0 = product + static_cast<std::size_t>(r) * width + k;
      switch ((width - k) / WIDTH) {
        case 1: columns<1>(a0, count, b + k, width, p0); break;
        case 2: columns<2>(a0, count, b + k, width, p0); break;
        case 3: columns<3>(a0, count, b + k, width, p0); break;
        default: columns<C>(a0, count, b + k, width, p0);
      }
    }
}

}    // namespace esgap::gap
