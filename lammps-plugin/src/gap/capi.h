// The evaluation core for other languages: plain C functions. Python's side is pydriver/esgap/calculators.py.
//
// Units: eV, Angstrom. Functions that may fail return nullptr or a number other than 0, and copy the reason, one sentence,
// into `problem` (`size` characters with the closing zero).
#pragma once

#define ESGAP_EXPORT extern "C" __attribute__((visibility("default")))

struct esgap_gap;           // a potential and the scratch of one thread
struct esgap_descriptor;    // a soap descriptor and the scratch of one thread

/// The surroundings of `count` atoms: neighbour k of atom i has first[i] <= k < first[i + 1].
struct esgap_environments {
  int count;
  const int *z;                 // count atomic numbers
  const int *first;             // count + 1
  const int *neighbour_z;       // first[count] atomic numbers
  const double *neighbour_r;    // first[count] x 3, from the atom to its neighbour
};

/// What a soap term's descriptor was cut to, and the change of energies (eV) and forces (eV/Angstrom) that was estimated for it.
struct esgap_soap_term {
  int z, in_file, used;
  double energy, force;
};

/// shorten: cut the descriptors of soap terms to the numbers that their energies need, unless 0. committee: read the members
/// beside the file, unless 0.
ESGAP_EXPORT esgap_gap *esgap_gap_open(const char *xml, int shorten, int committee, char *problem, int size);
ESGAP_EXPORT void esgap_gap_close(esgap_gap *);
ESGAP_EXPORT double esgap_gap_cutoff(const esgap_gap *);
/// The vector kernels in use: x86-64-v4, x86-64-v3 or baseline.
ESGAP_EXPORT const char *esgap_gap_kernels();
/// Number of elements; their atomic numbers go into `z` (room for 118).
ESGAP_EXPORT int esgap_gap_elements(const esgap_gap *, int *z);
/// Number of soap terms; they go into `terms` unless that is nullptr.
ESGAP_EXPORT int esgap_gap_soap_terms(const esgap_gap *, esgap_soap_term *terms);
/// Number of members that were read.
ESGAP_EXPORT int esgap_gap_members(const esgap_gap *);
/// energy: count; gradient: first[count] x 3, by the neighbours' places; variance: count, members: count x esgap_gap_members(),
/// either nullptr when not wanted.
ESGAP_EXPORT int esgap_gap_evaluate(esgap_gap *, const esgap_environments *, double *energy, double *gradient, double *variance, double *members, char *problem, int size);

ESGAP_EXPORT esgap_descriptor *esgap_descriptor_open(const char *line, char *problem, int size);
ESGAP_EXPORT void esgap_descriptor_close(esgap_descriptor *);
ESGAP_EXPORT double esgap_descriptor_cutoff(const esgap_descriptor *);
ESGAP_EXPORT int esgap_descriptor_z(const esgap_descriptor *);
ESGAP_EXPORT int esgap_descriptor_dimensions(const esgap_descriptor *);
/// descriptors: count x dimensions, in gap_fit's order. All atoms must be of the descriptor's element.
ESGAP_EXPORT int esgap_descriptor_evaluate(esgap_descriptor *, const esgap_environments *, double *descriptors, char *problem, int size);
