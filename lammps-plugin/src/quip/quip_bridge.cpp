#include "quip_bridge.h"

#include <dlfcn.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace fs = std::filesystem;

namespace {

constexpr int API_VERSION = 1;

// QUIP ends a fatal error in f90wrap_abort_ when its host says that it runs under quippy, in a Fortran STOP otherwise.
// The wheel leaves the first function to the host; the second it has itself, but finds ours first among the global
// symbols. No C++ object lives in the frames jumped over, so nothing is left behind but QUIP's own memory.
std::jmp_buf way_back;
bool inside_quip = false;
char fatal_message[2048];

}    // namespace

extern "C" {

__attribute__((visibility("default"))) int quippy_running_()
{
  return 1;
}

__attribute__((visibility("default"))) void f90wrap_abort_(const char *message, int length)
{
  const auto n = std::min<std::size_t>(std::max(length, 0), sizeof(fatal_message) - 1);
  if (message) std::memcpy(fatal_message, message, n);
  fatal_message[message ? n : 0] = '\0';
  if (!inside_quip) {    // a second copy of this plugin is loaded, and the call came through that one
    std::fprintf(stderr, "ERROR: QUIP: %s\n", fatal_message);
    std::abort();
  }
  std::longjmp(way_back, 1);
}

}    // extern "C"

