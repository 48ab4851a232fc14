#include "file.h"

#include "keys.h"
#include "md5.h"
#include "xml.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace esgap::gap {
namespace {

// Keys that would change the descriptor, with the only value that is implemented.
const Keys SOAP_DEFAULTS = {{"basis_error_exponent", "10.0"}, {"average", "F"}, {"covariance_sigma0", "0.0"}, {"cutoff_dexp", "0"}, {"cutoff_rate", "1.0"},
                            {"cutoff_scale", "1.0"}, {"diagonal_radial", "F"}, {"central_reference_all_species", "F"}, {"normalise", "T"}, {"normalize", "T"},
                            {"n_Z", "1"}, {"nu_R", "2"}, {"nu_S", "2"}, {"R_mix", "F"}, {"Z_mix", "F"}, {"sym_mix", "F"}, {"coupling", "T"}, {"K", "0"},
                            {"mix_shift", "0"}, {"Z_map", ""}, {"radial_basis", "EQUISPACED_GAUSS"}, {"global", "F"}, {"xml_version", "1426512068"}};
const Keys PAIR_DEFAULTS = {{"only_intra", "F"}, {"only_inter", "F"}, {"n_exponents", "1"}, {"exponents", "1"}, {"tail_range", "1.0"}, {"tail_exponent", "0"},
                            {"resid_name", ""}};

// Sparse points from the file beside the XML, one number a line.
void read_points(const std::string &name, const std::string &checksum, std::size_t count, std::vector<double> &points, const Place &place)
{
  const std::size_t slash = place.file.rfind('/');
  const std::string path = (slash == std::string::npos ? "" : place.file.substr(0, slash + 1)) + name;
  std::ifstream in(path, std::ios::binary);
  if (!in) place.fail("the file of sparse points " + path + " cannot be opened: put it beside the XML");
  std::ostringstream content;
  content << in.rdbuf();
  const std::string text = content.str();
  const std::string expected = "expected " + std::to_string(count) + " (points x dimensions)";
  int line = 1;
  const auto fail = [&](const std::string &what) { throw std::runtime_error(path + ":" + std::to_string(line) + ": " + what + ": restore the file"); };
  points.reserve(count);
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  for (const char *at = text.data(), *end = at + text.size();;) {
    for (; at < end && space(*at); ++at) line += *at == '\n';
    if (at == end) break;
    double value = 0.0;
    const auto [stop, error] = std::from_chars(at + (*at == '+'), end, value);    // several times faster than strtod
    if (error != std::errc() || !std::isfinite(value) || (stop < end && !space(*stop))) fail("found something that is no number");
    if (points.size() == count) fail("found more numbers than " + expected);
    points.push_back(value);
    at = stop;
  }
  if (points.size() < count) fail("has " + std::to_string(points.size()) + " numbers, " + expected);
  if (!checksum.empty() && md5(text) != checksum)
    place.fail("the file of sparse points " + path + " has MD5 " + md5(text) + ", expected " + checksum + ": it was altered; restore it");
}

// One sparse point inside the XML, as gap_fit writes it with sparse_separate_file=F: from 51 numbers on in slices.
void read_inline(const XmlElement &point, int dimensions, std::vector<double> &points, const Place &place)
{
  int found = 0;
  const auto read = [&](const XmlElement &e) {
    const Place here{place.file, e.line};
    std::istringstream stream(e.text);
    for (std::string word; stream >> word; ++found) points.push_back(number(word, "a sparse point", here));
  };
  read(point);
  for (const auto &slice : point.children) {
    const Place here{place.file, slice.line};
    if (slice.name != "sparseX_slice") here.fail("<" + slice.name + "> in <sparseX> is not implemented: use engine quip");
    const int start = integer(attribute(slice, "start", here), "start", here), end = integer(attribute(slice, "end", here), "end", here);
    if (start != found + 1) here.fail("the slice starts at " + std::to_string(start) + ", expected " + std::to_string(found + 1) + ": restore the file");
    read(slice);
    if (end != found) here.fail("the slice holds " + std::to_string(found - start + 1) + " numbers, expected " + std::to_string(end - start + 1) + ": restore the file");
  }
  if (found != dimensions) place.fail("sparse point has " + std::to_string(found) + " numbers, expected " + std::to_string(dimensions));
}

SparsePoints read_sparse(const XmlElement &e, const Place &place, bool from_file)
{
  SparsePoints sparse;
  sparse.count = integer(attribute(e, "n_sparseX", place), "n_sparseX", place);
  sparse.dimensions = integer(attribute(e, "dimensions", place), "dimensions", place);
  const bool separate = e.attributes.count("sparseX_filename") != 0;
  for (const auto &point : e.children) {
    if (point.name != "sparseX") continue;
    const Place here{place.file, point.line};
    if (integer(attribute(point, "i", here), "sparseX i", here) != static_cast<int>(sparse.weight.size()) + 1) here.fail("sparse points are not numbered in order");
    sparse.factor.push_back(number(attribute(point, "sparseCutoff", here), "sparseCutoff", here));
    sparse.weight.push_back(number(attribute(point, "alpha", here), "alpha", here) * sparse.factor.back());
    if (!separate) read_inline(point, sparse.dimensions, sparse.points, here);
  }
  if (static_cast<int>(sparse.weight.size()) != sparse.count)
    place.fail("has " + std::to_string(sparse.weight.size()) + " <sparseX>, expected " + std::to_string(sparse.count));
  if (separate) {
    const auto found = e.attributes.find("sparseX_md5sum");
    const std::string &name = e.attributes.at("sparseX_filename"), checksum = found == e.attributes.end() ? "" : found->second;
    sparse.source = name + " " + checksum;
    if (from_file) read_points(name, checksum, static_cast<std::size_t>(sparse.count) * sparse.dimensions, sparse.points, place);
  }
  return sparse;
}

// Radial functions are tabulated on panels that end where the cutoff function begins to fall.
void check_cutoff(const std::string &term, double cutoff, double transition, const Place &place)
{
  if (cutoff <= 0.0 || cutoff > 100.0 || transition < 0.0 || (transition > 0.0 && transition < 0.01))
    place.fail(term + " needs 0 < cutoff <= 100 and a cutoff_transition_width of 0 or at least 0.01 Angstrom");
}

PairTerm read_pair(const XmlElement &e, const Keys &keys, const Place &place)
{
  refuse_unknown("distance_2b", keys, {"Z1", "Z2", "cutoff", "cutoff_transition_width"}, PAIR_DEFAULTS, place);
  if (attribute(e, "covariance_type", place) != "1") place.fail("distance_2b has another kernel than ard_se: not implemented, use engine quip");
  const XmlElement *theta = e.child("theta");
  if (!theta) place.fail("distance_2b has no <theta>");
  PairTerm pair{};
  pair.z1 = integer(value_of(keys, "Z1", "0", place), "Z1", place);
  pair.z2 = integer(value_of(keys, "Z2", "0", place), "Z2", place);
  if (pair.z1 < 1 || pair.z2 < 1) place.fail("distance_2b for any element (no Z1 or Z2, or 0) is not implemented: use engine quip");
  pair.cutoff = number(value_of(keys, "cutoff", nullptr, place), "cutoff", place);
  pair.transition = number(value_of(keys, "cutoff_transition_width", "0.5", place), "cutoff_transition_width", place);
  check_cutoff("distance_2b", pair.cutoff, pair.transition, place);
  pair.delta = number(attribute(e, "signal_variance", place), "signal_variance", place);
  pair.theta = number(theta->text, "theta", place);
  if (pair.theta <= 0.0) place.fail("distance_2b has theta=" + theta->text + ", a positive length was expected");
  pair.sparse = read_sparse(e, place, true);
  if (pair.sparse.dimensions != 1) place.fail("distance_2b has dimensions=" + std::to_string(pair.sparse.dimensions) + ", expected 1");
  return pair;
}

// What the descriptor's keys say of a soap term.
SoapTerm soap_of_keys(Keys keys, const Place &place)
{
  if (keys.count("atom_gaussian_width") && !keys.count("atom_sigma")) keys["atom_sigma"] = keys["atom_gaussian_width"];
  refuse_unknown("soap", keys, {"n_max", "l_max", "atom_sigma", "atom_gaussian_width", "cutoff", "cutoff_transition_width", "central_weight", "n_species", "species_Z", "Z"},
                 SOAP_DEFAULTS, place);
  SoapTerm soap{};
  const auto real = [&](const char *key, const char *otherwise) { return number(value_of(keys, key, otherwise, place), key, place); };
  soap.z = integer(value_of(keys, "Z", "0", place), "Z", place);
  if (soap.z < 1) place.fail("soap for atoms of any element (no Z, or 0) is not implemented: use engine quip");
  soap.n_max = integer(value_of(keys, "n_max", nullptr, place), "n_max", place);
  soap.l_max = integer(value_of(keys, "l_max", nullptr, place), "l_max", place);
  soap.cutoff = real("cutoff", nullptr);
  soap.transition = real("cutoff_transition_width", "0.5");
  soap.sigma = real("atom_sigma", nullptr);
  soap.central_weight = real("central_weight", "1.0");
  soap.species = integers(value_of(keys, "species_Z", nullptr, place), "species_Z", place);
  const int n_species = integer(value_of(keys, "n_species", "1", place), "n_species", place);
  if (n_species != static_cast<int>(soap.species.size()))
    place.fail("soap has n_species=" + std::to_string(n_species) + " but " + std::to_string(soap.species.size()) + " elements in species_Z");
  if (soap.n_max < 1 || soap.n_max > 64 || soap.l_max < 0 || soap.l_max > 20 || soap.sigma <= 0.0)
    place.fail("soap needs 1 <= n_max <= 64, 0 <= l_max <= 20 and atom_sigma > 0");
  if (soap.central_weight != 0.0 && std::find(soap.species.begin(), soap.species.end(), soap.z) == soap.species.end())
    place.fail("soap with a Z that is not in species_Z is implemented for central_weight=0 only: use engine quip");
  check_cutoff("soap", soap.cutoff, soap.transition, place);
  const int channels = n_species * soap.n_max;
  soap.sparse.dimensions = channels * (channels + 1) / 2 * (soap.l_max + 1) + 1;
  return soap;
}

SoapTerm read_soap(const XmlElement &e, const Keys &keys, const Place &place, bool points)
{
  SoapTerm soap = soap_of_keys(keys, place);
  if (attribute(e, "covariance_type", place) != "2") place.fail("soap has another kernel than dot_product: not implemented, use engine quip");
  soap.delta = number(attribute(e, "signal_variance", place), "signal_variance", place);
  soap.zeta = number(attribute(e, "zeta", place), "zeta", place);
  if (soap.zeta < 1.0) place.fail("soap has zeta=" + std::to_string(soap.zeta) + ", at least 1 was expected");
  const int expected = soap.sparse.dimensions;
  soap.sparse = read_sparse(e, place, points);
  if (soap.sparse.dimensions != expected)
    place.fail("soap has dimensions=" + std::to_string(soap.sparse.dimensions) + ", expected " + std::to_string(expected) + " from n_max, l_max and species_Z");
  return soap;
}

void read_term(const XmlElement &e, File &file, const std::string &path, bool soap_points)
{
  const Place place{path, e.line};
  const XmlElement *descriptor = e.child("descriptor");
  if (!descriptor) place.fail("<gpCoordinates> has no <descriptor>");
  std::string name;
  const Keys keys = parse_descriptor(descriptor->text, name, place);
  if (number(attribute(e, "signal_mean", place), "signal_mean", place) != 0.0) place.fail("signal_mean is not 0: not implemented, use engine quip");
  if (integer(attribute(e, "n_permutations", place), "n_permutations", place) != 1) place.fail("n_permutations is not 1: not implemented, use engine quip");
  if (name == "distance_2b") file.pairs.push_back(read_pair(e, keys, place));
  else if (name == "soap") file.soaps.push_back(read_soap(e, keys, place, soap_points));
  else place.fail("the term " + name + " is not implemented (distance_2b and soap are): use engine quip");
}

}    // namespace

