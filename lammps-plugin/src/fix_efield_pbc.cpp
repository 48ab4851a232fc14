#include "fix_efield_pbc.h"

#include "reference_dump.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "group.h"
#include "input.h"
#include "memory.h"
#include "modify.h"
#include "update.h"
#include "utils.h"
#include "variable.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <unordered_map>

using namespace LAMMPS_NS;

namespace esgap {
namespace {
constexpr double NEUTRAL = 1.0e-6;    // e
constexpr int VECTOR_SIZE = 10;       // dipole, polarisation, field, work

double dot(const std::array<double, 3> &a, const std::array<double, 3> &b)
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
}    // namespace

// fix ID group efield/pbc EX EY EZ [keyword value ...]
FixEfieldPbc::FixEfieldPbc(LAMMPS *lmp, int narg, char **arg) : Fix(lmp, narg, arg)
{
  if (narg < 6) error->all(FLERR, "fix efield/pbc takes three field components in V/Angstrom but was given {}", narg - 3);
  if (!atom->q_flag) error->all(FLERR, "fix efield/pbc needs charges: use atom_style charge or full");
  if (std::strcmp(update->unit_style, "metal") != 0)
    error->all(FLERR, "fix efield/pbc works in units metal (V/Angstrom, eV), not in units {}", update->unit_style);

  scalar_flag = vector_flag = 1;
  size_vector = VECTOR_SIZE;
  extscalar = 1;
  extvector = 0;
  global_freq = 1;
  dynamic_group_allow = 1;
  energy_global_flag = energy_peratom_flag = virial_global_flag = virial_peratom_flag = 1;
  thermo_energy = thermo_virial = 1;    // the field is part of the potential energy, unlike in stock fix efield
  restart_peratom = restart_global = create_attribute = 1;
  respa_level_support = 1;

  for (int k = 0; k < 3; ++k) {
    if (utils::strmatch(arg[3 + k], "^v_"))
      component[k].variable = arg[3 + k] + 2;
    else
      component[k].value = utils::numeric(FLERR, arg[3 + k], false, lmp);
  }
  FixEfieldPbc::grow_arrays(atom->nmax);
  atom->add_callback(Atom::GROW);
  atom->add_callback(Atom::RESTART);
  for (int i = 0; i < atom->nlocal; ++i) FixEfieldPbc::set_arrays(i);
  parse_options(narg, arg);
}

FixEfieldPbc::~FixEfieldPbc()
{
  if (copymode) return;
  atom->delete_callback(id, Atom::GROW);
  atom->delete_callback(id, Atom::RESTART);
  memory->destroy(reference);
}

void FixEfieldPbc::parse_options(int narg, char **arg)
{
  for (int k = 6; k < narg; k += 2) {
    const std::string key = arg[k];
    if (k + 1 == narg) error->all(FLERR, "fix efield/pbc: the keyword {} has no value", key);
    const std::string value = arg[k + 1];
    if (key == "energy") thermo_energy = utils::logical(FLERR, value, false, lmp);
    else if (key == "virial") thermo_virial = utils::logical(FLERR, value, false, lmp);
    else if (key == "lattice") lattice = utils::logical(FLERR, value, false, lmp) != 0;
    else if (key == "mode" && (value == "E" || value == "D")) displacement_field = value == "D";
    else if (key == "mode") error->all(FLERR, "fix efield/pbc: mode is E (constant field) or D (constant displacement field), not {}", value);
    else if (key != "reference")
      error->all(FLERR, "fix efield/pbc does not know the keyword {}: expected reference, energy, virial, lattice or mode", key);
    else if (value != "start")
      read_reference(value);
  }
}

// Reference positions from a file, matched by atom id. An atom's displacement is taken to the image of its reference
// that is nearest in fractional coordinates, so that neither run's image flags matter.
void FixEfieldPbc::read_reference(const std::string &file)
{
  std::vector<ReferencePosition> positions;
  if (comm->me == 0) {
    try {
      positions = read_reference_dump(file);
    } catch (const std::exception &problem) {
      error->one(FLERR, "fix efield/pbc: {}", problem.what());
    }
  }
  int count = static_cast<int>(positions.size());
  MPI_Bcast(&count, 1, MPI_INT, 0, world);
  positions.resize(count);
  MPI_Bcast(positions.data(), static_cast<int>(count * sizeof(ReferencePosition)), MPI_BYTE, 0, world);

  std::unordered_map<std::int64_t, const ReferencePosition *> by_id;
  for (const auto &position : positions) by_id[position.id] = &position;
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!(atom->mask[i] & groupbit)) continue;
    const auto found = by_id.find(atom->tag[i]);
    if (found == by_id.end())
      error->one(FLERR, "fix efield/pbc: the reference file {} has {} atoms but none with id {}: it must hold every atom of the group", file, count, atom->tag[i]);
    double now[3];
    unwrapped_fraction(i, now);
    for (int k = 0; k < 3; ++k) {
      const double start = found->second->fraction[k];
      reference[i][k] = start + std::round(now[k] - start);
    }
  }
}

