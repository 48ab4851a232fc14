// Vectors of four doubles, and functions compiled for several instruction sets of which the machine's best is taken
// when the library is loaded.
#pragma once

#include <cstddef>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(ESGAP_ONE_TARGET)
#define ESGAP_X86
#define ESGAP_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define ESGAP_CLONES
#endif
#define ESGAP_INLINE static inline __attribute__((always_inline))

namespace esgap::gap {

// Four, also where eight fit a register: GCC takes longer vectors than the machine's apart into single numbers, and a term has few
// radial functions.
constexpr int WIDTH = 4;
// May alias doubles, and needs their alignment only.
typedef double Vec __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));

constexpr int padded(int n) { return (n + WIDTH - 1) / WIDTH * WIDTH; }

// By macro, not by function: passing vectors by value would depend on the instruction set.
#define ESGAP_VEC(pointer) (*reinterpret_cast<::esgap::gap::Vec *>(pointer))
#define ESGAP_CVEC(pointer) (*reinterpret_cast<const ::esgap::gap::Vec *>(pointer))

}    // namespace esgap::gap