File read_file(const std::string &path, bool soap_points)
{
  const XmlElement root = read_xml(path);
  const Place top{path, root.line};
  File file;
  for (const auto &e : root.children)
    if (e.name != "Potential" && e.name != "GAP_params") Place{path, e.line}.fail("<" + e.name + "> beside the GAP is not implemented: use engine quip");
  const XmlElement *potential = root.child("Potential"), *params = root.child("GAP_params");
  if (!potential || !params) top.fail("no <Potential> and <GAP_params>: not a file of gap_fit");
  const std::string &init = attribute(*potential, "init_args", {path, potential->line});
  if (init.rfind("IP GAP label=", 0) != 0 || init.find(' ', 7) != std::string::npos)
    top.fail("init_args is '" + init + "', only a plain GAP is implemented: use engine quip");
  file.label = attribute(*potential, "label", top);

  for (const auto &e : params->children) {
    const Place place{path, e.line};
    if (e.name == "GAP_data") {
      const auto core = e.attributes.find("do_core");
      if (core != e.attributes.end() && core->second != "F") place.fail("the potential has a core (do_core): not implemented, use engine quip");
      for (const auto &e0 : e.children) {
        const Place here{path, e0.line};
        if (e0.name != "e0") here.fail("<" + e0.name + "> in <GAP_data> is not implemented: use engine quip");
        file.e0[integer(attribute(e0, "Z", here), "Z", here)] = number(attribute(e0, "value", here), "value", here);
      }
    } else if (e.name == "gpSparse") {
      if (const auto fitted = e.attributes.find("fitted"); fitted != e.attributes.end() && fitted->second != "T") place.fail("the file holds no fitted potential (fitted=" + fitted->second + ")");
      const int terms = static_cast<int>(e.children.size()), expected = integer(attribute(e, "n_coordinate", place), "n_coordinate", place);
      if (terms != expected) place.fail("found " + std::to_string(terms) + " terms, expected n_coordinate=" + std::to_string(expected));
      for (const auto &term : e.children) {
        if (term.name != "gpCoordinates") Place{path, term.line}.fail("<" + term.name + "> in <gpSparse> is not implemented: use engine quip");
        read_term(term, file, path, soap_points);
      }
    } else if (e.name != "command_line" && e.name != "XYZ_data") {
      place.fail("<" + e.name + "> in <GAP_params> is not implemented: use engine quip");
    }
  }
  if (file.pairs.empty() && file.soaps.empty()) top.fail("the potential has no term");
  return file;
}

SoapTerm read_descriptor(const std::string &line)
{
  const std::string where = "descriptor";
  const Place place{where, 1};
  std::string name;
  const Keys keys = parse_descriptor(line, name, place);
  if (name != "soap") place.fail("the descriptor " + name + " is not implemented: soap is");
  return soap_of_keys(keys, place);
}

}    // namespace esgap::gap
