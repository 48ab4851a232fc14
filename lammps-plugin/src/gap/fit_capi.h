// The kernel matrix of a fit for other languages, as capi.h is that of the evaluation. Python's side is
// pydriver/esgap/gapfit/kernel.py. Units, return values and `problem` as there.
#pragma once

#include "capi.h"

struct esgap_kernel;    // terms and their sparse points; read only once they are added, so any number of threads may ask it

ESGAP_EXPORT esgap_kernel *esgap_kernel_open();
ESGAP_EXPORT void esgap_kernel_close(esgap_kernel *);
/// Append a distance_2b term. points, factor: count.
ESGAP_EXPORT int esgap_kernel_add_pair(esgap_kernel *, int z1, int z2, double cutoff, double transition, double delta, double theta, int count,
                                       const double *points, const double *factor, char *problem, int size);
/// Append a soap term; `line` as for esgap_descriptor_open. points: count x dimensions in gap_fit's order; factor: count.
ESGAP_EXPORT int esgap_kernel_add_soap(esgap_kernel *, const char *line, double delta, double zeta, int count, const double *points, const double *factor,
                                       char *problem, int size);
/// Number of sparse points of all terms: the columns.
ESGAP_EXPORT int esgap_kernel_columns(const esgap_kernel *);
/// Rows of the configuration whose atoms are the centres of `environments`, all of them; `atom_of`: the atom that each
/// neighbour is an image of. energy: columns; forces: 3 count x columns, or nullptr; virial: 6 x columns (xx yy zz yz xz xy), or nullptr.
ESGAP_EXPORT int esgap_kernel_rows(const esgap_kernel *, const esgap_environments *, const int *atom_of, double *energy, double *forces, double *virial,
                                   char *problem, int size);
