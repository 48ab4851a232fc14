// Words of a GAP file: numbers, attributes, and the keys of a descriptor. What is wrong stops with file and line.
#pragma once

#include "xml.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace esgap::gap {

using Keys = std::map<std::string, std::string>;

/// Where an error is: the file and the line of the element at hand.
struct Place {
  const std::string &file;
  int line;
  [[noreturn]] void fail(const std::string &what) const;    // throws std::runtime_error
};

double number(const std::string &text, const std::string &what, const Place &);
int integer(const std::string &text, const std::string &what, const Place &);
std::vector<int> integers(const std::string &text, const std::string &what, const Place &);
const std::string &attribute(const XmlElement &, const char *key, const Place &);

/// "soap n_max=8 species_Z={3 15 16} ..." -> name and keys; values with blanks stand in braces. Of a key given twice the last counts.
Keys parse_descriptor(const std::string &text, std::string &name, const Place &);

/// Stops at a key that is not in `read`, steers more than the fit, and has not its value in `defaults`, the only one implemented.
void refuse_unknown(const std::string &term, const Keys &, const std::set<std::string> &read, const Keys &defaults, const Place &);

/// The value of a key, or `otherwise`; without that, a missing key stops.
std::string value_of(const Keys &, const char *key, const char *otherwise, const Place &);

}    // namespace esgap::gap
