// pair_style coul/slater/long: what the user gives, and what restart and data files keep of it.
#include "pair_coul_slater_long.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "utils.h"

#include <algorithm>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {

// LAMMPS's kspace styles take ncoultablebits for the size of tables of its own kind, whose error may exceed the accuracy asked for, and then
// advise `pair_modify table 0`. The tables here are exact to rounding: what the user says is kept in `tabulated`, and kspace is shown none.
void PairCoulSlater::modify_params(int narg, char **arg)
{
  ncoultablebits = tabulated ? 1 : 0;
  Pair::modify_params(narg, arg);
  tabulated = ncoultablebits != 0;
  ncoultablebits = 0;
  show_kspace_no_table();
}

// Inside pair_style hybrid, kspace looks at the hybrid's number, which serves nothing else.
void PairCoulSlater::show_kspace_no_table() const
{
  if (utils::strmatch(force->pair_style, "^hybrid")) force->pair->ncoultablebits = 0;
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
  show_kspace_no_table();
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
    zeta[i][i] = given.zeta;
    number[i] = given.n;
    setflag[i][i] = 1;
  }
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i + 1; j <= atom->ntypes; ++j) setflag[i][j] = zeta[i][i] > 0.0 && zeta[j][j] > 0.0;
}

void PairCoulSlater::write_restart(FILE *fp)
{
  write_restart_settings(fp);
  const int ntypes = atom->ntypes;
  for (int i = 1; i <= ntypes; ++i) {
    fwrite(&setflag[i][i], sizeof(int), ntypes - i + 1, fp);
    fwrite(&scale[i][i], sizeof(double), ntypes - i + 1, fp);
    fwrite(&zeta[i][i], sizeof(double), 1, fp);
    fwrite(&number[i], sizeof(int), 1, fp);
  }
}

void PairCoulSlater::read_restart(FILE *fp)
{
  read_restart_settings(fp);
  allocate();
  const int ntypes = atom->ntypes;
  for (int i = 1; i <= ntypes; ++i) {
    if (comm->me == 0) {
      utils::sfread(FLERR, &setflag[i][i], sizeof(int), ntypes - i + 1, fp, nullptr, error);
      utils::sfread(FLERR, &scale[i][i], sizeof(double), ntypes - i + 1, fp, nullptr, error);
      utils::sfread(FLERR, &zeta[i][i], sizeof(double), 1, fp, nullptr, error);
      utils::sfread(FLERR, &number[i], sizeof(int), 1, fp, nullptr, error);
    }
    MPI_Bcast(&setflag[i][i], ntypes - i + 1, MPI_INT, 0, world);
    MPI_Bcast(&scale[i][i], ntypes - i + 1, MPI_DOUBLE, 0, world);
    MPI_Bcast(&zeta[i][i], 1, MPI_DOUBLE, 0, world);
    MPI_Bcast(&number[i], 1, MPI_INT, 0, world);
  }
}

void PairCoulSlater::write_restart_settings(FILE *fp)
{
  const int flag = slater, table = tabulated;
  fwrite(&flag, sizeof(int), 1, fp);
  fwrite(&lambda, sizeof(double), 1, fp);
  fwrite(&cut_coul, sizeof(double), 1, fp);
  fwrite(&table, sizeof(int), 1, fp);
  fwrite(&tabinner, sizeof(double), 1, fp);
}

void PairCoulSlater::read_restart_settings(FILE *fp)
{
  int flag = 0, table = 0;
  if (comm->me == 0) {
    utils::sfread(FLERR, &flag, sizeof(int), 1, fp, nullptr, error);
    utils::sfread(FLERR, &lambda, sizeof(double), 1, fp, nullptr, error);
    utils::sfread(FLERR, &cut_coul, sizeof(double), 1, fp, nullptr, error);
    utils::sfread(FLERR, &table, sizeof(int), 1, fp, nullptr, error);
    utils::sfread(FLERR, &tabinner, sizeof(double), 1, fp, nullptr, error);
  }
  MPI_Bcast(&flag, 1, MPI_INT, 0, world);
  MPI_Bcast(&lambda, 1, MPI_DOUBLE, 0, world);
  MPI_Bcast(&cut_coul, 1, MPI_DOUBLE, 0, world);
  MPI_Bcast(&table, 1, MPI_INT, 0, world);
  MPI_Bcast(&tabinner, 1, MPI_DOUBLE, 0, world);
  slater = flag != 0;
  tabulated = table != 0;
  show_kspace_no_table();
}

void PairCoulSlater::write_data(FILE *fp)
{
  for (int i = 1; i <= atom->ntypes; ++i) {
    if (slater) fprintf(fp, "%d %.17g %d\n", i, zeta[i][i], number[i]);
    else fprintf(fp, "%d\n", i);
  }
}

// A line for every pair of types, as read_data expects; those of unlike types have no value.
void PairCoulSlater::write_data_all(FILE *fp)
{
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i; j <= atom->ntypes; ++j) {
      if (slater && i == j) fprintf(fp, "%d %d %.17g %d\n", i, i, zeta[i][i], number[i]);
      else fprintf(fp, "%d %d\n", i, j);
    }
}

}    // namespace esgap
