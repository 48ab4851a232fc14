#include "keys.h"

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace esgap::gap {
namespace {

// Keys that gap_fit itself reads: they shaped the fit and do not enter the evaluation.
const std::set<std::string> FIT_KEYS = {"add_species", "config_type_n_sparse", "covariance_type", "delta", "f0", "mark_sparse_atoms", "n_sparse", "n_sparseX",
                                        "print_sparse_index", "sparse_file", "sparse_method", "theta_fac", "theta_file", "theta_uniform", "unique_descriptor_tolerance",
                                        "unique_hash_tolerance", "zeta"};

bool same_value(const std::string &a, const std::string &b)
{
  if (a == b) return true;
  static const std::map<std::string, bool> truth = {{"T", true},  {"true", true},   {".true.", true},   {".TRUE.", true},
                                                    {"F", false}, {"false", false}, {".false.", false}, {".FALSE.", false}};
  if (truth.count(a) && truth.count(b)) return truth.at(a) == truth.at(b);
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  return end_a != a.c_str() && end_b != b.c_str() && *end_a == '\0' && *end_b == '\0' && x == y;
}

}    // namespace

void Place::fail(const std::string &what) const { throw std::runtime_error(file + ":" + std::to_string(line) + ": " + what); }

double number(const std::string &text, const std::string &what, const Place &place)
{
  char *end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  while (*end == ' ' || *end == '\n' || *end == '\t') ++end;
  if (end == text.c_str() || *end != '\0' || !std::isfinite(value)) place.fail(what + " is '" + text + "', not a number");
  return value;
}

int integer(const std::string &text, const std::string &what, const Place &place)
{
  const double value = number(text, what, place);
  if (value != std::floor(value) || std::fabs(value) > 1e9) place.fail(what + " is '" + text + "', not an integer");
  return static_cast<int>(value);
}

const std::string &attribute(const XmlElement &e, const char *key, const Place &place)
{
  const auto found = e.attributes.find(key);
  if (found == e.attributes.end()) place.fail("<" + e.name + "> has no attribute " + key);
  return found->second;
}

// A key that is given twice counts as it was given last: gap_fit appends the elements of add_species to a line that may name some.
Keys parse_descriptor(const std::string &text, std::string &name, const Place &place)
{
  Keys keys;
  std::size_t at = text.find_first_not_of(" \n\t");
  for (bool first = true; at != std::string::npos && at < text.size(); first = false) {
    std::size_t end = at;
    for (int depth = 0; end < text.size() && (depth > 0 || !std::isspace(static_cast<unsigned char>(text[end]))); ++end)
      depth += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
    const std::string word = text.substr(at, end - at);
    const std::size_t equal = word.find('=');
    if (first) name = word;
    else if (equal == std::string::npos) place.fail("the descriptor has '" + word + "', expected KEY=VALUE");
    else {
      std::string value = word.substr(equal + 1);
      while (value.size() > 1 && value.front() == '{' && value.back() == '}') value = value.substr(1, value.size() - 2);
      keys[word.substr(0, equal)] = value;
    }
    at = text.find_first_not_of(" \n\t", end);
  }
  return keys;
}

void refuse_unknown(const std::string &term, const Keys &keys, const std::set<std::string> &read, const Keys &defaults, const Place &place)
{
  for (const auto &[key, value] : keys) {
    if (read.count(key) || FIT_KEYS.count(key)) continue;
    const auto known = defaults.find(key);
    if (known == defaults.end()) place.fail(term + " has the key " + key + "=" + value + ", which is not implemented: use engine quip");
    if (!same_value(known->second, value))
      place.fail(term + " has " + key + "=" + value + ", but only " + key + "=" + known->second + " is implemented: use engine quip");
  }
}

std::string value_of(const Keys &keys, const char *key, const char *otherwise, const Place &place)
{
  const auto found = keys.find(key);
  if (found != keys.end()) return found->second;
  if (!otherwise) place.fail(std::string("the descriptor has no key ") + key);
  return otherwise;
}

std::vector<int> integers(const std::string &text, const std::string &what, const Place &place)
{
  std::istringstream stream(text);
  std::vector<int> values;
  for (std::string word; stream >> word;) values.push_back(integer(word, what, place));
  return values;
}

}    // namespace esgap::gap
