// Fewer numbers for the same energies: a SOAP term's radial functions are redundant.
//
// i_l(0) = 0 for l >= 1, so that the n_max functions f g_nl span at most n_max - 1 dimensions; numerically they span fewer. For
// each l the directions B_l of their span are ordered by size on (0, cutoff). Cutting the smallest leaves dot products, norms and energies what
// they were, up to what is cut, and the power spectrum falls from n_s n_max (n_s n_max + 1)/2 (l_max + 1) to
// sum_l K_l (K_l + 1)/2 numbers, K_l = n_s k_l.
//
// How far to cut is measured on synthetic surroundings, not on the sparse points: those of a file are rounded, and the rounding
// has parts along directions that no surroundings have.
#pragma once

#include "expansion.h"

namespace esgap::gap {

/// What a change of the energies is allowed to be: of an atom, eV; of a force, eV/Angstrom; of a normalised covariance.
struct Deviation {
  double energy, force, covariance;
};

constexpr Deviation ALLOWED{2e-9, 2e-8, 1e-9};

struct Shortening {
  RadialSpan span;
  Deviation estimate;    // by the cut
};

/// The shortest span whose estimated change is below `limit`. Takes some 30 evaluations of 32 surroundings.
Shortening shorten(const SoapTerm &, const std::vector<int> &elements, const Deviation &limit);

}    // namespace esgap::gap
