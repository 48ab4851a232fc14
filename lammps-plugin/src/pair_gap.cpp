#include "pair_gap.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>

using namespace LAMMPS_NS;

namespace esgap {
namespace {

constexpr std::array<const char *, 103> SYMBOLS = {
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",  "S",  "Cl", "Ar", "K",  "Ca", "Sc",
    "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo",
    "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu",
    "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po",
    "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr"};

int atomic_number(const char *symbol)
{
  const auto found = std::find_if(SYMBOLS.begin(), SYMBOLS.end(), [&](const char *s) { return std::strcmp(s, symbol) == 0; });
  return found == SYMBOLS.end() ? 0 : static_cast<int>(found - SYMBOLS.begin()) + 1;
}

}    // namespace

PairGap::PairGap(LAMMPS *lmp) : Pair(lmp)
{
  restartinfo = 0;
  single_enable = 0;
  one_coeff = 1;
  manybody_flag = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
}

PairGap::~PairGap()
{
  memory->destroy(stddev);
  delete[] pvector;
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
}

void PairGap::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
}

// pair_style gap KEYWORD yes|no ...
void PairGap::settings(int narg, char **arg)
{
  shorten = true;
  with_committee = false;
  for (int k = 0; k < narg; k += 2) {
    bool *keyword = std::strcmp(arg[k], "shorten") == 0 ? &shorten : std::strcmp(arg[k], "committee") == 0 ? &with_committee : nullptr;
    if (!keyword) error->all(FLERR, "pair_style gap was given {}, expected `shorten` or `committee` with yes or no: the file goes into pair_coeff", arg[k]);
    if (k + 1 == narg) error->all(FLERR, "pair_style gap was given {} without yes or no", arg[k]);
    *keyword = utils::logical(FLERR, arg[k + 1], false, lmp) == 1;
  }
}

// Each rank reads the file. A rank that cannot (a folder that only some nodes see) must stop all, or the others would wait.
void PairGap::load(const char *file)
{
  std::string problem;
  try {
    uncertainty.reset();
    committee.reset();
    model = std::make_unique<gap::Model>(file, shorten);
    evaluator = std::make_unique<gap::Evaluator>(*model);
    if (with_committee) committee = std::make_unique<gap::Committee>(file, *model);
  } catch (const std::exception &e) {
    problem = e.what();
  }
  stop_together(problem);
  prepare_committee();
  if (comm->me != 0) return;
  for (std::size_t k = 0; k < model->soap_terms().size(); ++k) {
    const auto &soap = model->soap_terms()[k];
    const auto &estimate = model->shortening()[k];
    utils::logmesg(lmp, "pair_style gap: soap of {}, cutoff {} Angstrom: D = {} in the file, {} used, estimated change {:.1e} eV an atom, {:.1e} eV/Angstrom\n",
                   SYMBOLS[soap.atomic_number() - 1], soap.cutoff_radius(), soap.file_dimensions(), soap.dimensions(), estimate.energy, estimate.force);
  }
  if (committee) utils::logmesg(lmp, "pair_style gap: committee of {} members, energies by compute pair\n", committee->size());
  utils::logmesg(lmp, "pair_style gap: {} distance_2b and {} soap terms, cutoff {} Angstrom, {:.1f} MB a rank, kernels {}\n", model->pair_terms(), model->soap_terms().size(),
                 model->cutoff(), model->bytes() / 1e6, gap::instruction_set());
}

// `compute pair` learns the number of its values when it is made.
void PairGap::prepare_committee()
{
  const int size = committee ? committee->size() : 0;
  if (pvector && size != nextra) error->all(FLERR, "pair_style gap: the committee had {} members and has {} now: give pair_style before the other pair_coeff", nextra, size);
  if (size == 0 || pvector) return;
  nextra = size;
  pvector = new double[nextra]();
}

// All ranks end with the message of the first that has one.
void PairGap::stop_together(const std::string &problem)
{
  int mine = problem.empty() ? comm->nprocs : comm->me, first, length = static_cast<int>(problem.size());
  MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, world);
  if (first == comm->nprocs) return;
  MPI_Bcast(&length, 1, MPI_INT, first, world);
  std::string message = problem;
  message.resize(length);
  MPI_Bcast(message.data(), length, MPI_CHAR, first, world);
  error->all(FLERR, "pair_style gap: {}", message);
}

