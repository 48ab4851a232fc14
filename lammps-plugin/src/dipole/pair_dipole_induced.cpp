#include "pair_dipole_induced.h"

#include "../cell_of.h"
#include "../field/fix_efield_pbc.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "fix.h"
#include "force.h"
#include "memory.h"
#include "modify.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {

namespace {

constexpr int MOST = 200;          // iterations

}    // namespace

double PairDipoleInduced::coulomb() const { return force->qqrd2e; }

double PairDipoleInduced::stiffness(int i) const
{
  return coulomb() * (1.0 / alpha[atom->type[i]] - 4.0 * eta * eta * eta / (3.0 * std::sqrt(M_PI)));
}

double PairDipoleInduced::sum(double local) const
{
  double total = 0.0;
  MPI_Allreduce(&local, &total, 1, MPI_DOUBLE, MPI_SUM, world);
  return total;
}

void PairDipoleInduced::sum_over_ranks(StructureFactor &s) const
{
  MPI_Allreduce(MPI_IN_PLACE, s.re.data(), waves.count(), MPI_DOUBLE, MPI_SUM, world);
  MPI_Allreduce(MPI_IN_PLACE, s.im.data(), waves.count(), MPI_DOUBLE, MPI_SUM, world);
}

void PairDipoleInduced::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  if (vflag_atom || cvflag_atom) error->all(FLERR, "pair_style dipole/induced has no virial of single atoms: ask for the pressure of the cell alone");
  follow_box();
  place_atoms();
  guess();
  solve();
  keep_guess();
  tally(eflag, vflag);
}

void PairDipoleInduced::follow_box()
{
  const double *h = domain->h, *inv = domain->h_inv;
  const std::array<double, 8> box = {h[0], h[1], h[2], h[3], h[4], h[5], eta, accuracy};
  if (box == last_box) return;
  last_box = box;
  const double p = 2.0 * M_PI;
  waves.set({Vector{p * inv[0], p * inv[5], p * inv[4]}, Vector{0.0, p * inv[1], p * inv[3]}, Vector{0.0, 0.0, p * inv[2]}}, cell_of(*domain).volume(), eta, accuracy, coulomb());
  if (waves.count() == 0) error->all(FLERR, "pair_style dipole/induced: no reciprocal vector is within the Gaussian of ETA = {}: give a larger one", eta);
}

void PairDipoleInduced::place_atoms()
{
  const int n = atom->nlocal;
  const Cell cell = cell_of(*domain);
  const double *lo = domain->boxlo;
  std::vector<Vector> fractional(n);
  charges.assign(atom->q, atom->q + n);
  everyone.resize(n);
  polarisable.clear();
  for (int i = 0; i < n; ++i) {
    const double *x = atom->x[i];
    fractional[i] = cell.fraction({x[0] - lo[0], x[1] - lo[1], x[2] - lo[2]});
    everyone[i] = i;
    if (alpha[atom->type[i]] > 0.0) polarisable.push_back(i);
  }
  waves.place(fractional);
  of_q = {std::vector<double>(waves.count(), 0.0), std::vector<double>(waves.count(), 0.0)};
  waves.add(of_q, everyone, charges.data(), nullptr);
  sum_over_ranks(of_q);

  fields.clear();
  for (auto *fix : modify->get_fix_by_style("^efield/pbc$")) {
    auto *field = dynamic_cast<FixEfieldPbc *>(fix);
    if (!field) continue;
    if (field->constant_displacement())
      error->all(FLERR, "fix efield/pbc at constant D needs the dipole of the charges alone, and pair_style dipole/induced has others: use constant E");
    if (field->turns_with_cell())
      error->all(FLERR, "fix efield/pbc with `lattice yes` turns its field with the cell, which the pressure of pair_style dipole/induced does not hold: give x, y and z components");
    fields.push_back({field->uniform_field(), fix->groupbit});
  }
  of_charges.assign(n, Vector{});
  waves.slope(of_q, polarisable, of_charges);
}

Vector PairDipoleInduced::field_on(int i) const
{
  Vector out{};
  for (const auto &field : fields)
    if (atom->mask[i] & field.groupbit)
      for (int d = 0; d < 3; ++d) out[d] += field.value[d];
  return out;
}

void PairDipoleInduced::guess()
{
  mu.assign(atom->nlocal, Vector{});
  if (last.empty()) return;
  for (const int i : polarisable) {
    const std::size_t at = 3 * static_cast<std::size_t>(atom->tag[i]);
    if (at + 2 < last.size()) mu[i] = {last[at], last[at + 1], last[at + 2]};
  }
}

void PairDipoleInduced::keep_guess()
{
  if (!atom->tag_enable) return;
  last.assign(3 * static_cast<std::size_t>(atom->map_tag_max < 0 ? atom->natoms + 1 : std::max<bigint>(atom->map_tag_max, atom->natoms) + 1), 0.0);
  for (const int i : polarisable)
    for (int d = 0; d < 3; ++d) {
      const std::size_t at = 3 * static_cast<std::size_t>(atom->tag[i]) + d;
      if (at < last.size()) last[at] = mu[i][d];
    }
  MPI_Allreduce(MPI_IN_PLACE, last.data(), static_cast<int>(last.size()), MPI_DOUBLE, MPI_SUM, world);
}

