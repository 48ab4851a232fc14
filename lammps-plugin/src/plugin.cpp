// Entry point of the plugin: a table of styles and a loop that registers them.

#include "lammps_plugin_abi.h"
#include "pair_quip.h"

#include "error.h"
#include "fix.h"
#include "lammps.h"
#include "pair.h"

#include "fix_efield_pbc.h"
#include "pair_coul_slater_long.h"
#include "pair_gap.h"

#include <cstdlib>
#include <vector>

using LAMMPS_NS::LAMMPS;

namespace {

template <class Style> void *make(void *lmp)
{
  return static_cast<LAMMPS_NS::Pair *>(new Style(static_cast<LAMMPS *>(lmp)));
}

template <class Style> void *make_with_args(void *lmp, int narg, char **arg)
{
  return static_cast<LAMMPS_NS::Fix *>(new Style(static_cast<LAMMPS *>(lmp), narg, arg));
}

lammpsplugin_t pair(const char *name, const char *info, lammps_factory1 *factory)
{
  lammpsplugin_t p{};
  p.style = "pair";
  p.name = name;
  p.info = info;
  p.creator.v1 = factory;
  return p;
}

lammpsplugin_t fix(const char *name, const char *info, lammps_factory2 *factory)
{
  lammpsplugin_t p{};
  p.style = "fix";
  p.name = name;
  p.info = info;
  p.creator.v2 = factory;
  return p;
}

// A style compiled for another LAMMPS has another class layout: it would crash or, worse, not crash.
void check_version(LAMMPS *lmp)
{
  if (lmp->num_ver == ESGAP_LAMMPS_VERSION || std::getenv("ESGAP_ALLOW_LAMMPS_MISMATCH")) return;
  lmp->error->all(FLERR,
                  "The esgap plugin was built for LAMMPS {} but this lmp is {}: rebuild the plugin for it, "
                  "or set ESGAP_ALLOW_LAMMPS_MISMATCH=1 to load it all the same",
                  ESGAP_LAMMPS_VERSION, lmp->num_ver);
}

}    // namespace

void lammpsplugin_init(void *ptr, void *handle, void *regfunc)
{
  auto *lmp = static_cast<LAMMPS *>(ptr);
  check_version(lmp);

  std::vector<lammpsplugin_t> styles = {
      pair("quip", "GAP and QUIP potentials through the quippy-ase wheel", &make<esgap::PairQuipWheel>),
      pair("coul/slater/long", "real-space Coulomb energy of Slater densities", make<esgap::PairCoulSlater>),
      pair("gap", "Gaussian approximation potentials, native evaluation", make<esgap::PairGap>),
      fix("efield/pbc", "uniform electric field in a periodic cell", make_with_args<esgap::FixEfieldPbc>),
  };
  for (auto &style : styles) {
    style.version = lmp->version;
    style.author = "the esgap developers";
    style.handle = handle;
    reinterpret_cast<lammpsplugin_regfunc>(regfunc)(&style, ptr);
  }
}
