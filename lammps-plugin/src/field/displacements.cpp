#include "displacements.h"

#include "../cell_of.h"
#include "reference_dump.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "memory.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace LAMMPS_NS;

namespace esgap {
namespace {

constexpr double SAME_POSITION = 1.0e-8;  // of a cell vector
constexpr double OTHER_BOX = 0.2;         // strain between the box of a reference file and the present one
constexpr double AMBIGUOUS = 0.45;        // of a cell vector: another image of the reference is nearly as near
constexpr double HALF = 0.5 + 1.0e-6;     // of a cell vector
constexpr double TIE = 1.0e-6;            // of a cell vector

// Cell vectors from the point to its nearest image along one axis; at half a cell the displacement is +1/2, whatever the rounding.
double nearest_image(double difference) { return std::ceil(difference - 0.5 - TIE); }

}    // namespace

Displacements::~Displacements()
{
  memory->destroy(reference);
  memory->destroy(seen);
}

Vector Displacements::unwrapped_fraction(int i) const
{
  Vector x{}, fraction{};
  domain->unmap(atom->x[i], atom->image[i], x.data());
  domain->x2lamda(x.data(), fraction.data());
  return fraction;
}

// From the reference, in Angstrom. The reference is fixed in fractions of the box: it moves with it.
Vector Displacements::operator()(const Cell &box, int i) const
{
  Vector s = unwrapped_fraction(i);
  for (int k = 0; k < 3; ++k) s[k] -= reference[i][k];
  return box.cartesian(s);
}

// Reference positions from a file, matched by atom id. An atom's displacement is taken to the image of its reference
// that is nearest in fractional coordinates, so that neither run's image flags matter.
void Displacements::read(const std::string &file, int groupbit)
{
  if (!atom->tag_enable) error->all(FLERR, "fix efield/pbc: a reference file needs atom ids");
  ReferenceDump dump{};
  if (comm->me == 0) {
    try {
      dump = read_reference_dump(file);
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
    Vector strain = dump.cell.fraction(cell_of(*domain).edge(k));
    strain[k] -= 1.0;
    for (double s : strain)
      if (std::fabs(s) > OTHER_BOX)
        error->all(FLERR, "fix efield/pbc: the reference file {} was written in another box, lx ly lz xy xz yz = {:.6g} {:.6g} {:.6g} {:.6g} {:.6g} {:.6g}: it must agree with the present one to {:.0f} %",
                   file, dump.cell.xx, dump.cell.yy, dump.cell.zz, dump.cell.xy, dump.cell.xz, dump.cell.yz, 100 * OTHER_BOX);
  }

  bigint ambiguous = 0, all_ambiguous = 0;
  for (int i = 0; i < atom->nlocal; ++i) {
    const tagint tag = atom->tag[i];
    const auto found = std::lower_bound(positions.begin(), positions.end(), tag, [](const auto &p, tagint t) { return p.id < t; });
    if (found == positions.end() || found->id != tag) {
      if ((atom->mask[i] & groupbit) == 0) continue;
      error->one(FLERR, "fix efield/pbc: the reference file {} has {} atoms but none with id {}: it must hold every atom of the group", file, count, tag);
    }
    const Vector now = unwrapped_fraction(i);
    bool unclear = false;
    for (int k = 0; k < 3; ++k) {
      const double difference = now[k] - found->fraction[k];
      reference[i][k] = found->fraction[k] + nearest_image(difference);
      unclear = unclear || std::fabs(now[k] - reference[i][k]) > AMBIGUOUS;
    }
    if (unclear && (atom->mask[i] & groupbit) != 0) ++ambiguous;
  }
  MPI_Allreduce(&ambiguous, &all_ambiguous, 1, MPI_LMP_BIGINT, MPI_SUM, world);
  if (all_ambiguous > 0 && comm->me == 0)
    error->warning(FLERR, "fix efield/pbc: {} atoms are nearly half a cell vector from their reference, where the nearest image is arbitrary: start the fix before moving them, with `reference start`, to choose their path", all_ambiguous);
}

void Displacements::mark()
{
  for (int i = 0; i < atom->nlocal; ++i) {
    const Vector now = unwrapped_fraction(i);
    std::copy(now.begin(), now.end(), seen[i]);
  }
}

Displacements::Jumps Displacements::absorb(int groupbits)
{
  bigint count = 0, example = 0;
  for (int i = 0; i < atom->nlocal; ++i) {
    const Vector now = unwrapped_fraction(i);
    Vector cells{};
    bool whole = true, far = false;
    for (int k = 0; k < 3; ++k) {
      const double jump = now[k] - seen[i][k];
      cells[k] = std::round(jump);
      whole = whole && std::fabs(jump - cells[k]) < SAME_POSITION;
      far = far || std::fabs(jump) > HALF;
    }
    for (int k = 0; whole && k < 3; ++k) reference[i][k] += cells[k];
    if (whole || !far || (atom->mask[i] & groupbits) == 0) continue;
    ++count;
    example = std::max<bigint>(example, atom->tag_enable ? atom->tag[i] : 0);
  }
  bigint counts = 0, examples = 0;
  MPI_Allreduce(&count, &counts, 1, MPI_LMP_BIGINT, MPI_SUM, world);
  MPI_Allreduce(&example, &examples, 1, MPI_LMP_BIGINT, MPI_MAX, world);
  return {counts, static_cast<tagint>(examples)};
}

void Displacements::absorb_relabelling(int groupbits)
{
  const Jumps jumps = absorb(groupbits);
  if (jumps.count > 0)
    error->all(FLERR, "fix efield/pbc: between two runs {} atoms, among them {}, jumped by more than half a cell vector and not by whole ones: that is either a move or a move and a new image flag; give `run 0` between the move and the relabelling, and half-way of a long move",
               jumps.count, jumps.example);
}

void Displacements::absorb_frame(int groupbits, bool wrapped)
{
  const Jumps jumps = absorb(groupbits);
  if (wrapped && jumps.count > 0)
    error->all(FLERR, "fix efield/pbc: from one frame of the rerun to the next {} atoms, among them {}, jumped by more than half a cell vector, as wrapped coordinates do at the boundary: rerun a dump of xu yu zu with `x y z wrapped no`, or one with `x y z ix iy iz`",
               jumps.count, jumps.example);
  mark();
}

void Displacements::follow(const Flip &flip)
{
  for (int i = 0; i < atom->nlocal; ++i) {
    flip.apply(reference[i]);
    flip.apply(seen[i]);
  }
}

void Displacements::start_at(int i)
{
  const Vector now = unwrapped_fraction(i);
  std::copy(now.begin(), now.end(), reference[i]);
  std::copy(now.begin(), now.end(), seen[i]);
}

void Displacements::grow(int atoms)
{
  memory->grow(reference, atoms, 3, "efield/pbc:reference");
  memory->grow(seen, atoms, 3, "efield/pbc:seen");
}

void Displacements::copy(int from, int to)
{
  std::copy_n(reference[from], 3, reference[to]);
  std::copy_n(seen[from], 3, seen[to]);
}

void Displacements::pack(int i, double *buffer) const
{
  std::copy_n(reference[i], 3, buffer);
  std::copy_n(seen[i], 3, buffer + 3);
}

void Displacements::unpack(int i, const double *buffer)
{
  std::copy_n(buffer, 3, reference[i]);
  std::copy_n(buffer + 3, 3, seen[i]);
}

}    // namespace esgap
