#include "fix_efield_pbc.h"

#include "../cell_of.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "group.h"
#include "input.h"
#include "modify.h"
#include "update.h"
#include "utils.h"
#include "variable.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {
namespace {

// A well mixed number for each id (splitmix64, public domain): their sum tells one set of atoms from another, in any order.
std::uint64_t mixed(std::uint64_t x)
{
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}    // namespace

void FixEfieldPbc::setup(int vflag)
{
  in_run = false;
  follow_flip();
  const int bits = group->dynamic[igroup] ? ~0 : groupbit;    // an atom may join later
  if (rerun()) displacement.absorb_frame(bits, rerun_is_wrapped());
  else displacement.absorb_relabelling(bits);
  post_force(vflag);
}

void FixEfieldPbc::post_run() { displacement.mark(); }
void FixEfieldPbc::min_setup(int vflag) { setup(vflag); }
void FixEfieldPbc::setup_pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::min_pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::min_post_force(int vflag) { post_force(vflag); }

// fix npt and fix deform may exchange tilt factors for equivalent ones: the same places get other fractions.
void FixEfieldPbc::follow_flip()
{
  const Flip flip(last_cell, cell_of(*domain));
  last_cell = cell_of(*domain);
  if (!flip.happened()) return;
  if (control.lattice)
    error->all(FLERR, "fix efield/pbc: the box flipped, so that b and c of `lattice yes` have other directions: use `flip no` in fix npt, nph or deform");
  displacement.follow(flip);
}

// Of the commands that run fixes `rerun` alone has the keyword `dump` before the name of a field, x. (The name of the command, Input::command, is not public in
// versions before 2025.)
bool FixEfieldPbc::rerun() const
{
  char **const end = input->arg + input->narg;
  const auto is = [](const char *word) { return [word](const char *arg) { return std::strcmp(arg, word) == 0; }; };
  return std::find_if(std::find_if(input->arg, end, is("dump")), end, is("x")) != end;
}

// The command says whether the frames have unwrapped coordinates (`wrapped no`) or image flags.
bool FixEfieldPbc::rerun_is_wrapped() const
{
  for (int k = 0; k < input->narg; ++k) {
    const std::string word = input->arg[k];
    if (word == "ix" || (word == "wrapped" && k + 1 < input->narg && !utils::logical(FLERR, input->arg[k + 1], false, lmp))) return false;
  }
  return true;
}

bool FixEfieldPbc::in_group(int i) const { return (atom->mask[i] & groupbit) != 0; }

double FixEfieldPbc::inverse_eps0() const { return 4.0 * M_PI * force->qqrd2e; }    // V Angstrom/e

// The three numbers of the command, V/Angstrom.
Vector FixEfieldPbc::given()
{
  Vector numbers{};
  bool variable = false;
  for (const auto &c : component) variable = variable || !c.variable.empty();
  if (variable) modify->clearstep_compute();
  for (int k = 0; k < 3; ++k)
    numbers[k] = component[k].variable.empty() ? component[k].value : input->variable->compute_equal(component[k].index);
  if (variable) modify->addstep_compute(update->ntimestep + 1);
  return numbers;
}

Vector FixEfieldPbc::uniform_field() { return field_state(control, cell_of(*domain), given(), Vector{}, inverse_eps0()).field; }

void FixEfieldPbc::update_state()
{
  const Cell box = cell_of(*domain);
  double local[4] = {0.0, 0.0, 0.0, 0.0}, total[4];
  std::uint64_t sum = 0;
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!in_group(i)) continue;
    const Vector d = displacement(box, i);
    for (int k = 0; k < 3; ++k) local[k] += atom->q[i] * d[k];
    local[3] += 1.0;
    sum += mixed(atom->tag_enable ? atom->tag[i] : 0);
  }
  MPI_Allreduce(local, total, 4, MPI_DOUBLE, MPI_SUM, world);
  MPI_Allreduce(&sum, &who, 1, MPI_UINT64_T, MPI_SUM, world);
  std::copy_n(total, 3, dipole.begin());
  members = total[3];
  state = field_state(control, box, given(), dipole, inverse_eps0());
}

