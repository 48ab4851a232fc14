// Exceptions do not cross the C interface: they become a message and the value 1.
#pragma once

#include <cstdio>
#include <exception>

namespace esgap::gap {

template <class Work> int guarded(char *problem, int size, Work work)
{
  try {
    work();
    return 0;
  } catch (const std::exception &e) {
    std::snprintf(problem, size, "%s", e.what());
    return 1;
  }
}

}    // namespace esgap::gap
