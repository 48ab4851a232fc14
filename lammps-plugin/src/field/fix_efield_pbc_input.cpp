// fix efield/pbc: what the user gives, and what is checked before a run.
#include "fix_efield_pbc.h"

#include "../cell_of.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "group.h"
#include "input.h"
#include "modify.h"
#include "update.h"
#include "utils.h"
#include "variable.h"

#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {
namespace {

constexpr double NEUTRAL = 1.0e-6;        // e
constexpr int VECTOR_SIZE = 10;           // dipole, polarisation, field, work

}    // namespace

// fix ID group efield/pbc EX EY EZ [keyword value ...]
FixEfieldPbc::FixEfieldPbc(LAMMPS *lmp, int narg, char **arg) : Fix(lmp, narg, arg), displacement(lmp)
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
  maxexchange = Displacements::SIZE;

  for (int k = 0; k < 3; ++k) {
    if (utils::strmatch(arg[3 + k], "^v_"))
      component[k].variable = arg[3 + k] + 2;
    else
      component[k].value = utils::numeric(FLERR, arg[3 + k], false, lmp);
  }
  parse_options(narg, arg);

  displacement.grow(atom->nmax);
  atom->add_callback(Atom::GROW);
  atom->add_callback(Atom::RESTART);
  for (int i = 0; i < atom->nlocal; ++i) displacement.start_at(i);
  last_cell = cell_of(*domain);
  // After read_restart this fix may yet get its references from there, and then wants no file.
  file_to_read = !reference_file.empty();
  if (modify->nfix_restart_global == 0) read_file();
}

FixEfieldPbc::~FixEfieldPbc()
{
  if (copymode) return;
  atom->delete_callback(id, Atom::GROW);
  atom->delete_callback(id, Atom::RESTART);
}

void FixEfieldPbc::parse_options(int narg, char **arg)
{
  for (int k = 6; k < narg; k += 2) {
    const std::string key = arg[k];
    if (k + 1 == narg) error->all(FLERR, "fix efield/pbc: the keyword {} has no value", key);
    const std::string value = arg[k + 1];
    if (key == "energy") thermo_energy = utils::logical(FLERR, value, false, lmp);
    else if (key == "virial") thermo_virial = utils::logical(FLERR, value, false, lmp);
    else if (key == "scale") control.scale = utils::numeric(FLERR, value, false, lmp);
    else if (key == "lattice") control.lattice = utils::logical(FLERR, value, false, lmp) != 0;
    else if (key == "mode" && (value == "E" || value == "D")) control.constant_d = value == "D";
    else if (key == "mode") error->all(FLERR, "fix efield/pbc: mode is E (constant field) or D (constant displacement field), not {}", value);
    else if (key == "reference") reference_file = value == "start" ? "" : value;
    else error->all(FLERR, "fix efield/pbc does not know the keyword {}: expected reference, scale, energy, virial, lattice or mode", key);
  }
  if (!(control.scale > 0.0)) error->all(FLERR, "fix efield/pbc: scale must be positive, not {}", control.scale);
}

void FixEfieldPbc::read_file()
{
  if (file_to_read) displacement.read(reference_file, groupbit);
  file_to_read = false;
}

int FixEfieldPbc::setmask()
{
  using namespace FixConst;
  return PRE_REVERSE | MIN_PRE_REVERSE | POST_FORCE | MIN_POST_FORCE;
}

void FixEfieldPbc::init()
{
  read_file();
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

void FixEfieldPbc::warn_of_net_charge()
{
  double charge = 0.0, total = 0.0;
  for (int i = 0; i < atom->nlocal; ++i)
    if (in_group(i)) charge += atom->q[i];
  MPI_Allreduce(&charge, &total, 1, MPI_DOUBLE, MPI_SUM, world);
  if (std::fabs(total - net_charge) > NEUTRAL && std::fabs(total) > NEUTRAL && comm->me == 0)    // once, not for each frame of a rerun
    error->warning(FLERR, "fix efield/pbc: group {} has a net charge of {:.6g} e: its energy depends on the reference positions, and the field accelerates the whole group",
                   group->names[igroup], total);
  net_charge = total;
}

}    // namespace esgap
