#include "pair_coul_slater_long.h"

#include "../cell_of.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "fix.h"
#include "force.h"
#include "kspace.h"
#include "memory.h"
#include "modify.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {
namespace {
constexpr double NEGLIGIBLE = 1.0e-6;    // of the 1/r at the cutoff
constexpr double LAST_PANEL = 1.05;      // the panels of SquaredTable end beyond the cutoff by less than this factor
}

PairCoulSlater::PairCoulSlater(LAMMPS *lmp) : Pair(lmp)
{
  ewaldflag = pppmflag = 1;
  writedata = 1;
  ncoultablebits = 0;    // see modify_params
}

PairCoulSlater::~PairCoulSlater()
{
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
  memory->destroy(scale);
  memory->destroy(zeta);
}

void PairCoulSlater::allocate()
{
  allocated = 1;
  ntypes1 = atom->ntypes + 1;
  memory->create(setflag, ntypes1, ntypes1, "pair:setflag");
  memory->create(cutsq, ntypes1, ntypes1, "pair:cutsq");
  memory->create(scale, ntypes1, ntypes1, "pair:scale");
  memory->create(zeta, ntypes1, ntypes1, "pair:zeta");
  for (int i = 0; i < ntypes1; ++i)
    for (int j = 0; j < ntypes1; ++j) {
      setflag[i][j] = 0;
      scale[i][j] = 1.0;
      zeta[i][j] = 0.0;
    }
  number.assign(ntypes1, 1);
  tables.assign(static_cast<std::size_t>(ntypes1) * ntypes1, {});
}

// What would change one part of the energy and not the other.
void PairCoulSlater::refuse_wrong_setting() const
{
  if (utils::strmatch(force->pair_style, "^hybrid/scaled"))
    error->all(FLERR, "coul/slater/long in pair_style hybrid/scaled: the pair part of the Coulomb energy would be scaled and that of kspace_style not: use hybrid/overlay, and scale the charges instead");
  for (const auto *fix : modify->get_fix_list())
    if (utils::strmatch(fix->style, "^qeq/") || utils::strmatch(fix->style, "^qtpie/") || utils::strmatch(fix->style, "^acks2/"))
      error->all(FLERR, "coul/slater/long is for fixed charges, and fix {} {} changes them: the energy would lack the self-energies of the densities; remove the fix", fix->id, fix->style);
}

void PairCoulSlater::init_style()
{
  refuse_wrong_setting();
  last_cell = {};    // kspace is prepared for the box of now
  if (!atom->q_flag) error->all(FLERR, "pair_style coul/slater/long needs charges: use atom_style charge or full");
  if (!force->kspace) error->all(FLERR, "pair_style coul/slater/long needs a kspace_style (ewald or pppm) for the long-range part: add one");
  g_ewald = force->kspace->g_ewald;
  for (int i = 1; slater && i <= atom->ntypes; ++i)
    if (zeta[i][i] == 0.0) error->all(FLERR, "coul/slater/long slater has no density for type {}: add `pair_coeff {} {} ZETA [N]`", i, i, i);
  for (auto &entry : tables) entry.given = false;
  neighbor->add_request(this);
}

void PairCoulSlater::setup()
{
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i; j <= atom->ntypes; ++j) {
      if (!tables_of(i, j).given)
        error->all(FLERR, "coul/slater/long was not given the pair of types {} {}, so its long-range part would stand alone: {}", i, j,
                   slater ? "add `pair_coeff * * coul/slater/long` in pair_style hybrid" : "add its pair_coeff");
      if (comm->me == 0 && !tables_of(i, j).checked) warn_if_screening_reaches(i, j);
      tables_of(i, j).checked = true;
    }
}

// Called before each run and after each change by fix adapt.
double PairCoulSlater::init_one(int i, int j)
{
  if (i != j && zeta[i][j] != 0.0)
    error->all(FLERR, "coul/slater/long: zeta of the unlike types {} {} was set to {}, but follows from the densities of each; adapt zeta of like types only", i, j, zeta[i][j]);
  if (slater && (zeta[i][i] <= 0.0 || zeta[j][j] <= 0.0))
    error->all(FLERR, "coul/slater/long: zeta of types {} and {} must be positive, not {} and {}", i, j, zeta[i][i], zeta[j][j]);
  if (!slater && lambda <= 0.0) error->all(FLERR, "coul/slater/long: lambda must be positive, not {}", lambda);
  build(i, j);
  scale[j][i] = scale[i][j];
  return cut_coul;
}

void PairCoulSlater::build(int i, int j)
{
  Tables &entry = tables_of(i, j);
  const double inner = tabulated ? std::min(tabinner, cut_coul) : cut_coul;
  const std::array<double, 8> source = {lambda, zeta[i][i], zeta[j][j], 1.0 * number[i], 1.0 * number[j], cut_coul, g_ewald, inner};
  if (source != entry.source) {
    entry = {};
    entry.source = source;
    const double reach = cut_coul * LAST_PANEL;
    entry.screening = slater ? ScreeningTable(density(i), density(j), reach) : ScreeningTable(lambda, reach);
    const auto energy = [&](double rsq) {
      const double r = std::sqrt(rsq);
      return std::erfc(g_ewald * r) / r - entry.screening(r).value;
    };
    if (inner < cut_coul) entry.loop = SquaredTable(energy, inner * inner, cut_coul * cut_coul);
  }
  entry.given = true;
  tables_of(j, i) = entry;
}

