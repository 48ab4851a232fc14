// Reads unwrapped positions from a LAMMPS text dump, as fractions of the box in the file. No LAMMPS header.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace esgap {

struct ReferencePosition {
  std::int64_t id;
  double fraction[3];    // in units of the box vectors, unwrapped
};

/// The first frame of a dump with the columns id xu yu zu, in the order of the file.
/// Throws std::runtime_error with a sentence: no such file, not a text dump, a column missing, cut off.
std::vector<ReferencePosition> read_reference_dump(const std::string &file);

}    // namespace esgap