// pair_coeff * * FILE.xml Li P S
void PairGap::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg != 3 + atom->ntypes || std::strcmp(arg[0], "*") != 0 || std::strcmp(arg[1], "*") != 0)
    error->all(FLERR, "pair_coeff of gap takes `* * FILE.xml` and one element for each of the {} atom types (NULL for those of other styles)", atom->ntypes);
  load(arg[2]);
  species_of_type.assign(atom->ntypes + 1, -1);
  for (int type = 1; type <= atom->ntypes; ++type) {
    const char *symbol = arg[2 + type];
    if (std::strcmp(symbol, "NULL") == 0) continue;
    const auto &elements = model->elements();
    const auto found = std::find(elements.begin(), elements.end(), atomic_number(symbol));
    if (found == elements.end()) error->all(FLERR, "pair_style gap: the potential {} has no element {}", arg[2], symbol);
    species_of_type[type] = static_cast<int>(found - elements.begin());
  }
  for (int i = 1; i <= atom->ntypes; ++i)
    for (int j = i; j <= atom->ntypes; ++j) setflag[i][j] = species_of_type[i] >= 0 && species_of_type[j] >= 0;
}

void PairGap::init_style()
{
  if (std::strcmp(update->unit_style, "metal") != 0) error->all(FLERR, "pair_style gap works in units metal (eV, Angstrom), not in units {}", update->unit_style);
  if (!force->newton_pair) error->all(FLERR, "pair_style gap needs `newton on`: forces on neighbours are sent back to their owners");
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

double PairGap::init_one(int i, int j)
{
  if (setflag[i][j] == 0) error->all(FLERR, "pair_style gap has no elements for atom types {} {}: give them in pair_coeff", i, j);
  return model->cutoff();
}

void PairGap::sort_by_species()
{
  atoms_of_species.resize(model->elements().size());
  for (auto &atoms : atoms_of_species) atoms.clear();
  for (int ii = 0; ii < list->inum; ++ii) {
    const int i = list->ilist[ii], species = species_of_type[atom->type[i]];
    if (species >= 0) atoms_of_species[species].push_back(i);
  }
}

void PairGap::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  if (stddev_flag) prepare_stddev();
  std::fill_n(pvector, nextra, 0.0);
  sort_by_species();
  for (std::size_t species = 0; species < atoms_of_species.size(); ++species) {
    const auto &atoms = atoms_of_species[species];
    for (std::size_t k = 0; k < atoms.size(); k += gap::Evaluator::BLOCK)
      evaluate_block(atoms.data() + k, static_cast<int>(std::min<std::size_t>(gap::Evaluator::BLOCK, atoms.size() - k)), static_cast<int>(species));
  }
  if (vflag_fdotr) virial_fdotr_compute();
}