int FixEfieldPbc::setmask()
{
  using namespace FixConst;
  return PRE_REVERSE | MIN_PRE_REVERSE | POST_FORCE | POST_FORCE_RESPA | MIN_POST_FORCE;
}

void FixEfieldPbc::init()
{
  for (auto &c : component) {
    if (c.variable.empty()) continue;
    const int index = input->variable->find(c.variable.c_str());
    if (index < 0) error->all(FLERR, "fix efield/pbc: there is no variable {}: define it with `variable {} equal ...`", c.variable, c.variable);
    if (!input->variable->equalstyle(index)) error->all(FLERR, "fix efield/pbc: the variable {} is not of equal style", c.variable);
  }
  if (domain->dimension != 3 || !domain->xperiodic || !domain->yperiodic || !domain->zperiodic)
    error->all(FLERR, "fix efield/pbc needs a cell periodic in x, y and z: use stock fix efield otherwise");

  double sums[2] = {0.0, 0.0}, totals[2];    // charge, and whether there is any
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!(atom->mask[i] & groupbit)) continue;
    sums[0] += atom->q[i];
    sums[1] += std::fabs(atom->q[i]);
  }
  MPI_Allreduce(sums, totals, 2, MPI_DOUBLE, MPI_SUM, world);
  if (std::fabs(totals[0]) > NEUTRAL && comm->me == 0)
    error->warning(FLERR, "fix efield/pbc: group {} has a net charge of {:.6g} e: its energy depends on the reference positions, and the field accelerates the whole cell",
                   group->names[igroup], totals[0]);
}

void FixEfieldPbc::setup(int vflag)
{
  has_previous = false;
  if (utils::strmatch(update->integrate_style, "^respa")) {
    post_force_respa(vflag, modify->get_fix_by_id(id)->respa_level, 0);
    return;
  }
  post_force(vflag);
}

void FixEfieldPbc::min_setup(int vflag)
{
  has_previous = false;
  post_force(vflag);
}

void FixEfieldPbc::setup_pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::min_pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::min_post_force(int vflag) { post_force(vflag); }
void FixEfieldPbc::post_force_respa(int vflag, int ilevel, int) { if (ilevel == respa_level || respa_level < 0) post_force(vflag); }

void FixEfieldPbc::unwrapped_fraction(int i, double *fraction) const
{
  double x[3];
  domain->unmap(atom->x[i], atom->image[i], x);
  domain->x2lamda(x, fraction);
}

// Displacement from the reference, in Angstrom. The reference is fixed in fractions of the box: it moves with it.
FixEfieldPbc::Vector FixEfieldPbc::displacement(int i) const
{
  double now[3];
  unwrapped_fraction(i, now);
  const double s[3] = {now[0] - reference[i][0], now[1] - reference[i][1], now[2] - reference[i][2]};
  const double *h = domain->h;    // xx yy zz yz xz xy
  return {h[0] * s[0] + h[5] * s[1] + h[4] * s[2], h[1] * s[1] + h[3] * s[2], h[2] * s[2]};
}

// The three numbers of the command, as a Cartesian vector in V/Angstrom.
FixEfieldPbc::Vector FixEfieldPbc::external() const
{
  Vector given;
  for (int k = 0; k < 3; ++k)
    given[k] = component[k].variable.empty() ? component[k].value : input->variable->compute_equal(input->variable->find(component[k].variable.c_str()));
  if (!lattice) return given;
  const double *h = domain->h, b = std::hypot(h[5], h[1]), c = std::sqrt(h[4] * h[4] + h[3] * h[3] + h[2] * h[2]);
  return {given[0] + given[1] * h[5] / b + given[2] * h[4] / c, given[1] * h[1] / b + given[2] * h[3] / c, given[2] * h[2] / c};
}

// Sets the dipole and the field that acts: the given one, or at constant D what the polarisation leaves of D/eps0.
void FixEfieldPbc::update_field()
{
  Vector local{};
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!(atom->mask[i] & groupbit)) continue;
    const Vector d = displacement(i);
    for (int k = 0; k < 3; ++k) local[k] += atom->q[i] * d[k];
  }
  MPI_Allreduce(local.data(), dipole.data(), 3, MPI_DOUBLE, MPI_SUM, world);

  modify->clearstep_compute();
  field = external();
  modify->addstep_compute(update->ntimestep + 1);
  if (!displacement_field) return;
  const double over_eps0 = 4.0 * M_PI * force->qqrd2e / (domain->xprd * domain->yprd * domain->zprd);
  for (int k = 0; k < 3; ++k) field[k] -= dipole[k] * over_eps0;
}

