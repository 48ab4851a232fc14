// A table of the styles and a loop that registers them; src/loader/ calls it in an lmp that it was compiled for.

#include "lammps_plugin_abi.h"
#include "quip/pair_quip.h"

#include "fix.h"
#include "lammps.h"
#include "pair.h"

#include "dipole/pair_dipole_induced.h"
#include "field/fix_efield_pbc.h"
#include "slater/pair_coul_slater_long.h"
#include "pair_gap.h"

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

}    // namespace

extern "C" __attribute__((visibility("default"))) void esgap_register(void *ptr, void *handle, void *regfunc)
{
  auto *lmp = static_cast<LAMMPS *>(ptr);
  std::vector<lammpsplugin_t> styles = {
      pair("quip", "GAP and QUIP potentials through the quippy-ase wheel", &make<esgap::PairQuipWheel>),
      pair("coul/slater/long", "real-space Coulomb energy of Slater densities", make<esgap::PairCoulSlater>),
      pair("dipole/induced", "energy that induced dipoles add to fixed charges", make<esgap::PairDipoleInduced>),
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
