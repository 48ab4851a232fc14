#include "committee.h"

#include "gap.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace esgap::gap {
namespace {

// gap.xml -> gap.member-01.xml
std::string member_name(const std::string &xml, int number)
{
  const std::string stem = xml.size() > 4 && xml.compare(xml.size() - 4, 4, ".xml") == 0 ? xml.substr(0, xml.size() - 4) : xml;
  char suffix[32];
  std::snprintf(suffix, sizeof suffix, ".member-%02d.xml", number);
  return stem + suffix;
}

bool same(const SparsePoints &a, const SparsePoints &b) { return a.count == b.count && a.dimensions == b.dimensions && a.source == b.source && a.points == b.points && a.factor == b.factor; }

bool same(const PairTerm &a, const PairTerm &b)
{
  return a.z1 == b.z1 && a.z2 == b.z2 && a.cutoff == b.cutoff && a.transition == b.transition && a.delta == b.delta && a.theta == b.theta && same(a.sparse, b.sparse);
}

bool same(const SoapTerm &a, const SoapTerm &b)
{
  return a.z == b.z && a.species == b.species && a.n_max == b.n_max && a.l_max == b.l_max && a.cutoff == b.cutoff && a.transition == b.transition && a.sigma == b.sigma &&
      a.central_weight == b.central_weight && a.delta == b.delta && a.zeta == b.zeta && same(a.sparse, b.sparse);
}

template <class Term> bool all_same(const std::vector<Term> &a, const std::vector<Term> &b)
{
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Term &one, const Term &two) { return same(one, two); });
}

// Weights alone differ: the large files of sparse points are not read again, their names and checksums are compared.
std::vector<File> read_members(const std::string &xml)
{
  const File own = read_file(xml, false);
  std::vector<File> members;
  for (int number = 1; std::ifstream(member_name(xml, number)).good(); ++number) {
    members.push_back(read_file(member_name(xml, number), false));
    if (!all_same(own.pairs, members.back().pairs) || !all_same(own.soaps, members.back().soaps))
      throw std::runtime_error(member_name(xml, number) + ": differs from " + xml + " in more than weights: no member of its committee");
  }
  if (members.empty()) throw std::runtime_error(xml + ": has no committee: " + member_name(xml, 1) + " is not there; fit with `committee = 16`, or do without");
  return members;
}

}    // namespace

Committee::Committee(const std::string &xml, const Model &model)
{
  const std::vector<File> members = read_members(xml);
  count = static_cast<int>(members.size());
  for (int z : model.elements()) {
    e0.emplace_back(stride(), 0.0);
    for (int m = 0; m < count; ++m) e0.back()[m] = members[m].e0.at(z);
  }
  for (std::size_t k = 0; k < members[0].pairs.size(); ++k) {
    const PairTerm &term = members[0].pairs[k];
    const auto function = [&](double r, double *values) {
      for (int m = 0; m < count; ++m) values[m] = pair_energy(term, members[m].pairs[k].sparse.weight, r);
    };
    pairs.emplace_back(function, count, term.cutoff, term.transition, pair_scale(term));
  }
  for (std::size_t k = 0; k < members[0].soaps.size(); ++k) {
    soaps.emplace_back(static_cast<std::size_t>(model.soap_terms()[k].kernel_width()) * stride(), 0.0);
    for (int m = 0; m < count; ++m) {
      const SparsePoints &sparse = members[m].soaps[k].sparse;
      for (int s = 0; s < sparse.count; ++s) soaps[k][static_cast<std::size_t>(s) * stride() + m] = sparse.factor[s] != 0.0 ? sparse.weight[s] / sparse.factor[s] : 0.0;
    }
  }
}

std::size_t Committee::bytes() const
{
  std::size_t numbers = 0;
  for (const auto &soap : soaps) numbers += soap.size();
  for (const auto &pair : pairs) numbers += pair.powers().size();
  return numbers * sizeof(double);
}

}    // namespace esgap::gap