void PairCoulSlater::warn_if_screening_reaches(int i, int j)
{
  const double s = tables_of(i, j).screening(cut_coul).value;
  if (s * cut_coul > NEGLIGIBLE)
    error->warning(FLERR, "coul/slater/long: for types {} {} the screening S = {:.3g}/Angstrom at the cutoff of {} is cut off; a larger cutoff avoids a jump of {:.3g} eV for unit charges",
                   i, j, s, cut_coul, force->qqrd2e * s);
}

// The one place where the pair energy stands: C qi qj [erfc(g r)/r - S(r)], less the share of the bare 1/r - S(r)
// that special_bonds takes away.
PairCoulSlater::Interaction PairCoulSlater::interact(double rsq, double qiqj, double factor, const ScreeningTable &screening) const
{
  constexpr double TWO_OVER_SQRT_PI = 1.12837916709551257390;
  const double r = std::sqrt(rsq), x = g_ewald * r, prefactor = force->qqrd2e * qiqj;
  const Screening s = screening(r);
  const double ewald = std::erfc(x) / r, excluded = 1.0 - factor;
  const double slope = -(ewald + TWO_OVER_SQRT_PI * g_ewald * std::exp(-x * x)) / r - s.slope;
  const double bare = 1.0 / r - s.value, bare_slope = -1.0 / rsq - s.slope;
  return {prefactor * (ewald - s.value - excluded * bare), -prefactor * (slope - excluded * bare_slope) / r};
}

// The same from the table of erfc(g r)/r - S(r), where it reaches and no special_bonds factor applies.
inline PairCoulSlater::Interaction PairCoulSlater::interact_in_loop(double rsq, double qiqj, int special, const Tables &pair) const
{
  if (special || !pair.loop.covers(rsq)) return interact(rsq, qiqj, force->special_coul[special], pair.screening);
  const double prefactor = force->qqrd2e * qiqj;
  double slope;
  const double value = pair.loop(rsq, slope);
  return {prefactor * value, -2.0 * prefactor * slope};
}

// When fix deform, npt or nph flips the tilt factors, LAMMPS leaves kspace with what it prepared for the box before the flip, and its energy and
// forces in that step are wrong. This style computes first, so it lets kspace prepare anew.
void PairCoulSlater::follow_flip()
{
  const Cell cell = cell_of(*domain);
  if (domain->box_change && last_cell.xx > 0.0 && Flip(last_cell, cell).happened()) force->kspace->setup();
  last_cell = cell;
}

void PairCoulSlater::compute(int eflag, int vflag)
{
  follow_flip();
  ev_init(eflag, vflag);
  double **x = atom->x, **f = atom->f;
  const double *q = atom->q, cutoff_sq = cut_coul * cut_coul;
  const int *type = atom->type, nlocal = atom->nlocal, newton_pair = force->newton_pair;

  for (int ii = 0; ii < list->inum; ++ii) {
    const int i = list->ilist[ii], *jlist = list->firstneigh[i], jnum = list->numneigh[i];
    double fi[3] = {0.0, 0.0, 0.0};
    for (int jj = 0; jj < jnum; ++jj) {
      const int j = jlist[jj] & NEIGHMASK;
      const double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2], rsq = dx * dx + dy * dy + dz * dz;
      if (rsq >= cutoff_sq) continue;
      if (rsq == 0.0) error->one(FLERR, "pair_style coul/slater/long: atoms {} and {} are at the same place", atom->tag[i], atom->tag[j]);
      const double qiqj = scale[type[i]][type[j]] * q[i] * q[j];
      const Interaction pair = interact_in_loop(rsq, qiqj, sbmask(jlist[jj]), tables_of(type[i], type[j]));
      fi[0] += dx * pair.fpair;
      fi[1] += dy * pair.fpair;
      fi[2] += dz * pair.fpair;
      if (newton_pair || j < nlocal) {
        f[j][0] -= dx * pair.fpair;
        f[j][1] -= dy * pair.fpair;
        f[j][2] -= dz * pair.fpair;
      }
      if (evflag) ev_tally(i, j, nlocal, newton_pair, 0.0, eflag ? pair.energy : 0.0, pair.fpair, dx, dy, dz);
    }
    f[i][0] += fi[0];
    f[i][1] += fi[1];
    f[i][2] += fi[2];
  }
  if (vflag_fdotr) virial_fdotr_compute();
}

double PairCoulSlater::single(int i, int j, int itype, int jtype, double rsq, double factor_coul, double /*factor_lj*/, double &fforce)
{
  const Interaction pair = interact(rsq, scale[itype][jtype] * atom->q[i] * atom->q[j], factor_coul, tables_of(itype, jtype).screening);
  fforce = pair.fpair;
  return pair.energy;
}

void *PairCoulSlater::extract(const char *name, int &dim)
{
  dim = 0;
  if (std::strcmp(name, "cut_coul") == 0) return &cut_coul;
  if (!slater && std::strcmp(name, "lambda") == 0) return &lambda;
  dim = 2;
  if (slater && std::strcmp(name, "zeta") == 0) return zeta;
  if (std::strcmp(name, "scale") == 0) return scale;
  return nullptr;
}

}    // namespace esgap
