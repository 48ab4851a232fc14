#include "fit_capi.h"

#include "guarded.h"
#include "kernel_matrix.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <variant>

using namespace esgap::gap;

struct esgap_kernel {
  std::vector<std::variant<PairKernel, SoapKernel>> terms;

  int columns() const
  {
    int sum = 0;
    for (const auto &term : terms) sum += std::visit([](const auto &t) { return t.count(); }, term);
    return sum;
  }
};

namespace {

SparsePoints sparse_of(int count, int dimensions, const double *points, const double *factor)
{
  SparsePoints sparse;
  sparse.count = count;
  sparse.dimensions = dimensions;
  sparse.points.assign(points, points + static_cast<std::size_t>(count) * dimensions);
  sparse.factor.assign(factor, factor + count);
  sparse.weight.assign(count, 0.0);
  return sparse;
}

std::vector<Neighbour> neighbours_of(const esgap_environments &e)
{
  std::vector<Neighbour> out;
  out.reserve(e.first[e.count]);
  for (int k = 0; k < e.first[e.count]; ++k) {
    const double *r = e.neighbour_r + 3 * static_cast<std::size_t>(k), distance = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
    if (!(distance > 0.0)) throw std::runtime_error("two atoms lie on one place");
    out.push_back({r[0], r[1], r[2], distance, e.neighbour_z[k]});
  }
  return out;
}

}    // namespace

esgap_kernel *esgap_kernel_open() { return new esgap_kernel; }

void esgap_kernel_close(esgap_kernel *kernel) { delete kernel; }

int esgap_kernel_add_pair(esgap_kernel *kernel, int z1, int z2, double cutoff, double transition, double delta, double theta, int count, const double *points,
                          const double *factor, char *problem, int size)
{
  return guarded(problem, size, [&] { kernel->terms.emplace_back(PairKernel({z1, z2, cutoff, transition, delta, theta, sparse_of(count, 1, points, factor)})); });
}

int esgap_kernel_add_soap(esgap_kernel *kernel, const char *line, double delta, double zeta, int count, const double *points, const double *factor, char *problem, int size)
{
  return guarded(problem, size, [&] {
    SoapTerm term = read_descriptor(line);
    term.delta = delta;
    term.zeta = zeta;
    term.sparse = sparse_of(count, term.sparse.dimensions, points, factor);
    kernel->terms.emplace_back(SoapKernel(term));
  });
}

int esgap_kernel_columns(const esgap_kernel *kernel) { return kernel->columns(); }

int esgap_kernel_rows(const esgap_kernel *kernel, const esgap_environments *e, const int *atom_of, double *energy, double *forces, double *virial, char *problem, int size)
{
  return guarded(problem, size, [&] {
    const Rows rows{kernel->columns(), energy, forces, virial};
    const auto clear = [&](double *at, std::size_t count) { if (at) std::fill_n(at, count * rows.columns, 0.0); };
    clear(energy, 1);
    clear(forces, 3 * static_cast<std::size_t>(e->count));
    clear(virial, 6);
    const auto neighbours = neighbours_of(*e);
    const Configuration config{e->count, e->z, e->first, atom_of, neighbours.data()};
    int column = 0;
    for (const auto &term : kernel->terms)
      std::visit([&](const auto &t) { t.add(config, rows, column), column += t.count(); }, term);
  });
}