void PairGap::evaluate_block(const int *atoms, int count, int species)
{
  double **x = atom->x;
  const double cutoff_sq = model->cutoff() * model->cutoff();
  neighbours.clear();
  neighbour_atoms.clear();
  first.clear();
  for (int b = 0; b < count; ++b) {
    const int i = atoms[b], *jlist = list->firstneigh[i], jnum = list->numneigh[i];
    first.push_back(static_cast<int>(neighbours.size()));
    for (int jj = 0; jj < jnum; ++jj) {
      const int j = jlist[jj] & NEIGHMASK, other = species_of_type[atom->type[j]];
      const double dx = x[j][0] - x[i][0], dy = x[j][1] - x[i][1], dz = x[j][2] - x[i][2], rsq = dx * dx + dy * dy + dz * dz;
      if (rsq >= cutoff_sq || other < 0) continue;
      if (rsq == 0.0) error->one(FLERR, "pair_style gap: atoms {} and {} are at the same place", atom->tag[i], atom->tag[j]);
      neighbours.push_back({dx, dy, dz, std::sqrt(rsq), other});
      neighbour_atoms.push_back(j);
    }
  }
  first.push_back(static_cast<int>(neighbours.size()));
  if (gradients.size() < 3 * neighbours.size()) gradients.resize(3 * neighbours.size());
  // Members' energies are asked for when the energy is.
  const gap::Committee *asked = eflag_global ? committee.get() : nullptr;
  const int stride = asked ? asked->stride() : 0;
  members.resize(static_cast<std::size_t>(count) * stride);
  centres.resize(count);
  for (int b = 0; b < count; ++b)
    centres[b] = {neighbours.data() + first[b], first[b + 1] - first[b], species, 0.0, 0.0, members.data() + static_cast<std::size_t>(b) * stride, gradients.data() + 3 * first[b]};
  evaluator->evaluate(centres.data(), count, {stddev_flag ? uncertainty.get() : nullptr, asked});
  for (int b = 0; b < count && asked; ++b)
    for (int m = 0; m < nextra; ++m) pvector[m] += centres[b].members[m];
  for (int b = 0; b < count; ++b) tally(atoms[b], centres[b], neighbour_atoms.data() + first[b]);
}

void PairGap::tally(int i, const gap::Centre &centre, const int *neighbour)
{
  double **f = atom->f;
  double on_centre[3] = {0.0, 0.0, 0.0}, w[6] = {};
  for (int k = 0; k < centre.count; ++k) {
    const gap::Neighbour &n = centre.neighbours[k];
    const double *g = centre.gradient + 3 * k;
    double *fj = f[neighbour[k]];
    for (int axis = 0; axis < 3; ++axis) {
      fj[axis] -= g[axis];
      on_centre[axis] += g[axis];
    }
    if (!vflag_either) continue;
    w[0] -= n.x * g[0];
    w[1] -= n.y * g[1];
    w[2] -= n.z * g[2];
    w[3] -= n.x * g[1];
    w[4] -= n.x * g[2];
    w[5] -= n.y * g[2];
  }
  for (int axis = 0; axis < 3; ++axis) f[i][axis] += on_centre[axis];
  if (eflag_global) eng_vdwl += centre.energy;
  if (eflag_atom) eatom[i] += centre.energy;
  if (stddev_flag) stddev[i] = std::sqrt(std::max(centre.variance, 0.0));
  for (int k = 0; k < 6 && vflag_either; ++k) {
    if (vflag_global && !vflag_fdotr) virial[k] += w[k];
    if (vflag_atom) vatom[i][k] += w[k];
  }
}

// `fix pair` asks for the field `stddev` with the trigger `stddev_flag`.
void PairGap::prepare_stddev()
{
  if (!uncertainty) {
    std::string problem;
    try {
      uncertainty = std::make_unique<gap::Uncertainty>(*model);
    } catch (const std::exception &e) {
      problem = e.what();
    }
    stop_together(problem);
  }
  grow_stddev();
  std::fill_n(stddev, atom->nlocal, 0.0);
}

void PairGap::grow_stddev()
{
  if (stddev && maxstddev >= atom->nmax) return;
  maxstddev = std::max(atom->nmax, 1);
  memory->grow(stddev, maxstddev, "pair:stddev");
  std::fill_n(stddev, maxstddev, 0.0);
}

void *PairGap::extract(const char *name, int &dim)
{
  if (std::strcmp(name, "stddev_flag") != 0) return nullptr;
  dim = 0;
  return &stddev_flag;
}

void *PairGap::extract_peratom(const char *name, int &columns)
{
  if (std::strcmp(name, "stddev") != 0) return nullptr;
  columns = 0;
  grow_stddev();
  return stddev;
}

double PairGap::memory_usage()
{
  const double buffers = neighbours.capacity() * sizeof(gap::Neighbour) + gradients.capacity() * sizeof(double) + maxstddev * sizeof(double);
  return Pair::memory_usage() + buffers + (model ? model->bytes() + evaluator->bytes() : 0) + (uncertainty ? uncertainty->bytes() : 0) + (committee ? committee->bytes() : 0);
}

}    // namespace esgap
