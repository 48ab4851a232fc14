#include "pair_coul_slater_long.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "kspace.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "utils.h"

#include <cmath>
#include <cstring>
#include <string>

using namespace LAMMPS_NS;

namespace esgap {
namespace {
constexpr double NEGLIGIBLE = 1.0e-6;    // of the 1/r at the cutoff
}

PairCoulSlater::PairCoulSlater(LAMMPS *lmp) : Pair(lmp)
{
  ewaldflag = pppmflag = 1;
  writedata = 1;
}

PairCoulSlater::~PairCoulSlater()
{
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
  memory->destroy(scale);
}

void PairCoulSlater::allocate()
{
  allocated = 1;
  ntypes1 = atom->ntypes + 1;
  memory->create(setflag, ntypes1, ntypes1, "pair:setflag");
  memory->create(cutsq, ntypes1, ntypes1, "pair:cutsq");
  memory->create(scale, ntypes1, ntypes1, "pair:scale");
  for (int i = 0; i < ntypes1; ++i)
    for (int j = 0; j < ntypes1; ++j) {
      setflag[i][j] = 0;
      scale[i][j] = 1.0;
    }
  density.assign(ntypes1, {0.0, 1});
  tables.assign(static_cast<std::size_t>(ntypes1) * ntypes1, {});
}

// pair_style coul/slater/long LAMBDA CUT | slater CUT
void PairCoulSlater::settings(int narg, char **arg)
{
  if (narg != 2)
    error->all(FLERR, "pair_style coul/slater/long takes `LAMBDA CUT` or `slater CUT` but was given {} words", narg);
  slater = std::strcmp(arg[0], "slater") == 0;
  lambda = slater ? 0.0 : utils::numeric(FLERR, arg[0], false, lmp);
  cut_coul = utils::numeric(FLERR, arg[1], false, lmp);
  if (!slater && lambda <= 0.0) error->all(FLERR, "pair_style coul/slater/long: LAMBDA must be positive, not {}", lambda);
  if (cut_coul <= 0.0) error->all(FLERR, "pair_style coul/slater/long: the cutoff must be positive, not {}", cut_coul);
}

// pair_coeff I J (point and 1s density) | pair_coeff I I ZETA [N] (a Slater density per type)
// In pair_style hybrid, pair_coeff also says who computes a pair of types: there `pair_coeff * * coul/slater/long`,
// without a value, claims the unlike ones.
void PairCoulSlater::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  int ilo, ihi, jlo, jhi;
  utils::bounds(FLERR, arg[0], 1, atom->ntypes, ilo, ihi, error);
  utils::bounds(FLERR, arg[1], 1, atom->ntypes, jlo, jhi, error);

  if (!slater && narg != 2)
    error->all(FLERR, "pair_coeff of coul/slater/long with LAMBDA takes two types and no value, but was given {} words", narg);
  if (narg == 2) {
    for (int i = ilo; i <= ihi; ++i)
      for (int j = std::max(jlo, i); j <= jhi; ++j) setflag[i][j] = 1;
    return;
  }
  if (narg != 3 && narg != 4) error->all(FLERR, "pair_coeff of coul/slater/long slater takes `I I ZETA [N]` but was given {} words", narg);
  if (ilo != jlo || ihi != jhi)
    error->all(FLERR, "pair_coeff {} {} of coul/slater/long slater: unlike types follow from the densities of each (exact two-centre integral); give `pair_coeff I I ZETA [N]` only",
               arg[0], arg[1]);
  const SlaterDensity given{utils::numeric(FLERR, arg[2], false, lmp), narg == 4 ? utils::inumeric(FLERR, arg[3], false, lmp) : 1};
  if (given.zeta <= 0.0) error->all(FLERR, "pair_coeff of coul/slater/long slater: ZETA must be positive, not {}", given.zeta);
  if (given.n < 1 || given.n > 4) error->all(FLERR, "pair_coeff of coul/slater/long slater: N must be 1 to 4, not {}", given.n);
  for (int i = ilo; i <= ihi; ++i) {
    density[i] = given;
    setflag[i][i] = 1;
  }
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i + 1; j <= atom->ntypes; ++j) setflag[i][j] = density[i].zeta > 0.0 && density[j].zeta > 0.0;
}

void PairCoulSlater::init_style()
{
  if (!atom->q_flag) error->all(FLERR, "pair_style coul/slater/long needs charges: use atom_style charge or full");
  if (!force->kspace) error->all(FLERR, "pair_style coul/slater/long needs a kspace_style (ewald or pppm) for the long-range part: add one");
  g_ewald = force->kspace->g_ewald;
  for (int i = 1; slater && i <= atom->ntypes; ++i)
    if (density[i].zeta == 0.0) error->all(FLERR, "coul/slater/long slater has no density for type {}: add `pair_coeff {} {} ZETA [N]`", i, i, i);
  tables.assign(tables.size(), {});
  neighbor->add_request(this);
}

