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
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace LAMMPS_NS;

namespace esgap {

namespace {

constexpr int MOST = 200;                         // iterations
constexpr double WORSE = 4.0;                     // than `accuracy`: a box that moved so far takes a new mesh within the run
constexpr double MOST_POINTS = 1 << 27;           // of the mesh: a gigabyte for each of its fields

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

// The field of densities of atoms on all ranks.
Mesh::Field PairDipoleInduced::field_of(const std::vector<int> &which, const double *q, const Vector *p)
{
  std::vector<double> density = mesh.spread(which, q, p);
  MPI_Allreduce(MPI_IN_PLACE, density.data(), static_cast<int>(density.size()), MPI_DOUBLE, MPI_SUM, world);
  return mesh.solve(std::move(density));
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

// The sizes of the mesh stay as long as they can, since the energy jumps within `accuracy` where they change.
void PairDipoleInduced::follow_box()
{
  const double *h = domain->h;
  const std::array<double, 7> box = {h[0], h[1], h[2], h[3], h[4], h[5], eta};
  const Cell cell = cell_of(*domain);
  if (first_of_run || eta != last_box[6] || (box != last_box && mesh.error(cell) > WORSE * accuracy)) {
    mesh.choose(cell, eta, accuracy);
    if (static_cast<double>(mesh.points()) > MOST_POINTS)
      error->all(FLERR, "pair_style dipole/induced: a mesh of {} x {} x {} points is too large: give a smaller ETA or a larger accuracy", mesh.sizes()[0], mesh.sizes()[1], mesh.sizes()[2]);
  } else if (box == last_box) {
    return;
  }
  first_of_run = false;
  last_box = box;
  mesh.set(cell, coulomb());
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
  mesh.place(fractional);
  of_q = field_of(everyone, charges.data(), nullptr);

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
  mesh.slope(of_q, polarisable, of_charges);
}

Vector PairDipoleInduced::field_on(int i) const
{
  Vector out{};
  for (const auto &field : fields)
    if (atom->mask[i] & field.groupbit)
      for (int d = 0; d < 3; ++d) out[d] += field.value[d];
  return out;
}

// The parabola through the dipoles of the last three steps, or what fewer steps allow; those of the last where steps are no trajectory.
void PairDipoleInduced::guess()
{
  static constexpr double FACTORS[4][3] = {{0.0, 0.0, 0.0}, {1.0, 0.0, 0.0}, {2.0, -1.0, 0.0}, {3.0, -3.0, 1.0}};
  mu.assign(atom->nlocal, Vector{});
  const std::size_t known = update->whichflag == 1 ? history.size() : std::min<std::size_t>(history.size(), 1);
  for (std::size_t back = 0; back < known; ++back) {
    const std::vector<double> &past = history[back];
    const double factor = FACTORS[known][back];
    for (const int i : polarisable) {
      const std::size_t at = 3 * static_cast<std::size_t>(atom->tag[i]);
      if (at + 2 < past.size())
        for (int d = 0; d < 3; ++d) mu[i][d] += factor * past[at + d];
    }
  }
}

void PairDipoleInduced::keep_guess()
{
  if (!atom->tag_enable) return;
  std::vector<double> now(3 * static_cast<std::size_t>(atom->map_tag_max < 0 ? atom->natoms + 1 : std::max<bigint>(atom->map_tag_max, atom->natoms) + 1), 0.0);
  for (const int i : polarisable)
    for (int d = 0; d < 3; ++d) {
      const std::size_t at = 3 * static_cast<std::size_t>(atom->tag[i]) + d;
      if (at < now.size()) now[at] = mu[i][d];
    }
  MPI_Allreduce(MPI_IN_PLACE, now.data(), static_cast<int>(now.size()), MPI_DOUBLE, MPI_SUM, world);
  history.push_front(std::move(now));
  if (history.size() > 3) history.pop_back();
}

// A p, the second derivative of U along p; leaves the field of p in `of_p`.
std::vector<Vector> PairDipoleInduced::curvature(const std::vector<Vector> &p, Mesh::Field &of_p)
{
  of_p = field_of(polarisable, nullptr, p.data());
  std::vector<Vector> out(p.size(), Vector{});
  mesh.slope(of_p, polarisable, out);
  for (const int i : polarisable)
    for (int d = 0; d < 3; ++d) out[i][d] += stiffness(i) * p[i][d];
  return out;
}

void PairDipoleInduced::refuse_no_minimum() const
{
  error->all(FLERR, "pair_style dipole/induced: the induced dipoles strengthen each other without end (polarisation catastrophe): give smaller polarisabilities or a smaller ETA, or look for "
                    "ions that came too close");
}

// Conjugate gradients for dU/d(mu) = 0. of_mu and residual follow mu, so that nothing is evaluated at the end.
void PairDipoleInduced::solve()
{
  residual = curvature(mu, of_mu);
  std::vector<Vector> direction(mu.size(), Vector{});
  Mesh::Field of_direction;
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
    const bool lost = !std::isfinite(square);    // std::max does not see nan
    if (!lost && total < tolerance) break;
    if (lost || iterations == MOST)
      error->all(FLERR, "pair_style dipole/induced: after {} iterations a dipole is still off by {:.1e} e Angstrom, more than the tolerance {:.1e}: give smaller polarisabilities or a larger tolerance",
                 iterations, lost ? square : total, tolerance);
    const std::vector<Vector> bent = curvature(direction, of_direction);
    double along = 0.0;
    for (const int i : polarisable) along += dot(direction[i], bent[i]);
    along = sum(along);
    if (along <= 0.0) refuse_no_minimum();
    const double step = square / along;
    of_mu.add(step, of_direction);
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
  std::vector<Vector> f(atom->nlocal);
  mesh.forces(of_q, of_mu, charges.data(), mu.data(), f);
  for (int i = 0; i < atom->nlocal; ++i)
    for (int d = 0; d < 3; ++d) atom->f[i][d] += f[i][d];

  double local[3] = {0.0, 0.0, 0.0};
  std::array<double, 6> of_dipoles{};
  for (const int i : polarisable) {
    const Vector e = field_on(i);
    Vector h;    // dU/d(mu) of all charges and dipoles
    for (int d = 0; d < 3; ++d) h[d] = e[d] - residual[i][d] - stiffness(i) * mu[i][d];
    const double u = 0.5 * (dot(mu[i], of_charges[i]) + dot(mu[i], h) + stiffness(i) * dot(mu[i], mu[i])) - dot(mu[i], e);
    if (eflag_global) eng_coul += u;
    if (eflag_atom) eatom[i] += u;
    for (int d = 0; d < 3; ++d) {
      local[d] += mu[i][d];
      of_dipoles[d] += mu[i][d] * h[d];
    }
    // A field turns the dipoles, so the tensor has no symmetry: xy is the strain that moves x by y, as LAMMPS shears a box.
    of_dipoles[3] += h[0] * mu[i][1];
    of_dipoles[4] += h[0] * mu[i][2];
    of_dipoles[5] += h[1] * mu[i][2];
  }
  std::copy(local, local + 3, pvector);    // of this rank: compute pair sums over the ranks
  if (!vflag_global) return;
  for (int k = 0; k < 6; ++k) virial[k] += of_dipoles[k];
  if (comm->me > 0) return;    // the rest is the same on every rank
  const std::array<double, 6> of_waves = mesh.virial(of_q, of_mu);
  for (int k = 0; k < 6; ++k) virial[k] += of_waves[k];
}

}    // namespace esgap