namespace esgap {
namespace {

struct Library {
  int (*api_version)();
  void (*initialise)(int *handle, int *size, double *cutoff, char *file, int *nfile, char *args, int *nargs);
  void (*wrapper)(int *nlocal, int *nghost, int *numbers, int *tags, int *ncentres, int *nneighbours, int *centres,
                  int *counts, int *neighbours, double *lattice, int *handle, int *size, double *x, double *energy,
                  double *local_e, double *virial, double *local_virial, double *force);
};

// QUIP's text without padding and line breaks, and without the whole XML file that some messages carry.
std::string one_line(const char *text)
{
  constexpr std::size_t longest = 300;
  std::istringstream words(text);
  std::string line, word;
  while (words >> word) line += (line.empty() ? "" : " ") + word;
  if (line.size() > longest) line = line.substr(0, longest) + "...";
  return line.empty() ? "QUIP stopped without a message" : line;
}

// QUIP's XML parser ends the program by itself, with exit code 0: make that a failure, with a sentence.
void exit_inside_quip()
{
  if (!inside_quip) return;
  std::fflush(nullptr);
  std::fputs("ERROR: QUIP ended the program while it read or evaluated its potential; its reason stands above. "
             "Check that the XML file is whole.\n", stderr);
  std::_Exit(1);
}

// Call into QUIP; its fatal errors come back as an exception. Only trivially destructible locals here: see way_back.
template <class Call> void guarded(Call call)
{
  static const int registered = std::atexit(exit_inside_quip);
  static_cast<void>(registered);
  inside_quip = true;
  const bool failed = setjmp(way_back) != 0;
  if (!failed) call();
  inside_quip = false;
  if (failed) throw QuipError(one_line(fatal_message));
}

std::string own_path()
{
  Dl_info info{};
  dladdr(&inside_quip, &info);
  return info.dli_fname ? info.dli_fname : "";
}

// The wheel changes the hash in the file's name with each release.
fs::path find_library()
{
  if (const char *given = std::getenv("ESGAP_QUIP_LIBRARY")) {
    if (!fs::exists(given)) throw QuipError(std::string("ESGAP_QUIP_LIBRARY names ") + given + ", which does not exist");
    return given;
  }
  const fs::path site_packages = fs::absolute(own_path()).parent_path().parent_path().parent_path();
  const fs::path folder = site_packages / "quippy_ase.libs";
  std::error_code none;
  for (const auto &entry : fs::directory_iterator(folder, none))
    if (entry.path().filename().string().rfind("libPotentials", 0) == 0) return entry.path();
  throw QuipError("no QUIP library: expected libPotentials-*.so in " + folder.string() +
                  "; run `pip install quippy-ase` there, or set ESGAP_QUIP_LIBRARY to the file");
}

template <class Function> void resolve(void *handle, const char *name, Function *&function)
{
  function = reinterpret_cast<Function *>(dlsym(handle, name));
  if (!function) throw QuipError(std::string("the QUIP library has no ") + name + ": it was built without LAMMPS support");
}

Library open_library()
{
  // The library looks for f90wrap_abort_ among the global symbols; a plugin loader may have opened us locally.
  dlopen(own_path().c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  const fs::path path = find_library();
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw QuipError("cannot open the QUIP library " + path.string() + ": " + dlerror());
  Library library{};
  resolve(handle, "quip_lammps_api_version", library.api_version);
  resolve(handle, "quip_lammps_potential_initialise", library.initialise);
  resolve(handle, "quip_lammps_wrapper", library.wrapper);
  if (const int found = library.api_version(); found != API_VERSION)
    throw QuipError("the QUIP library " + path.string() + " has LAMMPS interface version " + std::to_string(found) +
                    ", expected " + std::to_string(API_VERSION) + ": install the quippy-ase that esgap pins");
  return library;
}

const Library &quip()
{
  static const Library library = open_library();
  return library;
}

bool claimed = false;    // by the one live QuipPotential

}    // namespace

QuipPotential::QuipPotential(const std::string &file, const std::string &init_args)
{
  if (claimed)
    throw QuipError("QUIP keeps one potential per process and a second one would replace the first: give one pair_style quip only");
  if (!std::ifstream(file)) throw QuipError("cannot read the potential file " + file);

  std::string name = file, args = init_args;
  int size = 0, nname = name.size(), nargs = args.size();
  // The first call, with size 0, asks for the size of the handle.
  int unused = 0;
  const Library &library = quip();
  guarded([&] { library.initialise(&unused, &size, &cutoff_, name.data(), &nname, args.data(), &nargs); });
  handle_.resize(size);
  guarded([&] { library.initialise(handle_.data(), &size, &cutoff_, name.data(), &nname, args.data(), &nargs); });
  claimed = true;
}

QuipPotential::~QuipPotential()
{
  claimed = false;
}

void QuipPotential::evaluate(QuipAtoms &atoms, QuipResult &result)
{
  const std::size_t ntotal = atoms.nlocal + atoms.nghost;
  result.local_energies.assign(ntotal, 0.0);
  result.local_virials.assign(9 * ntotal, 0.0);
  result.forces.assign(3 * ntotal, 0.0);
  result.energy = 0.0;
  std::fill_n(result.virial, 9, 0.0);
  if (atoms.nlocal == 0) return;

  int size = handle_.size();
  int ncentres = atoms.centres.size(), nneighbours = atoms.neighbours.size();
  // The interface takes everything by non-const pointer; it writes only to the last five.
  guarded([&] {
    quip().wrapper(&atoms.nlocal, &atoms.nghost, atoms.atomic_numbers.data(), const_cast<int *>(atoms.tags),
                   &ncentres, &nneighbours, atoms.centres.data(), atoms.neighbour_counts.data(),
                   atoms.neighbours.data(), atoms.lattice, handle_.data(), &size, const_cast<double *>(atoms.positions),
                   &result.energy, result.local_energies.data(), result.virial, result.local_virials.data(),
                   result.forces.data());
  });
}

// Keys: Z=, Z1=, Z2=, ... and species_Z={...} of GAP descriptors, atomic_num="..." of QUIP's other potentials.
std::set<int> quip_elements(const std::string &file)
{
  static const std::regex keys(R"re(\b(?:Z\d?|species_Z|atomic_num)\s*=\s*["{]*([\d\s]+))re");
  std::ifstream in(file);
  std::set<int> found;
  bool wildcard = false;
  for (std::string line; std::getline(in, line);) {
    if (line.find("<descriptor>") == std::string::npos && line.find("atomic_num") == std::string::npos) continue;
    int here = 0;
    for (std::sregex_iterator m(line.begin(), line.end(), keys), end; m != end; ++m) {
      std::istringstream numbers((*m)[1]);
      for (int z; numbers >> z; here++) found.insert(z);
    }
    wildcard = wildcard || here == 0 || found.count(0);
  }
  return wildcard ? std::set<int>() : found;
}

}    // namespace esgap
