#include "matrix.h"

#include "simd.h"

#include <cstdlib>
#include <string>

namespace esgap::gap {
namespace {

constexpr int PANEL = Panels::PANEL, TILE = Panels::TILE;
constexpr int CHUNK = 20 * TILE;    // columns of a that stay in the first cache while the panel's rows pass

// Vectors of W doubles; a register tile is A vectors a by R rows of the panel.
template <int W> struct VecOf {
  typedef double type __attribute__((vector_size(8 * W), aligned(8), may_alias));
};

// A x R dot products over the columns [0, width); `panel` points at the tile of the first column, row of the first product.
template <int W, int A, int R> ESGAP_INLINE void dots(const double *a, int stride, const double *panel, int width, bool first, double *product)
{
  using V = typename VecOf<W>::type;
  V total[A][R] = {};
  for (int k = 0; k < width; k += TILE, panel += TILE * PANEL)
    for (int v = 0; v < TILE; v += W)
      for (int i = 0; i < A; ++i)
        for (int r = 0; r < R; ++r)
          total[i][r] += *reinterpret_cast<const V *>(a + i * stride + k + v) * *reinterpret_cast<const V *>(panel + r * TILE + v);
  for (int i = 0; i < A; ++i)
    for (int r = 0; r < R; ++r) {
      double sum = 0.0;
      for (int v = 0; v < W; ++v) sum += total[i][r][v];
      product[i * PANEL + r] = first ? sum : product[i * PANEL + r] + sum;
    }
}

template <int W, int A, int R> ESGAP_INLINE void project_rows(const double *a, int stride, const double *panel, int width, bool first, double *product)
{
  for (int r = 0; r < PANEL; r += R) dots<W, A, R>(a, stride, panel + r * TILE, width, first, product + r);
}

template <int W, int A, int R> ESGAP_INLINE void project_all(const double *panel, const double *a, int count, int stride, int width, double *product)
{
  static_assert(PANEL % R == 0 && TILE % W == 0 && A <= 4, "register tile must divide the panel");
  for (int k = 0; k < width; k += CHUNK) {
    const double *tiles = panel + static_cast<std::size_t>(k) * PANEL;
    const int columns = width - k < CHUNK ? width - k : CHUNK;
    int b = 0;
    for (; b + A <= count; b += A) project_rows<W, A, R>(a + static_cast<std::size_t>(b) * stride + k, stride, tiles, columns, k == 0, product + b * PANEL);
    const double *rest = a + static_cast<std::size_t>(b) * stride + k;
    if (count - b == 3) project_rows<W, 3, R>(rest, stride, tiles, columns, k == 0, product + b * PANEL);
    if (count - b == 2) project_rows<W, 2, R>(rest, stride, tiles, columns, k == 0, product + b * PANEL);
    if (count - b == 1) project_rows<W, 1, R>(rest, stride, tiles, columns, k == 0, product + b * PANEL);
  }
}

// One tile's columns [0, 3 W) of A sums.
template <int W, int A> ESGAP_INLINE void add_columns(const double *tile, const double *factor, double *sum, int stride)
{
  using V = typename VecOf<W>::type;
  constexpr int C = 3;
  V total[A][C];
  for (int i = 0; i < A; ++i)
    for (int c = 0; c < C; ++c) total[i][c] = *reinterpret_cast<const V *>(sum + i * stride + c * W);
#pragma GCC unroll 1
  for (int r = 0; r < PANEL; ++r, tile += TILE)
    for (int i = 0; i < A; ++i)
      for (int c = 0; c < C; ++c) total[i][c] += factor[i * PANEL + r] * *reinterpret_cast<const V *>(tile + c * W);
  for (int i = 0; i < A; ++i)
    for (int c = 0; c < C; ++c) *reinterpret_cast<V *>(sum + i * stride + c * W) = total[i][c];
}

template <int W, int A> ESGAP_INLINE void add_tile(const double *tile, const double *factor, double *sum, int stride)
{
  for (int v = 0; v < TILE; v += 3 * W) add_columns<W, A>(tile + v, factor, sum + v, stride);
}

template <int W, int A> ESGAP_INLINE void accumulate_all(const double *panel, const double *factor, int count, double *sum, int stride, int width)
{
  const std::size_t next = static_cast<std::size_t>(width) * PANEL;
  for (int k = 0; k < width; k += TILE, panel += TILE * PANEL) {
    // Fetch the next panel meanwhile: the projection would wait for memory. Past the end a prefetch does no harm.
    for (int line = 0; line < TILE * PANEL; line += 8) __builtin_prefetch(panel + next + line, 0, 2);
    int b = 0;
    for (; b + A <= count; b += A) add_tile<W, A>(panel, factor + b * PANEL, sum + static_cast<std::size_t>(b) * stride + k, stride);
    if (A > 4 && b + 4 <= count) {
      add_tile<W, 4>(panel, factor + b * PANEL, sum + static_cast<std::size_t>(b) * stride + k, stride);
      b += 4;
    }
    double *rest = sum + static_cast<std::size_t>(b) * stride + k;
    if (count - b == 3) add_tile<W, 3>(panel, factor + b * PANEL, rest, stride);
    if (count - b == 2) add_tile<W, 2>(panel, factor + b * PANEL, rest, stride);
    if (count - b == 1) add_tile<W, 1>(panel, factor + b * PANEL, rest, stride);
  }
}

// Register tiles by the number of vector registers: 32 of 8 doubles, 16 of 4, 16 of 2.
#define ESGAP_PRODUCTS(NAME, ATTRIBUTE, W, A, R, G)                                                                             \
  ATTRIBUTE void project_##NAME(const double *panel, const double *a, int count, int stride, int width, double *product)        \
  {                                                                                                                             \
    project_all<W, A, R>(panel, a, count, stride, width, product);                                                              \
  }                                                                                                                             \
  ATTRIBUTE void accumulate_##NAME(const double *panel, const double *factor, int count, double *sum, int stride, int width)    \
  {                                                                                                                             \
    accumulate_all<W, G>(panel, factor, count, sum, stride, width);                                                             \
  }

ESGAP_PRODUCTS(any, , 2, 3, 4, 4)
#ifdef ESGAP_X86
ESGAP_PRODUCTS(v3, __attribute__((target("arch=x86-64-v3"))), 4, 3, 4, 4)
ESGAP_PRODUCTS(v4, __attribute__((target("arch=x86-64-v4"))), 8, 4, 6, 8)
#endif

struct Products {
  decltype(&project_any) project = project_any;
  decltype(&accumulate_any) accumulate = accumulate_any;
  const char *name = "baseline";

