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

using namespace LAMMPS_NS;

namespace esgap {
namespace {

constexpr double NEUTRAL = 1.0e-6;        // e
constexpr double SAME_POSITION = 1.0e-8;  // of a cell vector
constexpr double OTHER_BOX = 0.2;         // strain between the box of a reference file and the present one
constexpr double AMBIGUOUS = 0.45;        // of a cell vector: another image of the reference is nearly as near
constexpr double TIE = 1.0e-6;            // of a cell vector
constexpr int VECTOR_SIZE = 10;           // dipole, polarisation, field, work

// Cell vectors from the point to its nearest image along one axis; at half a cell the displacement is +1/2, whatever the rounding.
double nearest_image(double difference) { return std::ceil(difference - 0.5 - TIE); }

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
  maxexchange = 6;

  for (int k = 0; k < 3; ++k) {
    if (utils::strmatch(arg[3 + k], "^v_"))
      component[k].variable = arg[3 + k] + 2;
    else
      component[k].value = utils::numeric(FLERR, arg[3 + k], false, lmp);
  }
  parse_options(narg, arg);

  FixEfieldPbc::grow_arrays(atom->nmax);
  atom->add_callback(Atom::GROW);
  atom->add_callback(Atom::RESTART);
  for (int i = 0; i < atom->nlocal; ++i) FixEfieldPbc::set_arrays(i);
  if (!reference_file.empty()) read_reference();
}

FixEfieldPbc::~FixEfieldPbc()
{
  if (copymode) return;
  atom->delete_callback(id, Atom::GROW);
  atom->delete_callback(id, Atom::RESTART);
  memory->destroy(reference);
  memory->destroy(seen);
}

void FixEfieldPbc::parse_options(int narg, char **arg)
{
  for (int k = 6; k < narg; k += 2) {
    const std::string key = arg[k];
    if (k + 1 == narg) error->all(FLERR, "fix efield/pbc: the keyword {} has no value", key);
    const std::string value = arg[k + 1];
    if (key == "energy") thermo_energy = utils::logical(FLERR, value, false, lmp);
    else if (key == "virial") thermo_virial = utils::logical(FLERR, value, false, lmp);
    else if (key == "lattice") control.lattice = utils::logical(FLERR, value, false, lmp) != 0;
    else if (key == "mode" && (value == "E" || value == "D")) control.constant_d = value == "D";
    else if (key == "mode") error->all(FLERR, "fix efield/pbc: mode is E (constant field) or D (constant displacement field), not {}", value);
    else if (key == "reference") reference_file = value == "start" ? "" : value;
    else error->all(FLERR, "fix efield/pbc does not know the keyword {}: expected reference, energy, virial, lattice or mode", key);
  }
}

// Reference positions from a file, matched by atom id. An atom's displacement is taken to the image of its reference
// that is nearest in fractional coordinates, so that neither run's image flags matter.
void FixEfieldPbc::read_reference()
{
  if (!atom->tag_enable) error->all(FLERR, "fix efield/pbc: a reference file needs atom ids");
  ReferenceDump dump{};
  if (comm->me == 0) {
    try {
      dump = read_reference_dump(reference_file);
    } catch (const std::exception &problem) {
      error->one(FLERR, "fix efield/pbc: {}", problem.what());
    }
  }
  auto &positions = dump.positions;
  int count = static_cast<int>(positions.size());
  MPI_Bcast(&dump.cell, sizeof(Cell), MPI_BYTE, 0, world);
  MPI_Bcast(&count, 1, MPI_INT, 0, world);
  positions.resize(count);
  MPI_Bcast(positions.data(), static_cast<int>(count * sizeof(ReferencePosition)), MPI_BYTE, 0, world);

  for (int k = 0; k < 3; ++k) {
    Vector strain = dump.cell.fraction(cell().edge(k));
    strain[k] -= 1.0;
    for (double s : strain)
      if (std::fabs(s) > OTHER_BOX)
        error->all(FLERR, "fix efield/pbc: the reference file {} was written in another box, lx ly lz xy xz yz = {:.6g} {:.6g} {:.6g} {:.6g} {:.6g} {:.6g}: it must agree with the present one to {:.0f} %",
                   reference_file, dump.cell.xx, dump.cell.yy, dump.cell.zz, dump.cell.xy, dump.cell.xz, dump.cell.yz, 100 * OTHER_BOX);
  }

  bigint ambiguous = 0, all_ambiguous = 0;
  for (int i = 0; i < atom->nlocal; ++i) {
    const tagint tag = atom->tag[i];
    const auto found = std::lower_bound(positions.begin(), positions.end(), tag, [](const auto &p, tagint t) { return p.id < t; });
    if (found == positions.end() || found->id != tag) {
      if (!in_group(i)) continue;
      error->one(FLERR, "fix efield/pbc: the reference file {} has {} atoms but none with id {}: it must hold every atom of the group", reference_file, count, tag);
    }
    const Vector now = unwrapped_fraction(i);
    bool unclear = false;
    for (int k = 0; k < 3; ++k) {
      const double difference = now[k] - found->fraction[k];
      reference[i][k] = found->fraction[k] + nearest_image(difference);
      unclear = unclear || std::fabs(now[k] - reference[i][k]) > AMBIGUOUS;
    }
    if (unclear && in_group(i)) ++ambiguous;
  }
  MPI_Allreduce(&ambiguous, &all_ambiguous, 1, MPI_LMP_BIGINT, MPI_SUM, world);
  if (all_ambiguous > 0 && comm->me == 0)
    error->warning(FLERR, "fix efield/pbc: {} atoms are nearly half a cell vector from their reference, where the nearest image is arbitrary: start the fix before moving them, with `reference start`, to choose their path", all_ambiguous);
}

int FixEfieldPbc::setmask()
{
  using namespace FixConst;
  return PRE_REVERSE | MIN_PRE_REVERSE | POST_FORCE | MIN_POST_FORCE;
}

void FixEfieldPbc::init()
{
  refuse_wrong_setting();
  init_variables();
  warn_of_net_charge();
}

void FixEfieldPbc::init_variables()
{
  for (auto &c : component) {
    if (c.variable.empty()) continue;
    c.index = input->variable->find(c.variable.c_str());
    if (c.index < 0) error->all(FLERR, "fix efield/pbc: there is no variable {}: define it with `variable {} equal ...`", c.variable, c.variable);
    if (!input->variable->equalstyle(c.index)) error->all(FLERR, "fix efield/pbc: the variable {} is not of equal style", c.variable);
  }
}

void FixEfieldPbc::refuse_wrong_setting() const
{
  if (domain->dimension != 3 || !domain->xperiodic || !domain->yperiodic || !domain->zperiodic)
    error->all(FLERR, "fix efield/pbc needs a cell periodic in x, y and z: use stock fix efield otherwise");
  if (utils::strmatch(update->integrate_style, "^respa"))
    error->all(FLERR, "fix efield/pbc does not work with run_style respa: use run_style verlet");
  for (const auto *other : modify->get_fix_list()) {
    if (other == this) break;
    if (std::strcmp(other->style, "neb") == 0)
      error->all(FLERR, "fix {} neb comes before fix {} efield/pbc and would not see the field: define fix neb after it", other->id, id);
  }
}

void FixEfieldPbc::warn_of_net_charge() const
{
  double charge = 0.0, total = 0.0;
  for (int i = 0; i < atom->nlocal; ++i)
    if (in_group(i)) charge += atom->q[i];
  MPI_Allreduce(&charge, &total, 1, MPI_DOUBLE, MPI_SUM, world);
  if (std::fabs(total) > NEUTRAL && comm->me == 0)
    error->warning(FLERR, "fix efield/pbc: group {} has a net charge of {:.6g} e: its energy depends on the reference positions, and the field accelerates the whole group",
                   group->names[igroup], total);
}

void FixEfieldPbc::setup(int vflag)
{
  in_run = false;
  absorb_relabelling();
  post_force(vflag);
}

void FixEfieldPbc::min_setup(int vflag) { setup(vflag); }
void FixEfieldPbc::setup_pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::min_pre_reverse(int eflag, int) { eflag_caller = eflag; }
void FixEfieldPbc::min_post_force(int vflag) { post_force(vflag); }

void FixEfieldPbc::post_run()
{
  for (int i = 0; i < atom->nlocal; ++i) {
    const Vector now = unwrapped_fraction(i);
    std::copy(now.begin(), now.end(), seen[i]);
  }
}

// Between two runs, a jump by whole cell vectors is another name for the same place (`set image`, `reset_atoms image`).
void FixEfieldPbc::absorb_relabelling()
{
  for (int i = 0; i < atom->nlocal; ++i) {
    const Vector now = unwrapped_fraction(i);
    Vector jump{};
    bool whole = true;
    for (int k = 0; k < 3; ++k) {
      jump[k] = std::round(now[k] - seen[i][k]);
      whole = whole && std::fabs(now[k] - seen[i][k] - jump[k]) < SAME_POSITION;
    }
    for (int k = 0; whole && k < 3; ++k) reference[i][k] += jump[k];
  }
}

// fix npt and fix deform may exchange tilt factors for equivalent ones: the same places get other fractions.
void FixEfieldPbc::follow_flip()
{
  const Flip flip(last_cell, cell());
  if (!flip.happened()) return;
  if (control.lattice)
    error->all(FLERR, "fix efield/pbc: the box flipped, so that b and c of `lattice yes` have other directions: use `flip no` in fix npt, nph or deform");
  for (int i = 0; i < atom->nlocal; ++i) flip.apply(reference[i]);
}

bool FixEfieldPbc::in_group(int i) const { return (atom->mask[i] & groupbit) != 0; }

Cell FixEfieldPbc::cell() const
{
  const double *h = domain->h;
  return {h[0], h[1], h[2], h[3], h[4], h[5]};
}

double FixEfieldPbc::inverse_eps0() const { return 4.0 * M_PI * force->qqrd2e; }    // V Angstrom/e

Vector FixEfieldPbc::unwrapped_fraction(int i) const
{
  Vector x{}, fraction{};
  domain->unmap(atom->x[i], atom->image[i], x.data());
  domain->x2lamda(x.data(), fraction.data());
  return fraction;
}

// From the reference, in Angstrom. The reference is fixed in fractions of the box: it moves with it.
Vector FixEfieldPbc::displacement(const Cell &box, int i) const
{
  Vector s = unwrapped_fraction(i);
  for (int k = 0; k < 3; ++k) s[k] -= reference[i][k];
  return box.cartesian(s);
}

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

void FixEfieldPbc::update_state()
{
  const Cell box = cell();
  double local[4] = {0.0, 0.0, 0.0, 0.0}, total[4];
  for (int i = 0; i < atom->nlocal; ++i) {
    if (!in_group(i)) continue;
    const Vector d = displacement(box, i);
    for (int k = 0; k < 3; ++k) local[k] += atom->q[i] * d[k];
    local[3] += 1.0;
  }
  MPI_Allreduce(local, total, 4, MPI_DOUBLE, MPI_SUM, world);
  std::copy_n(total, 3, dipole.begin());
  members = total[3];
  state = field_state(control, box, given(), dipole, inverse_eps0());
}

void FixEfieldPbc::add_work()
{
  if (in_run)
    for (int k = 0; k < 3; ++k) work += 0.5 * (state.field[k] + last_field[k]) * (dipole[k] - last_dipole[k]);
  last_field = state.field;
  last_dipole = dipole;
  last_cell = cell();
  in_run = true;
}

void FixEfieldPbc::post_force(int vflag)
{
  if (in_run) follow_flip();
  update_state();
  add_work();
  ev_init(eflag_caller, vflag);

  const Cell box = cell();
  const Vector &e = state.field;
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
  if (n < 6) return dipole[n - 3] / cell().volume();
  if (n < 9) return state.field[n - 6];
  return work;
}

double FixEfieldPbc::memory_usage() { return 6.0 * atom->nmax * sizeof(double); }

void FixEfieldPbc::grow_arrays(int nmax)
{
  memory->grow(reference, nmax, 3, "efield/pbc:reference");
  memory->grow(seen, nmax, 3, "efield/pbc:seen");
}

void FixEfieldPbc::copy_arrays(int i, int j, int)
{
  std::copy_n(reference[i], 3, reference[j]);
  std::copy_n(seen[i], 3, seen[j]);
}

void FixEfieldPbc::set_arrays(int i)    // a new atom starts where it is
{
  const Vector now = unwrapped_fraction(i);
  std::copy(now.begin(), now.end(), reference[i]);
  std::copy(now.begin(), now.end(), seen[i]);
}

int FixEfieldPbc::pack_exchange(int i, double *buf)
{
  std::copy_n(reference[i], 3, buf);
  std::copy_n(seen[i], 3, buf + 3);
  return 6;
}

int FixEfieldPbc::unpack_exchange(int i, double *buf)
{
  std::copy_n(buf, 3, reference[i]);
  std::copy_n(buf + 3, 3, seen[i]);
  return 6;
}

int FixEfieldPbc::pack_restart(int i, double *buf)
{
  buf[0] = 7;
  return 1 + FixEfieldPbc::pack_exchange(i, buf + 1);
}

void FixEfieldPbc::unpack_restart(int i, int nth)
{
  double *extra = atom->extra[i];
  int m = 0;
  for (int k = 0; k < nth; ++k) m += static_cast<int>(extra[m]);
  FixEfieldPbc::unpack_exchange(i, extra + m + 1);
}

int FixEfieldPbc::size_restart(int) { return 7; }
int FixEfieldPbc::maxsize_restart() { return 7; }

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
  if (!reference_file.empty() && comm->me == 0)
    utils::logmesg(lmp, "fix efield/pbc goes on with the reference positions of the restart file; {} is not used\n", reference_file);
}

}    // namespace esgap
