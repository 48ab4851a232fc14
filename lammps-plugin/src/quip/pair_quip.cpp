#include "pair_quip.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cstring>

using namespace LAMMPS_NS;

namespace esgap {
namespace {

double squared_distance(const double *a, const double *b)
{
  const double dx = a[0] - b[0], dy = a[1] - b[1], dz = a[2] - b[2];
  return dx * dx + dy * dy + dz * dz;
}

}    // namespace

PairQuipWheel::PairQuipWheel(LAMMPS *lmp) : Pair(lmp)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;    // LAMMPS then refuses anything but `pair_coeff * *`
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;    // QUIP gives the virial itself
  centroidstressflag = CENTROID_NOTAVAIL;
}

PairQuipWheel::~PairQuipWheel()
{
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
}

void PairQuipWheel::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 1; i < n; i++)
    for (int j = i; j < n; j++) setflag[i][j] = 1;
}

void PairQuipWheel::settings(int narg, char **arg)
{
  if (narg != 0)
    error->all(FLERR, "pair_style quip takes no arguments, found '{}': the potential is given in pair_coeff", arg[0]);
}

void PairQuipWheel::coeff(int narg, char **arg)
{
  if (narg != 4 + atom->ntypes)
    error->all(FLERR,
               "pair_coeff for pair_style quip has {} arguments, expected {}: * * FILE.xml \"Potential xml_label=LABEL\" "
               "and an atomic number for each of the {} atom types",
               narg, 4 + atom->ntypes, atom->ntypes);

  number_of_type.assign(1, 0);
  for (int i = 4; i < narg; i++) {
    const int z = utils::is_integer(arg[i]) ? utils::inumeric(FLERR, arg[i], false, lmp) : 0;
    if (z < 1 || z > 118)
      error->all(FLERR, "pair_coeff for pair_style quip: '{}' for atom type {} is not an atomic number (1 to 118)", arg[i], i - 3);
    number_of_type.push_back(z);
  }
  load(arg[2], arg[3]);
  check_elements(arg[2]);
  if (!allocated) allocate();
}

void PairQuipWheel::load(const std::string &file, const std::string &init_args)
{
  potential.reset();
  std::string trouble;
  try {
    potential = std::make_unique<QuipPotential>(file, init_args);
  } catch (const QuipError &e) {
    trouble = e.what();
  }
  // Every rank reads the file: mostly all fail alike, but a node may lack it.
  const int failed = trouble.empty() ? 0 : 1;
  int all_failed = 0;
  MPI_Allreduce(&failed, &all_failed, 1, MPI_INT, MPI_MIN, world);
  if (all_failed) error->all(FLERR, "pair_style quip, {} with \"{}\": {}", file, init_args, trouble);
  if (failed) error->one(FLERR, "pair_style quip, {} with \"{}\": {}", file, init_args, trouble);
}

// QUIP gives an atom of an element it has no data for no energy, without a word.
void PairQuipWheel::check_elements(const std::string &file) const
{
  const auto known = quip_elements(file);
  if (known.empty()) return;
  std::string names;
  for (const int z : known) names += " " + std::to_string(z);
  for (int type = 1; type <= atom->ntypes; type++)
    if (!known.count(number_of_type[type]))
      error->all(FLERR, "pair_style quip: atomic number {} of atom type {} is not in {}, which has:{}",
                 number_of_type[type], type, file, names);
}

void PairQuipWheel::init_style()
{
  if (sizeof(tagint) != sizeof(int))
    error->all(FLERR, "pair_style quip: this LAMMPS has 64-bit atom ids and QUIP takes 32-bit ones: use a LAMMPS built with -DLAMMPS_SMALLBIG");
  if (strcmp(update->unit_style, "metal") != 0)
    error->all(FLERR, "pair_style quip needs eV and Angstrom, found units {}: give `units metal`", update->unit_style);
  if (!force->newton_pair)
    error->all(FLERR, "pair_style quip puts forces on ghost atoms, found newton pair off: give `newton on`");
  if (!atom->tag_enable) error->all(FLERR, "pair_style quip needs atom ids, found atom_modify id no: give `atom_modify id yes`");
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

double PairQuipWheel::init_one(int, int)
{
  return potential->cutoff();
}

void PairQuipWheel::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  gather();
  evaluate();
  scatter();
}

void PairQuipWheel::gather()
{
  const int ntotal = atom->nlocal + atom->nghost;
  atoms.nlocal = atom->nlocal;
  atoms.nghost = atom->nghost;
  atoms.tags = reinterpret_cast<const int *>(atom->tag);
  atoms.positions = ntotal ? atom->x[0] : nullptr;
  const double lattice[9] = {domain->xprd, 0.0, 0.0, domain->xy, domain->yprd, 0.0, domain->xz, domain->yz, domain->zprd};
  std::copy_n(lattice, 9, atoms.lattice);

  atoms.atomic_numbers.resize(ntotal);
  for (int i = 0; i < ntotal; i++) atoms.atomic_numbers[i] = number_of_type[atom->type[i]];

  // Beside a style with a longer cutoff, and with the skin, LAMMPS's list reaches further than QUIP needs to look.
  const double reach = potential->cutoff() * potential->cutoff();
  atoms.centres.assign(list->ilist, list->ilist + list->inum);
  atoms.neighbour_counts.clear();
  atoms.neighbours.clear();
  for (const int i : atoms.centres) {
    const std::size_t before = atoms.neighbours.size();
    for (int k = 0; k < list->numneigh[i]; k++) {
      const int j = list->firstneigh[i][k] & NEIGHMASK;
      if (squared_distance(atom->x[i], atom->x[j]) < reach) atoms.neighbours.push_back(j + 1);
    }
    atoms.neighbour_counts.push_back(atoms.neighbours.size() - before);
  }
}

void PairQuipWheel::evaluate()
{
  try {
    potential->evaluate(atoms, result);
  } catch (const QuipError &e) {
    error->one(FLERR, "pair_style quip stopped at step {}: {}", update->ntimestep, e.what());
  }
}

void PairQuipWheel::scatter()
{
  // LAMMPS's order xx yy zz xy xz yz of a symmetric 3 x 3 tensor.
  constexpr int entry[6] = {0, 4, 8, 1, 2, 5}, mirror[6] = {0, 4, 8, 3, 6, 7};
  const auto component = [&](const double *tensor, int k) { return 0.5 * (tensor[entry[k]] + tensor[mirror[k]]); };
  const int ntotal = atoms.nlocal + atoms.nghost;

  for (int i = 0; i < ntotal; i++)
    for (int k = 0; k < 3; k++) atom->f[i][k] += result.forces[3 * i + k];
  if (eflag_global) eng_vdwl += result.energy;
  if (eflag_atom)
    for (int i = 0; i < ntotal; i++) eatom[i] += result.local_energies[i];
  if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += component(result.virial, k);
  if (vflag_atom)
    for (int i = 0; i < ntotal; i++)
      for (int k = 0; k < 6; k++) vatom[i][k] += component(&result.local_virials[9 * i], k);
}

double PairQuipWheel::memory_usage()
{
  const auto ints = atoms.atomic_numbers.capacity() + atoms.centres.capacity() + atoms.neighbour_counts.capacity() +
      atoms.neighbours.capacity();
  const auto reals = result.local_energies.capacity() + result.local_virials.capacity() + result.forces.capacity();
  return Pair::memory_usage() + ints * sizeof(int) + reals * sizeof(double);
}

}    // namespace esgap
