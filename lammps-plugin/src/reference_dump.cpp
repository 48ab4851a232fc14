#include "reference_dump.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace esgap {
namespace {

using Words = std::vector<std::string>;

Words split(const std::string &line)
{
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

[[noreturn]] void fail(const std::string &file, const std::string &what)
{
  throw std::runtime_error("the reference file " + file + " " + what + ": write one with `write_dump all custom FILE id xu yu zu`");
}

// Restricted triclinic box: origin and the vectors a = (lx, 0, 0), b = (xy, ly, 0), c = (xz, yz, lz).
struct Box {
  std::array<double, 3> low{}, length{};
  double xy = 0.0, xz = 0.0, yz = 0.0;

  void fractions(const std::array<double, 3> &x, double *fraction) const
  {
    fraction[2] = (x[2] - low[2]) / length[2];
    fraction[1] = (x[1] - low[1] - yz * fraction[2]) / length[1];
    fraction[0] = (x[0] - low[0] - xy * fraction[1] - xz * fraction[2]) / length[0];
  }
};

// The bounds in a dump enclose the tilted box; take the tilt out again.
Box read_box(std::istream &in, const std::string &file)
{
  Box box;
  std::array<double, 3> high{}, tilt{};
  for (int k = 0; k < 3; ++k) {
    std::string line;
    std::getline(in, line);
    std::istringstream stream(line);
    if (!(stream >> box.low[k] >> high[k])) fail(file, "has no box bounds");
    stream >> tilt[k];
  }
  box.xy = tilt[0];
  box.xz = tilt[1];
  box.yz = tilt[2];
  box.low[0] -= std::min({0.0, box.xy, box.xz, box.xy + box.xz});
  high[0] -= std::max({0.0, box.xy, box.xz, box.xy + box.xz});
  box.low[1] -= std::min(0.0, box.yz);
  high[1] -= std::max(0.0, box.yz);
  for (int k = 0; k < 3; ++k) box.length[k] = high[k] - box.low[k];
  return box;
}

std::array<std::size_t, 4> find_columns(const Words &header, const std::string &file)
{
  std::array<std::size_t, 4> column{};
  const std::array<const char *, 4> names = {"id", "xu", "yu", "zu"};
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto found = std::find(header.begin() + 2, header.end(), names[k]);
    if (found == header.end()) fail(file, std::string("has no column ") + names[k]);
    column[k] = static_cast<std::size_t>(found - header.begin()) - 2;
  }
  return column;
}

}    // namespace

std::vector<ReferencePosition> read_reference_dump(const std::string &file)
{
  std::ifstream in(file);
  if (!in) fail(file, "cannot be opened");
  std::string line;
  std::size_t count = 0;
  Box box;
  bool has_box = false;
  while (std::getline(in, line)) {
    if (line.rfind("ITEM: NUMBER OF ATOMS", 0) == 0) {
      std::getline(in, line);
      count = std::stoul(line);
    } else if (line.rfind("ITEM: BOX BOUNDS", 0) == 0) {
      if (line.find("abc origin") != std::string::npos) fail(file, "is in general triclinic coordinates");
      box = read_box(in, file);
      has_box = true;
    } else if (line.rfind("ITEM: ATOMS", 0) == 0) {
      break;
    }
  }
  if (!has_box || line.rfind("ITEM: ATOMS", 0) != 0) fail(file, "is not a LAMMPS text dump");

  const auto column = find_columns(split(line), file);
  std::vector<ReferencePosition> positions;
  positions.reserve(count);
  while (positions.size() < count && std::getline(in, line)) {
    const Words words = split(line);
    if (words.size() <= *std::max_element(column.begin(), column.end())) break;
    ReferencePosition position{std::stoll(words[column[0]]), {}};
    box.fractions({std::stod(words[column[1]]), std::stod(words[column[2]]), std::stod(words[column[3]])}, position.fraction);
    positions.push_back(position);
  }
  if (positions.size() < count) fail(file, "is cut off after " + std::to_string(positions.size()) + " of " + std::to_string(count) + " atoms");
  return positions;
}

}    // namespace esgap
