#include "capi.h"

#include "gap.h"
#include "guarded.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>

using namespace esgap::gap;

struct esgap_gap {
  esgap_gap(const char *xml, bool shorten, bool with_members) : model(xml, shorten), evaluator(model)
  {
    if (with_members) committee = std::make_unique<Committee>(xml, model);
  }
  Model model;
  Evaluator evaluator;
  std::unique_ptr<Uncertainty> uncertainty;
  std::unique_ptr<Committee> committee;
};

struct esgap_descriptor {
  explicit esgap_descriptor(const SoapTerm &term) : elements(all_elements()), z(term.z), soap(term, elements, own_functions(term.n_max, term.l_max)) {}
  std::vector<int> elements;    // a neighbour may be any: the term skips those that it does not see
  int z;
  Soap soap;
  SoapScratch scratch;

 private:
  static std::vector<int> all_elements()
  {
    std::vector<int> z(118);
    std::iota(z.begin(), z.end(), 1);
    return z;
  }
};

namespace {

int species_of(const std::vector<int> &elements, int z)
{
  const auto found = std::find(elements.begin(), elements.end(), z);
  if (found == elements.end()) throw std::runtime_error("found the atomic number " + std::to_string(z) + ", which the potential does not know");
  return static_cast<int>(found - elements.begin());
}

std::vector<Neighbour> neighbours_of(const esgap_environments &e, const std::vector<int> &elements)
{
  std::vector<Neighbour> out;
  out.reserve(e.first[e.count]);
  for (int k = 0; k < e.first[e.count]; ++k) {
    const double *r = e.neighbour_r + 3 * static_cast<std::size_t>(k);
    out.push_back({r[0], r[1], r[2], std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), species_of(elements, e.neighbour_z[k])});
  }
  return out;
}

void evaluate(esgap_gap &gap, const esgap_environments &e, double *energy, double *gradient, double *variance, double *members)
{
  const Committee *committee = members ? gap.committee.get() : nullptr;
  const int size = committee ? committee->size() : 0, stride = committee ? committee->stride() : 0;
  Doubles rows(static_cast<std::size_t>(e.count) * stride);
  if (variance && !gap.uncertainty) gap.uncertainty = std::make_unique<Uncertainty>(gap.model);
  const auto neighbours = neighbours_of(e, gap.model.elements());
  std::vector<Centre> centres;
  std::vector<int> atoms;
  for (int z : gap.model.elements()) {    // the evaluator takes centres of one element
    centres.clear();
    atoms.clear();
    for (int i = 0; i < e.count; ++i)
      if (e.z[i] == z) {
        atoms.push_back(i);
        centres.push_back({neighbours.data() + e.first[i], e.first[i + 1] - e.first[i], species_of(gap.model.elements(), z), 0.0, 0.0,
                           rows.data() + static_cast<std::size_t>(i) * stride, gradient + 3 * static_cast<std::size_t>(e.first[i])});
      }
    gap.evaluator.evaluate(centres.data(), static_cast<int>(centres.size()), {variance ? gap.uncertainty.get() : nullptr, committee});
    for (std::size_t b = 0; b < atoms.size(); ++b) {
      energy[atoms[b]] = centres[b].energy;
      if (variance) variance[atoms[b]] = centres[b].variance;
      std::copy_n(centres[b].members, size, members + static_cast<std::size_t>(atoms[b]) * size);
    }
  }
}

}    // namespace

esgap_gap *esgap_gap_open(const char *xml, int shorten, int committee, char *problem, int size)
{
  esgap_gap *gap = nullptr;
  guarded(problem, size, [&] { gap = new esgap_gap(xml, shorten != 0, committee != 0); });
  return gap;
}

void esgap_gap_close(esgap_gap *gap) { delete gap; }

double esgap_gap_cutoff(const esgap_gap *gap) { return gap->model.cutoff(); }

const char *esgap_gap_kernels() { return instruction_set(); }

int esgap_gap_elements(const esgap_gap *gap, int *z)
{
  const auto &elements = gap->model.elements();
  std::copy(elements.begin(), elements.end(), z);
  return static_cast<int>(elements.size());
}

int esgap_gap_soap_terms(const esgap_gap *gap, esgap_soap_term *terms)
{
  const auto &soaps = gap->model.soap_terms();
  for (std::size_t k = 0; k < soaps.size() && terms; ++k) {
    const Deviation &estimate = gap->model.shortening()[k];
    terms[k] = {soaps[k].atomic_number(), soaps[k].file_dimensions(), soaps[k].dimensions(), estimate.energy, estimate.force};
  }
  return static_cast<int>(soaps.size());
}

int esgap_gap_members(const esgap_gap *gap) { return gap->committee ? gap->committee->size() : 0; }

int esgap_gap_evaluate(esgap_gap *gap, const esgap_environments *e, double *energy, double *gradient, double *variance, double *members, char *problem, int size)
{
  return guarded(problem, size, [&] {
    for (int i = 0; i < e->count; ++i) species_of(gap->model.elements(), e->z[i]);
    evaluate(*gap, *e, energy, gradient, variance, members);
  });
}

esgap_descriptor *esgap_descriptor_open(const char *line, char *problem, int size)
{
  esgap_descriptor *descriptor = nullptr;
  guarded(problem, size, [&] { descriptor = new esgap_descriptor(read_descriptor(line)); });
  return descriptor;
}

void esgap_descriptor_close(esgap_descriptor *descriptor) { delete descriptor; }

double esgap_descriptor_cutoff(const esgap_descriptor *descriptor) { return descriptor->soap.cutoff_radius(); }

int esgap_descriptor_z(const esgap_descriptor *descriptor) { return descriptor->z; }

int esgap_descriptor_dimensions(const esgap_descriptor *descriptor) { return descriptor->soap.file_dimensions(); }

int esgap_descriptor_evaluate(esgap_descriptor *d, const esgap_environments *e, double *descriptors, char *problem, int size)
{
  return guarded(problem, size, [&] {
    const auto neighbours = neighbours_of(*e, d->elements);
    for (int i = 0; i < e->count; ++i) {
      if (e->z[i] != d->z) throw std::runtime_error("a centre has the atomic number " + std::to_string(e->z[i]) + ", the descriptor's is " + std::to_string(d->z));
      const Centre centre{neighbours.data() + e->first[i], e->first[i + 1] - e->first[i], species_of(d->elements, d->z), 0.0, 0.0, nullptr, nullptr};
      d->soap.describe(centre, d->scratch, descriptors + static_cast<std::size_t>(i) * d->soap.file_dimensions());
    }
  });
}