// A p, the second derivative of U along p; leaves S(k) of p in of_mu.
std::vector<Vector> PairDipoleInduced::curvature(const std::vector<Vector> &p)
{
  of_mu = {std::vector<double>(waves.count(), 0.0), std::vector<double>(waves.count(), 0.0)};
  waves.add(of_mu, polarisable, nullptr, p.data());
  sum_over_ranks(of_mu);
  std::vector<Vector> out(p.size(), Vector{});
  waves.slope(of_mu, polarisable, out);
  for (const int i : polarisable)
    for (int d = 0; d < 3; ++d) out[i][d] += stiffness(i) * p[i][d];
  return out;
}

void PairDipoleInduced::refuse_no_minimum() const
{
  error->all(FLERR, "pair_style dipole/induced: the induced dipoles strengthen each other without end (polarisation catastrophe): give smaller polarisabilities or a smaller ETA, or look for "
                    "ions that came too close");
}

// Conjugate gradients for dU/d(mu) = 0.
void PairDipoleInduced::solve()
{
  std::vector<Vector> residual = curvature(mu), direction(mu.size(), Vector{});
  double square = 0.0;
  for (const int i : polarisable) {
    const Vector e = field_on(i);
    for (int d = 0; d < 3; ++d) residual[i][d] = e[d] - of_charges[i][d] - residual[i][d];
    square += dot(residual[i], residual[i]);
    direction[i] = residual[i];
  }
  square = sum(square);
  for (iterations = 0;; ++iterations) {
    double largest = 0.0, total = 0.0;
    for (const int i : polarisable) largest = std::max(largest, alpha[atom->type[i]] / coulomb() * std::sqrt(dot(residual[i], residual[i])));
    MPI_Allreduce(&largest, &total, 1, MPI_DOUBLE, MPI_MAX, world);
    if (total < tolerance) break;
    if (iterations == MOST || !std::isfinite(total))
      error->all(FLERR, "pair_style dipole/induced: after {} iterations a dipole is still off by {:.1e} e Angstrom, more than the tolerance {:.1e}: give smaller polarisabilities or a larger tolerance",
                 iterations, total, tolerance);
    const std::vector<Vector> bent = curvature(direction);
    double along = 0.0;
    for (const int i : polarisable) along += dot(direction[i], bent[i]);
    along = sum(along);
    if (along <= 0.0) refuse_no_minimum();
    const double step = square / along;
    double next = 0.0;
    for (const int i : polarisable) {
      for (int d = 0; d < 3; ++d) {
        mu[i][d] += step * direction[i][d];
        residual[i][d] -= step * bent[i][d];
      }
      next += dot(residual[i], residual[i]);
    }
    next = sum(next);
    for (const int i : polarisable)
      for (int d = 0; d < 3; ++d) direction[i][d] = residual[i][d] + next / square * direction[i][d];
    square = next;
  }
}

void PairDipoleInduced::tally(int eflag, int vflag)
{
  const std::vector<Vector> bent = curvature(mu);    // of_mu now belongs to mu
  std::vector<Vector> f(atom->nlocal);
  waves.forces(of_q, of_mu, charges.data(), mu.data(), f);
  for (int i = 0; i < atom->nlocal; ++i)
    for (int d = 0; d < 3; ++d) atom->f[i][d] += f[i][d];

  double local[3] = {0.0, 0.0, 0.0}, own = 0.0;
  std::array<double, 6> of_dipoles{};
  for (const int i : polarisable) {
    const Vector e = field_on(i);
    own += 0.5 * stiffness(i) * dot(mu[i], mu[i]) - dot(mu[i], e);
    for (int d = 0; d < 3; ++d) local[d] += mu[i][d];
    if (eflag_atom) eatom[i] += dot(mu[i], of_charges[i]) + 0.5 * dot(mu[i], bent[i]) - dot(mu[i], e);
    Vector h;    // dU/d(mu) of all charges and dipoles
    for (int d = 0; d < 3; ++d) h[d] = of_charges[i][d] + bent[i][d] - stiffness(i) * mu[i][d];
    for (int d = 0; d < 3; ++d) of_dipoles[d] += mu[i][d] * h[d];
    // A field turns the dipoles, so the tensor has no symmetry: xy is the strain that moves x by y, as LAMMPS shears a box.
    of_dipoles[3] += h[0] * mu[i][1];
    of_dipoles[4] += h[0] * mu[i][2];
    of_dipoles[5] += h[1] * mu[i][2];
  }
  std::copy(local, local + 3, pvector);    // of this rank: compute pair sums over the ranks
  if (!eflag_global && !vflag_global) return;
  std::array<double, 6> of_waves;
  const double energy = waves.energy(of_q, of_mu, of_waves);    // the same on every rank: the first one has it
  if (eflag_global) eng_coul += own + (comm->me == 0 ? energy : 0.0);
  if (vflag_global)
    for (int k = 0; k < 6; ++k) virial[k] += of_dipoles[k] + (comm->me == 0 ? of_waves[k] : 0.0);
}

}    // namespace esgap