void FixEfieldPbc::add_work()
{
  if (in_run && who == last_who)    // an atom that leaves takes its share of the dipole with it, without work
    for (int k = 0; k < 3; ++k) work += 0.5 * (state.push[k] + last_push[k]) * (dipole[k] - last_dipole[k]);
  last_push = state.push;
  last_dipole = dipole;
  last_who = who;
  in_run = true;
}

void FixEfieldPbc::post_force(int vflag)
{
  follow_flip();
  update_state();
  add_work();
  ev_init(eflag_caller, vflag);

  const Cell box = cell_of(*domain);
  const Vector &e = state.push;
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!in_group(i)) continue;
    const double q = atom->q[i];
    for (int k = 0; k < 3; ++k) atom->f[i][k] += q * e[k];
    if (!evflag) continue;
    const Vector d = displacement(box, i);
    if (eflag_atom) eatom[i] += state.vacuum / members - q * dot(d, state.lever);
    double v[6] = {q * e[0] * d[0], q * e[1] * d[1], q * e[2] * d[2], q * e[0] * d[1], q * e[0] * d[2], q * e[1] * d[2]};
    for (int k = 0; k < 6; ++k) v[k] += state.virial[k] / members;    // the cell's part: the same share for every atom
    v_tally(i, v);
  }
}

double FixEfieldPbc::compute_scalar() { return state.energy; }

double FixEfieldPbc::compute_vector(int n)
{
  if (n < 3) return dipole[n];
  if (n < 6) return dipole[n - 3] / cell_of(*domain).volume();
  if (n < 9) return state.field[n - 6];
  return work;
}

double FixEfieldPbc::memory_usage() { return Displacements::SIZE * sizeof(double) * static_cast<double>(atom->nmax); }

void FixEfieldPbc::grow_arrays(int nmax) { displacement.grow(nmax); }
void FixEfieldPbc::copy_arrays(int i, int j, int) { displacement.copy(i, j); }
void FixEfieldPbc::set_arrays(int i) { displacement.start_at(i); }    // a new atom starts where it is

int FixEfieldPbc::pack_exchange(int i, double *buf)
{
  displacement.pack(i, buf);
  return Displacements::SIZE;
}

int FixEfieldPbc::unpack_exchange(int i, double *buf)
{
  displacement.unpack(i, buf);
  return Displacements::SIZE;
}

int FixEfieldPbc::pack_restart(int i, double *buf)
{
  buf[0] = 1 + Displacements::SIZE;
  return 1 + FixEfieldPbc::pack_exchange(i, buf + 1);
}

void FixEfieldPbc::unpack_restart(int i, int nth)
{
  double *extra = atom->extra[i];
  int m = 0;
  for (int k = 0; k < nth; ++k) m += static_cast<int>(extra[m]);
  FixEfieldPbc::unpack_exchange(i, extra + m + 1);
}

int FixEfieldPbc::size_restart(int) { return 1 + Displacements::SIZE; }
int FixEfieldPbc::maxsize_restart() { return 1 + Displacements::SIZE; }

void FixEfieldPbc::write_restart(FILE *fp)
{
  if (comm->me != 0) return;
  const int size = sizeof(double);
  fwrite(&size, sizeof(int), 1, fp);
  fwrite(&work, sizeof(double), 1, fp);
}

void FixEfieldPbc::restart(char *buf)
{
  std::memcpy(&work, buf, sizeof(double));
  file_to_read = false;
  if (!reference_file.empty() && comm->me == 0)
    utils::logmesg(lmp, "fix efield/pbc goes on with the reference positions of the restart file; {} is not used\n", reference_file);
}

}    // namespace esgap
