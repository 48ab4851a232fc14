// The file that LAMMPS loads. It needs no C++ symbol of LAMMPS, so that it loads into any version, and says in a sentence when
// the styles, which do need them, were compiled for another one.

#include "lammps_plugin_abi.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace {

// Of LAMMPS's C interface, which does not depend on version or compiler.
template <class Function> Function *symbol(void *library, const char *name) { return reinterpret_cast<Function *>(dlsym(library, name)); }

[[noreturn]] void stop(void *lmp, const std::string &sentence)
{
  constexpr int ERROR_ALL = 1;
  if (auto *error = symbol<void(void *, int, const char *)>(RTLD_DEFAULT, "lammps_error")) error(lmp, ERROR_ALL, sentence.c_str());
  std::fprintf(stderr, "ERROR: %s\n", sentence.c_str());
  std::exit(1);
}

void check_version(void *lmp)
{
  auto *version = symbol<int(void *)>(RTLD_DEFAULT, "lammps_version");
  const int found = version ? version(lmp) : 0;
  if (found == ESGAP_LAMMPS_VERSION || std::getenv("ESGAP_ALLOW_LAMMPS_MISMATCH")) return;
  const std::string name = found ? std::to_string(found) : "of a version that it does not tell";
  stop(lmp, "The esgap plugin was built for LAMMPS " + std::to_string(ESGAP_LAMMPS_VERSION) + " but this lmp is " + name +
                ": rebuild the plugin for it, or set ESGAP_ALLOW_LAMMPS_MISMATCH=1 to load it all the same");
}

std::string styles_beside_this()
{
  Dl_info self;
  dladdr(reinterpret_cast<void *>(&styles_beside_this), &self);
  const std::string path = self.dli_fname;
  return path.substr(0, path.find_last_of('/') + 1) + "libesgap_styles.so";
}

}    // namespace

void lammpsplugin_init(void *lmp, void *handle, void *regfunc)
{
  check_version(lmp);
  void *styles = dlopen(styles_beside_this().c_str(), RTLD_NOW);
  if (!styles) stop(lmp, std::string("The esgap plugin does not fit this lmp (") + dlerror() + "): build it with the compiler settings of that LAMMPS");
  symbol<void(void *, void *, void *)>(styles, "esgap_register")(lmp, handle, regfunc);
}
