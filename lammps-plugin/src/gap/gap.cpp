#include "gap.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace esgap::gap {
namespace {

// Terms of an element share what its atoms may change by.
Deviation share_of(const SoapTerm &term, const std::vector<SoapTerm> &all)
{
  const auto terms = std::count_if(all.begin(), all.end(), [&](const SoapTerm &other) { return other.z == term.z; });
  return {ALLOWED.energy / terms, ALLOWED.force / terms, ALLOWED.covariance};
}

}    // namespace

Model::Model(const std::string &xml, bool shortened)
{
  const File file = read_file(xml);
  name = file.label;
  std::set<int> known;
  for (const auto &pair : file.pairs) known.insert({pair.z1, pair.z2});
  for (const auto &soap : file.soaps) known.insert(soap.species.begin(), soap.species.end()), known.insert(soap.z);
  numbers.assign(known.begin(), known.end());
  for (int z : numbers) {
    const auto found = file.e0.find(z);
    if (found == file.e0.end()) throw std::runtime_error(xml + ": no <e0> for the element with atomic number " + std::to_string(z));
    e0.push_back(found->second);
  }
  for (const auto &term : file.pairs) pairs.emplace_back(term);
  for (int i : numbers)
    for (int j : numbers) {
      pairs_of.emplace_back();
      for (std::size_t k = 0; k < pairs.size(); ++k)
        if (pairs[k].covers(i, j)) pairs_of.back().push_back(static_cast<int>(k));
    }
  for (const auto &term : file.soaps) {
    const Shortening used = shortened ? shorten(term, numbers, share_of(term, file.soaps)) : Shortening{own_functions(term.n_max, term.l_max), {}};
    soaps.emplace_back(term, numbers, used.span);
    estimates.push_back(used.estimate);
  }
  for (const auto &pair : pairs) largest_cutoff = std::max(largest_cutoff, pair.cutoff_radius());
  for (const auto &soap : soaps) largest_cutoff = std::max(largest_cutoff, soap.cutoff_radius());
}

Uncertainty::Uncertainty(const Model &model)
{
  for (const auto &pair : model.pairs) pairs.push_back(pair.variance());
  for (const auto &soap : model.soaps) soaps.push_back(soap.variance());
}

// The pair terms of all members of a committee at one neighbour.
ESGAP_CLONES static void add_members(const std::vector<int> &terms, const std::vector<Table> &tables, const std::vector<Pair> &pairs, double r, double *energies)
{
  for (int k : terms)
    if (r < pairs[k].cutoff_radius()) add_values(tables[k], r, energies);
}

void Evaluator::add_pairs(Centre &centre, const Extras &extras) const
{
  const auto *terms = &model.pairs_of[static_cast<std::size_t>(centre.species) * model.numbers.size()];
  for (int j = 0; j < centre.count; ++j) {
    const Neighbour &n = centre.neighbours[j];
    for (int k : terms[n.species]) model.pairs[k].add(n, centre, centre.gradient + 3 * j, extras.uncertainty ? &extras.uncertainty->pairs[k] : nullptr);
    if (extras.committee) add_members(terms[n.species], extras.committee->pairs, model.pairs, n.r, centre.members);
  }
}

void Evaluator::evaluate(Centre *centres, int count, const Extras &extras)
{
  for (int b = 0; b < count; ++b) {
    centres[b].energy = model.e0[centres[b].species];
    centres[b].variance = 0.0;
    std::fill_n(centres[b].gradient, 3 * centres[b].count, 0.0);
    if (extras.committee) std::copy_n(extras.committee->e0[centres[b].species].begin(), extras.committee->stride(), centres[b].members);
    add_pairs(centres[b], extras);
  }
  if (count == 0) return;
  const int z = model.numbers[centres[0].species];
  for (std::size_t k = 0; k < model.soaps.size(); ++k) {
    const Soap &soap = model.soaps[k];
    if (soap.atomic_number() != z) continue;
    for (int b = 0; b < count; b += BLOCK) {
      const int some = std::min(BLOCK, count - b);
      soap.add(centres + b, some, scratch, extras.uncertainty || extras.committee);
      if (extras.uncertainty) soap.add_variances(centres + b, some, scratch, extras.uncertainty->soaps[k]);
      if (extras.committee) soap.add_members(centres + b, some, scratch, extras.committee->soaps[k], extras.committee->stride());
    }
  }
}

std::size_t Model::bytes() const
{
  std::size_t sum = 0;
  for (const auto &soap : soaps) sum += soap.bytes();
  return sum;
}

std::size_t Uncertainty::bytes() const
{
  std::size_t sum = 0;
  for (const auto &soap : soaps) sum += soap.bytes();
  return sum;
}

}    // namespace esgap::gap
