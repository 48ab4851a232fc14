// Reads unwrapped positions from a LAMMPS text dump, as fractions of the box in the file. No LAMMPS header.
#pragma once

#include "../cell.h"

#include <cstdint>
#include <string>
#include <vector>

namespace esgap {

struct ReferencePosition {
  std::int64_t id;
  Vector fraction;    // in units of the box vectors, unwrapped
};

struct ReferenceDump {
  Cell cell;
  std::vector<ReferencePosition> positions;    // in ascending order of id
};

/// The first frame of a dump with the columns id xu yu zu.
/// Throws std::runtime_error with a sentence: no such file, not a text dump, a column missing, no number, cut off, an id twice.
ReferenceDump read_reference_dump(const std::string &file);

}    // namespace esgap
