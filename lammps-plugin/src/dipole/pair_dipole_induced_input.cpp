// pair_style dipole/induced: what the user gives, and what restart and data files keep of it.
#include "pair_dipole_induced.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {

namespace {

constexpr double REACH = 1.0;    // Angstrom: LAMMPS wants a cutoff, nothing here has one

}    // namespace

PairDipoleInduced::PairDipoleInduced(LAMMPS *lmp) : Pair(lmp)
{
  single_enable = 0;
  no_virial_fdotr_compute = 1;
  writedata = 1;
  restartinfo = 1;
  nextra = 3;
  pvector = new double[3]{0.0, 0.0, 0.0};
}

PairDipoleInduced::~PairDipoleInduced()
{
  delete[] pvector;
  memory->destroy(shown);
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
  memory->destroy(alpha);
}

void PairDipoleInduced::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  memory->create(alpha, n, "pair:alpha");
  for (int i = 0; i < n; ++i) {
    alpha[i] = 0.0;
    for (int j = 0; j < n; ++j) {
      setflag[i][j] = 0;
      cutsq[i][j] = 0.0;
    }
  }
}

// pair_style dipole/induced ETA [accuracy A] [tolerance T]
void PairDipoleInduced::settings(int narg, char **arg)
{
  if (narg < 1 || narg % 2 == 0) error->all(FLERR, "pair_style dipole/induced takes `ETA [accuracy A] [tolerance T]` but was given {} words", narg);
  eta = utils::numeric(FLERR, arg[0], false, lmp);
  if (eta <= 0.0) error->all(FLERR, "pair_style dipole/induced: ETA must be positive, not {}", eta);
  accuracy = tolerance = 1e-6;
  for (int k = 1; k < narg; k += 2) {
    double &value = std::strcmp(arg[k], "accuracy") == 0 ? accuracy : tolerance;
    if (&value == &tolerance && std::strcmp(arg[k], "tolerance") != 0)
      error->all(FLERR, "pair_style dipole/induced: '{}' is no option, expected accuracy or tolerance", arg[k]);
    value = utils::numeric(FLERR, arg[k + 1], false, lmp);
    if (value <= 0.0 || value >= 1.0) error->all(FLERR, "pair_style dipole/induced: {} must be between 0 and 1, not {}", arg[k], value);
  }
}

// pair_coeff I J ALPHA: of the types I that are J too; pairs of unlike types have no value of their own
void PairDipoleInduced::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg != 3) error->all(FLERR, "pair_coeff of dipole/induced takes two types and a polarisability but was given {} words", narg);
  int ilo, ihi, jlo, jhi;
  utils::bounds(FLERR, arg[0], 1, atom->ntypes, ilo, ihi, error);
  utils::bounds(FLERR, arg[1], 1, atom->ntypes, jlo, jhi, error);
  const double given = utils::numeric(FLERR, arg[2], false, lmp);
  if (given < 0.0) error->all(FLERR, "pair_coeff of dipole/induced: a polarisability must not be negative, not {}", given);
  for (int i = ilo; i <= ihi; ++i)
    for (int j = std::max(jlo, i); j <= jhi; ++j) {
      setflag[i][j] = 1;
      if (i == j) alpha[i] = given;
    }
}

void PairDipoleInduced::init_style()
{
  if (!atom->q_flag) error->all(FLERR, "pair_style dipole/induced needs charges: use an atom_style that has them, such as charge");
  if (std::strcmp(update->unit_style, "metal") != 0) error->all(FLERR, "pair_style dipole/induced needs `units metal`, not {}", update->unit_style);
  if (domain->xperiodic == 0 || domain->yperiodic == 0 || domain->zperiodic == 0)
    error->all(FLERR, "pair_style dipole/induced needs a cell that is periodic in three directions: use `boundary p p p`");
  first_of_run = true;
}

double PairDipoleInduced::init_one(int, int) { return REACH; }

void PairDipoleInduced::write_restart(FILE *fp)
{
  write_restart_settings(fp);
  for (int i = 1; i <= atom->ntypes; ++i) fwrite(&setflag[i][i], sizeof(int), atom->ntypes - i + 1, fp);
  fwrite(&alpha[1], sizeof(double), atom->ntypes, fp);
}

void PairDipoleInduced::read_restart(FILE *fp)
{
  read_restart_settings(fp);
  allocate();
  for (int i = 1; i <= atom->ntypes; ++i) {
    const int n = atom->ntypes - i + 1;
    if (comm->me == 0) utils::sfread(FLERR, &setflag[i][i], sizeof(int), n, fp, nullptr, error);
    MPI_Bcast(&setflag[i][i], n, MPI_INT, 0, world);
  }
  if (comm->me == 0) utils::sfread(FLERR, &alpha[1], sizeof(double), atom->ntypes, fp, nullptr, error);
  MPI_Bcast(&alpha[1], atom->ntypes, MPI_DOUBLE, 0, world);
}

void PairDipoleInduced::write_restart_settings(FILE *fp)
{
  for (const double value : {eta, accuracy, tolerance}) fwrite(&value, sizeof(double), 1, fp);
}

void PairDipoleInduced::read_restart_settings(FILE *fp)
{
  for (double *value : {&eta, &accuracy, &tolerance}) {
    if (comm->me == 0) utils::sfread(FLERR, value, sizeof(double), 1, fp, nullptr, error);
    MPI_Bcast(value, 1, MPI_DOUBLE, 0, world);
  }
}

void PairDipoleInduced::write_data(FILE *fp)
{
  for (int i = 1; i <= atom->ntypes; ++i) fprintf(fp, "%d %.17g\n", i, alpha[i]);
}

// A line for every pair of types, as read_data expects; the value of unlike types says nothing.
void PairDipoleInduced::write_data_all(FILE *fp)
{
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i; j <= atom->ntypes; ++j) fprintf(fp, "%d %d %.17g\n", i, j, i == j ? alpha[i] : 0.0);
}

// For fix adapt, and the iterations of the last solution.
void *PairDipoleInduced::extract(const char *name, int &dim)
{
  dim = 1;
  if (std::strcmp(name, "alpha") == 0) return alpha;
  dim = 0;
  if (std::strcmp(name, "eta") == 0) return &eta;
  if (std::strcmp(name, "iterations") == 0) return &iterations;
  return nullptr;
}

// For fix pair: the dipoles, e Angstrom.
void *PairDipoleInduced::extract_peratom(const char *name, int &columns)
{
  if (std::strcmp(name, "mu") != 0) return nullptr;
  columns = 3;
  if (shown_max < atom->nmax || !shown) {
    shown_max = atom->nmax;
    memory->destroy(shown);
    memory->create(shown, shown_max, 3, "pair:mu");
  }
  for (int i = 0; i < shown_max; ++i)
    for (int d = 0; d < 3; ++d) shown[i][d] = i < static_cast<int>(mu.size()) ? mu[i][d] : 0.0;
  return shown;
}

double PairDipoleInduced::memory_usage() { return static_cast<double>(mesh.points()) * 9 * sizeof(double) + static_cast<double>(history.empty() ? 0 : history.size() * history[0].size()) * sizeof(double); }

}    // namespace esgap
