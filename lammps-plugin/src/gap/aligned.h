// Vectors of doubles on cache-line borders: a wide load that straddles two lines costs twice.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace esgap::gap {

template <class T> struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t LINE{64};

  LineAllocator() = default;
  template <class U> LineAllocator(const LineAllocator<U> &) {}
  T *allocate(std::size_t n) { return static_cast<T *>(::operator new(n * sizeof(T), LINE)); }
  void deallocate(T *p, std::size_t) { ::operator delete(p, LINE); }
  template <class U> bool operator==(const LineAllocator<U> &) const { return true; }
  template <class U> bool operator!=(const LineAllocator<U> &) const { return false; }
};

using Doubles = std::vector<double, LineAllocator<double>>;

}    // namespace esgap::gap