void FixEfieldPbc::add_work()
{
  if (has_previous)
    for (int k = 0; k < 3; ++k) work += 0.5 * (field[k] + previous_field[k]) * (dipole[k] - previous_dipole[k]);
  previous_field = field;
  previous_dipole = dipole;
  has_previous = true;
}

// fix npt may exchange tilt factors for equivalent ones; fractions of the old vectors then mean another place.
void FixEfieldPbc::refuse_flip()
{
  const Vector now = {domain->xy / domain->xprd, domain->xz / domain->xprd, domain->yz / domain->yprd};
  for (int k = 0; has_previous && k < 3; ++k)
    if (std::fabs(now[k] - tilt[k]) > 0.5)
      error->all(FLERR, "fix efield/pbc cannot follow its reference positions through a flip of the box: use `flip no` in fix npt or nph");
  tilt = now;
}

void FixEfieldPbc::post_force(int vflag)
{
  refuse_flip();
  update_field();
  add_work();
  ev_init(eflag_caller, vflag);

  // At constant D the energy Omega eps0 E^2/2 adds an isotropic share, the same for every atom of the cell.
  double isotropic = 0.0, per_atom = 0.0;
  if (displacement_field) {
    isotropic = -compute_scalar() - dot(dipole, field);
    per_atom = 1.0 / static_cast<double>(group->count(igroup));
  }
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!(atom->mask[i] & groupbit)) continue;
    const double q = atom->q[i];
    for (int k = 0; k < 3; ++k) atom->f[i][k] += q * field[k];
    if (!evflag) continue;
    const Vector d = displacement(i);
    if (eflag_atom) eatom[i] += displacement_field ? compute_scalar() * per_atom : -q * dot(field, d);
    const double share = isotropic * per_atom;
    double v[6] = {q * field[0] * d[0] + share, q * field[1] * d[1] + share, q * field[2] * d[2] + share,
                   q * field[0] * d[1],         q * field[0] * d[2],         q * field[1] * d[2]};
    v_tally(i, v);
  }
}

// Energy in eV: -E.p, or Omega eps0 E^2 / 2 at constant D (Stengel, Spaldin, Vanderbilt, Nat. Phys. 5, 304 (2009)).
double FixEfieldPbc::compute_scalar()
{
  if (!displacement_field) return -dot(field, dipole);
  const double volume = domain->xprd * domain->yprd * domain->zprd;
  return volume * dot(field, field) / (8.0 * M_PI * force->qqrd2e);
}

double FixEfieldPbc::compute_vector(int n)
{
  const double volume = domain->xprd * domain->yprd * domain->zprd;
  if (n < 3) return dipole[n];
  if (n < 6) return dipole[n - 3] / volume;
  if (n < 9) return field[n - 6];
  return work;
}

double FixEfieldPbc::memory_usage() { return 3.0 * atom->nmax * sizeof(double); }

void FixEfieldPbc::grow_arrays(int nmax) { memory->grow(reference, nmax, 3, "efield/pbc:reference"); }
void FixEfieldPbc::copy_arrays(int i, int j, int) { std::copy_n(reference[i], 3, reference[j]); }
void FixEfieldPbc::set_arrays(int i) { unwrapped_fraction(i, reference[i]); }    // a new atom starts where it is

int FixEfieldPbc::pack_exchange(int i, double *buf)
{
  std::copy_n(reference[i], 3, buf);
  return 3;
}

int FixEfieldPbc::unpack_exchange(int i, double *buf)
{
  std::copy_n(buf, 3, reference[i]);
  return 3;
}

int FixEfieldPbc::pack_restart(int i, double *buf)
{
  buf[0] = 4;
  std::copy_n(reference[i], 3, buf + 1);
  return 4;
}

void FixEfieldPbc::unpack_restart(int i, int nth)
{
  const double *extra = atom->extra[i];
  int m = 0;
  for (int k = 0; k < nth; ++k) m += static_cast<int>(extra[m]);
  std::copy_n(extra + m + 1, 3, reference[i]);
}

int FixEfieldPbc::size_restart(int) { return 4; }
int FixEfieldPbc::maxsize_restart() { return 4; }

void FixEfieldPbc::write_restart(FILE *fp)
{
  if (comm->me != 0) return;
  const int size = sizeof(double);
  fwrite(&size, sizeof(int), 1, fp);
  fwrite(&work, sizeof(double), 1, fp);
}

void FixEfieldPbc::restart(char *buf) { std::memcpy(&work, buf, sizeof(double)); }

}    // namespace esgap
