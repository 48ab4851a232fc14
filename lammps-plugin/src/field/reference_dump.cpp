#include "reference_dump.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
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

double to_number(const std::string &word, const std::string &file)
{
  char *end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (word.empty() || *end != '\0' || !std::isfinite(value)) fail(file, "has '" + word + "' where a number is expected");
  return value;
}

struct Box {
  Vector low;
  Cell cell;
};

// The bounds in a dump enclose the tilted box; take the tilt out again.
Box read_box(std::istream &in, const std::string &file)
{
  Vector low{}, high{}, tilt{};    // tilt: xy xz yz
  for (int k = 0; k < 3; ++k) {
    std::string line;
    std::getline(in, line);
    const Words words = split(line);
    if (words.size() < 2) fail(file, "has no box bounds");
    low[k] = to_number(words[0], file);
    high[k] = to_number(words[1], file);
    if (words.size() > 2) tilt[k] = to_number(words[2], file);
  }
  const auto [xy, xz, yz] = tilt;
  low[0] -= std::min({0.0, xy, xz, xy + xz});
  high[0] -= std::max({0.0, xy, xz, xy + xz});
  low[1] -= std::min(0.0, yz);
  high[1] -= std::max(0.0, yz);
  const Cell cell{high[0] - low[0], high[1] - low[1], high[2] - low[2], yz, xz, xy};
  if (!(cell.xx > 0.0 && cell.yy > 0.0 && cell.zz > 0.0)) fail(file, "has a box without volume");
  return {low, cell};
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

std::vector<ReferencePosition> read_positions(std::istream &in, const Words &header, std::size_t count, const Box &box, const std::string &file)
{
  const auto column = find_columns(header, file);
  const std::size_t width = *std::max_element(column.begin(), column.end());
  std::vector<ReferencePosition> positions;
  std::string line;
  while (positions.size() < count && std::getline(in, line)) {
    const Words words = split(line);
    if (words.size() <= width) break;
    Vector x{};
    for (int k = 0; k < 3; ++k) x[k] = to_number(words[column[k + 1]], file) - box.low[k];
    positions.push_back({std::llround(to_number(words[column[0]], file)), box.cell.fraction(x)});
  }
  if (positions.size() < count) fail(file, "is cut off after " + std::to_string(positions.size()) + " of " + std::to_string(count) + " atoms");
  return positions;
}

void sort_by_id(std::vector<ReferencePosition> &positions, const std::string &file)
{
  std::sort(positions.begin(), positions.end(), [](const auto &a, const auto &b) { return a.id < b.id; });
  const auto twice = std::adjacent_find(positions.begin(), positions.end(), [](const auto &a, const auto &b) { return a.id == b.id; });
  if (twice != positions.end()) fail(file, "holds the id " + std::to_string(twice->id) + " twice");
}

}    // namespace

ReferenceDump read_reference_dump(const std::string &file)
{
  constexpr int MOST_ATOMS = 60000000;    // whose positions one MPI message holds
  std::ifstream in(file);
  if (!in) fail(file, "cannot be opened");
  std::string line;
  std::size_t count = 0;
  Box box{};
  while (std::getline(in, line)) {
    if (line.rfind("ITEM: NUMBER OF ATOMS", 0) == 0) {
      std::getline(in, line);
      const double atoms = to_number(line, file);
      if (!(atoms >= 0.0 && atoms <= MOST_ATOMS)) fail(file, "is of " + line + " atoms, expected 0 to " + std::to_string(MOST_ATOMS));
      count = static_cast<std::size_t>(atoms);
    } else if (line.rfind("ITEM: BOX BOUNDS", 0) == 0) {
      if (line.find("abc origin") != std::string::npos) fail(file, "is in general triclinic coordinates");
      box = read_box(in, file);
    } else if (line.rfind("ITEM: ATOMS", 0) == 0) {
      break;
    }
  }
  if (box.cell.xx == 0.0 || line.rfind("ITEM: ATOMS", 0) != 0) fail(file, "is not a LAMMPS text dump");

  ReferenceDump dump{box.cell, read_positions(in, split(line), count, box, file)};
  sort_by_id(dump.positions, file);
  return dump;
}

}    // namespace esgap