void PairCoulSlater::setup()
{
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i; j <= atom->ntypes; ++j)
      if (table(i, j).empty())
        error->all(FLERR, "coul/slater/long was not given the pair of types {} {}, so its long-range part would stand alone: {}", i, j,
                   slater ? "add `pair_coeff * * coul/slater/long` in pair_style hybrid" : "add its pair_coeff");
}

double PairCoulSlater::init_one(int i, int j)
{
  tables[i * ntypes1 + j] = slater ? ScreeningTable(density[i], density[j], cut_coul) : ScreeningTable(lambda, cut_coul);
  tables[j * ntypes1 + i] = tables[i * ntypes1 + j];
  scale[j][i] = scale[i][j];
  if (comm->me == 0) warn_if_screening_reaches(i, j);
  return cut_coul;
}

void PairCoulSlater::warn_if_screening_reaches(int i, int j)
{
  const double s = table(i, j)(cut_coul).value;
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

void PairCoulSlater::compute(int eflag, int vflag)
{
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
      const double qiqj = scale[type[i]][type[j]] * q[i] * q[j];
      const Interaction pair = interact(rsq, qiqj, force->special_coul[sbmask(jlist[jj])], table(type[i], type[j]));
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
  const Interaction pair = interact(rsq, scale[itype][jtype] * atom->q[i] * atom->q[j], factor_coul, table(itype, jtype));
  fforce = pair.fpair;
  return pair.energy;
}

void *PairCoulSlater::extract(const char *name, int &dim)
{
  dim = 0;
  if (std::strcmp(name, "cut_coul") == 0) return &cut_coul;
  if (std::strcmp(name, "lambda") == 0) return &lambda;
  dim = 2;
  if (std::strcmp(name, "scale") == 0) return scale;
  return nullptr;
}

void PairCoulSlater::write_restart(FILE *fp)
{
  write_restart_settings(fp);
  for (int i = 1; i <= atom->ntypes; ++i) {
    for (int j = i; j <= atom->ntypes; ++j) fwrite(&setflag[i][j], sizeof(int), 1, fp);
    fwrite(&density[i], sizeof(SlaterDensity), 1, fp);
  }
}

void PairCoulSlater::read_restart(FILE *fp)
{
  read_restart_settings(fp);
  allocate();
  for (int i = 1; i <= atom->ntypes; ++i) {
    if (comm->me == 0) {
      for (int j = i; j <= atom->ntypes; ++j) utils::sfread(FLERR, &setflag[i][j], sizeof(int), 1, fp, nullptr, error);
      utils::sfread(FLERR, &density[i], sizeof(SlaterDensity), 1, fp, nullptr, error);
    }
    MPI_Bcast(&setflag[i][i], atom->ntypes - i + 1, MPI_INT, 0, world);
    MPI_Bcast(&density[i], sizeof(SlaterDensity), MPI_BYTE, 0, world);
  }
}

void PairCoulSlater::write_restart_settings(FILE *fp)
{
  const int flag = slater;
  fwrite(&flag, sizeof(int), 1, fp);
  fwrite(&lambda, sizeof(double), 1, fp);
  fwrite(&cut_coul, sizeof(double), 1, fp);
}

void PairCoulSlater::read_restart_settings(FILE *fp)
{
  int flag = 0;
  if (comm->me == 0) {
    utils::sfread(FLERR, &flag, sizeof(int), 1, fp, nullptr, error);
    utils::sfread(FLERR, &lambda, sizeof(double), 1, fp, nullptr, error);
    utils::sfread(FLERR, &cut_coul, sizeof(double), 1, fp, nullptr, error);
  }
  MPI_Bcast(&flag, 1, MPI_INT, 0, world);
  MPI_Bcast(&lambda, 1, MPI_DOUBLE, 0, world);
  MPI_Bcast(&cut_coul, 1, MPI_DOUBLE, 0, world);
  slater = flag != 0;
}

void PairCoulSlater::write_data(FILE *fp)
{
  for (int i = 1; i <= atom->ntypes; ++i) {
    if (slater) fprintf(fp, "%d %.17g %d\n", i, density[i].zeta, density[i].n);
    else fprintf(fp, "%d\n", i);
  }
}

void PairCoulSlater::write_data_all(FILE *fp)
{
  for (int i = 1; i <= atom->ntypes; ++i) {
    if (slater) fprintf(fp, "%d %d %.17g %d\n", i, i, density[i].zeta, density[i].n);
    else
      for (int j = i; j <= atom->ntypes; ++j) fprintf(fp, "%d %d\n", i, j);
  }
}

}    // namespace esgap