  Products()
  {
#ifdef ESGAP_X86
    // ESGAP_KERNELS=v3 or baseline: what an older machine would run, for tests.
    const char *wish = std::getenv("ESGAP_KERNELS");
    const std::string limit = wish ? wish : "v4";
    if (limit == "v4" && __builtin_cpu_supports("x86-64-v4")) project = project_v4, accumulate = accumulate_v4, name = "x86-64-v4";
    else if (limit != "baseline" && __builtin_cpu_supports("x86-64-v3")) project = project_v3, accumulate = accumulate_v3, name = "x86-64-v3";
#endif
  }
};

const Products products;

constexpr int round_up(int n, int to) { return (n + to - 1) / to * to; }

}    // namespace

const char *instruction_set() { return products.name; }

Panels::Panels(int rows, int columns) : padded_rows(round_up(rows, PANEL)), padded_columns(round_up(columns, TILE))
{
  data.assign(static_cast<std::size_t>(padded_rows) * padded_columns, 0.0);
}

void Panels::project(int p, const double *a, int count, int stride, int width, double *product) const
{
  products.project(data.data() + static_cast<std::size_t>(p) * PANEL * padded_columns, a, count, stride, width, product);
}

void Panels::accumulate(int p, const double *factor, int count, double *sum, int stride) const
{
  products.accumulate(data.data() + static_cast<std::size_t>(p) * PANEL * padded_columns, factor, count, sum, stride, padded_columns);
}

}    // namespace esgap::gap
